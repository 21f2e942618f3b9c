#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The harnesses see: with a fault planted into its own parser alone, what is
# replayed of the corpus stumbles over it, in every target.

use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(SIGABRT);
use Test::More;

use Stockroom;

my $build = Stockroom::build();
my $dir = File::Temp->newdir;
$ENV{TMPDIR} = "$dir";	# what aborts leaves things there
my $corpus = "$FindBin::Bin/fuzz/corpus";

# A program with the fault of that target, or of "none"; undef on trouble.
sub plant
{
	my ($target) = @_;

	my $program = "$dir/$target";
	return system("$FindBin::Bin/fuzz/plant.pl", $build, 'replay',
	    $program, $target) == 0 ? $program : undef;
}

# How a program ends over what a target's folder holds.  A broken promise
# aborts, and a sanitizer that reports shall do so too; no other end, nor a
# program that does not start, is a finding.
sub replay
{
	my ($program, $target) = @_;

	my $pid = fork // die "fork: $!";
	if (!$pid) {
		local @ENV{qw(ASAN_OPTIONS UBSAN_OPTIONS)} =
		    ('abort_on_error=1') x 2;
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec { $program } $program, $corpus, $target
		    or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return ($? & 127) == SIGABRT ? 'a finding' :
	    $? == 0 ? 'no finding' : "status $?";
}

my @targets = map { s{.*/}{}r } glob "$corpus/*";
cmp_ok(scalar @targets, '>=', 17, 'all targets have a corpus');
my $sound = plant('none') // BAIL_OUT('plant.pl does not make a program');
for my $target (@targets) {
	is(replay($sound, $target), 'no finding', "$target: without a fault");
	my $program = plant($target);
	is($program && replay($program, $target), 'a finding',
	    "$target: its own fault is found");
	unlink $program if $program;
}
my $one = plant('settings');
is(join(' ', grep { replay($one, $_) ne 'no finding' } @targets), 'settings',
    'of one fault only its own target tells: no other is planted');
is(replay("$dir/missing", $targets[0]), 'status ' . (127 << 8),
    'what does not start finds nothing');

done_testing;
