#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The page's scripts hold what their JSDoc types say.

use strict;
use warnings;

use FindBin qw($RealBin);
use Test::More;

my $tools = $ENV{STOCKROOM_TOOLS} || "$RealBin/node_modules";
my $tsc = "$tools/typescript/bin/tsc";

ok -e $tsc, "typescript is there: $tsc";
my @scripts = glob "$RealBin/../htdocs/load.js $RealBin/../htdocs/js/*.js";
cmp_ok scalar @scripts, '>', 0, 'there are scripts';

# The compiler must have looked at each of them, vendored code left alone.
my @listed = `node '$tsc' -p '$RealBin/tsconfig.json' --listFilesOnly`;
my %listed = map { m{/htdocs/(?:js/)?([^/]+)$} ? ($1 => 1) : () }
    map { s/\s+\z//r } @listed;
for my $script (@scripts) {
	my ($name) = $script =~ m{([^/]+)\z};
	ok $listed{$name}, "$name is checked";
}

my @errors = `node '$tsc' -p '$RealBin/tsconfig.json' --pretty false`;
is scalar @errors, 0, 'no type errors' or diag @errors;
is $?, 0, 'the compiler is content';
done_testing;
