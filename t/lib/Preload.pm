# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A library to be preloaded, of one source file, made in a directory; its path,
# or dies.

package Preload;

use strict;
use warnings;

use Stockroom;

sub build
{
	my ($source, $dir) = @_;

	my ($name) = $source =~ m{([^/]+)\.c$};
	my $cc = $ENV{CC} || 'cc';
	system("$cc -D_GNU_SOURCE -shared -fPIC -o $dir/$name.so " .
	    Stockroom::top() . "/$source -ldl") == 0 or die "$source\n";
	return "$dir/$name.so";
}

1;
