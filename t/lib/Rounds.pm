# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Rounds of a test, each played by a seed:
#
#	my $n = Rounds::play(runs => 20, fresh => 10,
#	    start => sub { return Stockroom->new(...) },
#	    round => sub {
#		my ($s, $seed) = @_;
#		...
#		return ("what was played", @faults);
#	    });
#
# STOCKROOM_RUNS says how many instead, STOCKROOM_SEED which seed comes first;
# a seed alone means that round alone.  Sanitized programs play a quarter.  An
# instance serves so many rounds as FRESH says, and none after a round that
# went wrong.

package Rounds;

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use Stockroom;

# How many rounds were played.
sub play
{
	my (%opt) = @_;

	my $seed = $ENV{STOCKROOM_SEED};
	my $first = $seed // $opt{first} // 1;
	my $runs = $ENV{STOCKROOM_RUNS} // (defined $seed ? 1 :
	    Stockroom::sanitized() ? int(($opt{runs} + 3) / 4) : $opt{runs});
	my ($s, $served) = (undef, 0);
	for my $n ($first .. $first + $runs - 1) {
		if (!$s || $served == $opt{fresh}) {
			$s->finish if $s;
			($s, $served) = ($opt{start}->(), 0);
		}
		my $t = time;
		my ($what, @bad) = eval { $opt{round}->($s, $n) };
		($what, @bad) = ('died', $@) if $@;
		$served++;
		next if ok(!@bad, sprintf 'seed %d: %s; %.1f s', $n, $what,
		    time - $t);
		diag("STOCKROOM_SEED=$n: ", join '; ', @bad);
		push @{ $s->{trouble} }, "seed $n went wrong";
		$s->finish;
		$s = undef;
	}
	$s->finish if $s;
	return $runs;
}

# The dice of a seed; those of neighbours begin alike.
sub dice
{
	my ($seed) = @_;

	srand $seed;
	rand for 1 .. 20;
}

1;
