#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Every C file is as clang-format leaves it, the one from npm, so that all
# machines agree.  t/00-format.t --fix [FILE...] rewrites what differs.

use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin qw($RealBin);
use Test::More;

my $top = abs_path("$RealBin/..");
my $tool = ($ENV{STOCKROOM_TOOLS} || "$RealBin/node_modules") .
    '/clang-format/bin/linux_x64/clang-format';
$tool = abs_path($tool) // $tool;
chdir $top or die "$top: $!";

# What git tracks; all C files of the source folders in a tarball.
sub sources
{
	my @files = split /\n/, -e '.git' ?
	    `git ls-files -- '*.c' '*.h'` :
	    `find fcgi-app push-relay shared t bench -name '*.[ch]'`;
	return grep { -e && !m{node_modules/} } sort @files;
}

if (@ARGV && $ARGV[0] eq '--fix') {
	shift;
	exec $tool, '-i', '--style=file', @ARGV ? @ARGV : sources();
}

my $version = `$tool --version` // '';
like $version, qr/ version 15\./, "clang-format runs: $tool";
my @files = sources();
cmp_ok scalar @files, '>', 0, 'there are C files';
for my $file (@files) {
	my $want = `$tool --style=file $file`;
	open my $fh, '<', $file or die "$file: $!";
	my $have = do { local $/; <$fh> };
	ok $have eq $want, "$file is formatted" or
	    diag `$tool --style=file $file | diff -u $file - | head -n 20`;
}
done_testing;
