# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Whole files, byte for byte; one that cannot be had is the end.

package Slurp;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(slurp spew);

sub slurp
{
	my ($path) = @_;

	open my $fh, '<:raw', $path or die "$path: $!\n";
	local $/;
	return scalar <$fh>;
}

sub spew
{
	my ($path, $text) = @_;

	open my $fh, '>:raw', $path or die "$path: $!\n";
	print $fh $text;
	close $fh or die "$path: $!\n";
}

1;
