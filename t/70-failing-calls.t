#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Each call that can fail does: memory, files, sockets, the disk.  Whatever
# people are doing then is done, or refused and undone; or the program says
# why it ends, and goes on when it was started again.
#
#	STOCKROOM_SEED=7 t/70-failing-calls.t	another choice of calls
#	STOCKROOM_RUNS=all t/70-failing-calls.t	all of them, once and for ever
#	STOCKROOM_ONLY=create,write,3,ever ...	that one, or all of a scene

use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use FailCalls;
use FailScenes;
use Stockroom;

use constant {
	WORKERS => 3,
	EDGE => 15,	# of a command's calls for memory: always tried
};

my $seed = $ENV{STOCKROOM_SEED} // 1;
my $runs = $ENV{STOCKROOM_RUNS} // 200;
my $only = $ENV{STOCKROOM_ONLY};
my $dir = File::Temp->newdir('stockroom-fail-XXXXXX', TMPDIR => 1);
my $lib = FailCalls::build($dir);
my @scenes = FailScenes::all();

# ---- which calls are to fail

# Who can remove nothing at all leaves something behind.
sub how
{
	my ($kind) = @_;

	return $kind eq 'unlink' ? 'once' : ('once', 'ever');
}

# All of a scene's, as [kind, number, how].
sub all_of
{
	my (%n) = @_;

	return map { my $kind = $_; map { my $at = $_;
	    map { [$kind, $at, $_] } how($kind) } 1 .. $n{$kind} }
	    sort keys %n;
}

# So many of them, each kind as often as the others, and at least once.
sub some_of
{
	my ($many, %n) = @_;

	my @kinds = sort keys %n;
	my $first = int rand @kinds;
	$many = @kinds if $many < @kinds;
	return map {
		my $kind = $kinds[($first + $_) % @kinds];
		my @how = how($kind);
		[$kind, 1 + int rand $n{$kind}, $how[rand @how]];
	} 1 .. $many;
}

# When a command begins, in libc's own first steps, and when it has done its
# work: it may not fail any more.
sub edges_of
{
	my ($scene, %n) = @_;

	return () unless $scene->{edges} && $n{memory};
	return map { ['memory', $_, 'ever'] } 1 .. EDGE,
	    $n{memory} - EDGE + 1 .. $n{memory};
}

sub chosen
{
	my ($scene, %n) = @_;

	return all_of(%n) if $runs eq 'all' || defined $only;
	my ($index) = grep { $scenes[$_] == $scene } 0 .. $#scenes;
	my $many = int($runs / @scenes) + ($index < $runs % @scenes);
	srand $seed * 1000 + $index;
	rand for 1 .. 20;
	return (some_of($many, %n), edges_of($scene, %n));
}

sub wanted
{
	return !defined $only || index("$_[0],", "$only,") == 0;
}

# ---- trying them

# The scenes of one worker, in a world of its own: what was found, by scene.
sub work
{
	my (@mine) = @_;

	my $w = FailCalls->new($lib);
	my @found;
	for my $scene (@mine) {
		my %f = (name => $scene->{name}, part => $scene->{part},
		    tried => 0, fired => 0, bad => [], began => time,
		    restarts => -$w->{restarts});
		my %n = $w->count($scene);
		$f{calls} = \%n;
		for my $sample (chosen($scene, %n)) {
			my $id = join ',', $scene->{name}, @$sample;
			next unless wanted($id);
			my @why = eval { $w->try($scene, $sample) };
			push @why, $@ =~ s/\n\z//r if $@;
			push @{ $f{bad} }, map { "$id: $_" } @why;
			print STDERR "# $id: $_\n" for @why;
			$f{tried}++;
			$f{fired} += !!$w->{fired};
			$f{kinds}{ $sample->[0] }++ if $w->{fired};
		}
		$f{restarts} += $w->{restarts};
		$f{took} = time - $f{began};
		push @found, \%f;
	}
	push @found, { name => 'the end', bad => [$w->end] };
	return \@found;
}

my @mine = grep { !defined $only || index("$only,", "$_->{name},") == 0 }
    @scenes;
my $workers = @mine < WORKERS ? scalar @mine : WORKERS;
my $began = time;
my @found = parallel($workers, sub {
	my ($i) = @_;
	return work(@mine[grep { $_ % $workers == $i } 0 .. $#mine]);
});
is(scalar(grep { !defined } @found), 0, 'all workers have come to their end');

my %sum = (tried => 0, fired => 0, restarts => 0);
for my $f (map { @{ $_ // [] } } @found) {
	ok(!@{ $f->{bad} }, !defined $f->{tried} ? 'all ends well' :
	    sprintf '%s: %d of the %s\'s calls failed, %d restarts; %.1f s',
	    @$f{qw(name fired part restarts took)}) or
	    diag(map { "$_\n" } @{ $f->{bad} });
	next unless defined $f->{tried};
	note("$f->{name}: ", join ', ', map { "$f->{calls}{$_} $_" }
	    sort keys %{ $f->{calls} });
	$sum{$_} += $f->{$_} for qw(tried fired restarts);
	$sum{$_} += $f->{kinds}{$_} for keys %{ $f->{kinds} // {} };
}
note(sprintf 'seed %s, %.0f s: %s', $seed, time - $began,
    join ', ', map { "$sum{$_} $_" } sort keys %sum);

# ---- whether it has tried what it is there to try

if (!defined $only) {
	cmp_ok($sum{fired}, '>=', 0.8 * $sum{tried}, 'most calls did fail');
	# A sanitizer's memory does not end.
	cmp_ok($sum{$_} // 0, '>', 0, "it happened: $_")
	    for grep { $_ ne 'memory' || !Stockroom::sanitized() }
	    @{ +FailCalls::KINDS };
}
done_testing;
