#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The harnesses see: with a fault planted into each parser, what is replayed
# of the corpus stumbles over it, in every target.

use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Stockroom;

my $build = Stockroom::build();
my $dir = File::Temp->newdir;
$ENV{TMPDIR} = "$dir";	# what aborts leaves things there
my $corpus = "$FindBin::Bin/fuzz/corpus";

# Whether a program likes what a target's folder holds.
sub likes
{
	my ($program, $target) = @_;

	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec $program, $corpus, $target or die;
	}
	waitpid $pid, 0;
	return $? == 0;
}

is(system("$FindBin::Bin/fuzz/plant.pl", $build, 'replay',
    "$dir/planted"), 0, 'a fault is planted into each parser');
my @targets = map { s{.*/}{}r } glob "$corpus/*";
cmp_ok(scalar @targets, '>=', 17, 'all targets have a corpus');
for my $target (@targets) {
	ok(!likes("$dir/planted", $target), "$target: the fault is found");
}

done_testing;
