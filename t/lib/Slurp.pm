# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Whole files, byte for byte; one that cannot be had is the end.

package Slurp;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(slurp spew replace);

sub slurp
{
	my ($path) = @_;

	open my $fh, '<:raw', $path or die "$path: $!\n";
	local $/;
	return scalar <$fh>;
}

sub spew
{
	my ($path, @text) = @_;

	open my $fh, '>:raw', $path or die "$path: $!\n";
	print $fh @text;
	close $fh or die "$path: $!\n";
}

# The same as a new file: what else is linked to the old one stays.
sub replace
{
	my ($path, @text) = @_;

	unlink $path;
	spew($path, @text);
}

1;
