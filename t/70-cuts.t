#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Cuts, restarts and overflows at random: while items are written, clients by
# streams and polls are cut off, stall, lose answers and change the transport,
# and app, relay and nginx are ended, killed and started again.  Each client
# ends with every event, once and in order, as the log has it.
# STOCKROOM_SEED and STOCKROOM_RUNS are taken (lib/Rounds.pm).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Load;
use Rounds;
use Stockroom;

use constant {
	RING => 4096,		# events that the relay keeps
	FRESH => 20,		# runs of one instance
	SHORT => 3,		# seconds that streams live
	LONG => 300,		# where one is to be too slow, not too old
};

my (%sum, $s);

# ---- what happens to the server

sub restart
{
	my ($name, $signal) = @_;

	$s->kill($name, $signal, dirty => 1);
	$s->reap($name) // die "$name does not end on SIG$signal\n";
	$s->start($name);
}

# Streams that live long, or as short as in the other runs.
sub live
{
	my ($seconds) = @_;

	return if $s->{env}{STOCKROOM_STREAM_LIFE} == $seconds;
	$s->{env}{STOCKROOM_STREAM_LIFE} = $seconds;
	restart('relay', 'TERM');
}

# The processes that nginx has made.
sub workers
{
	my $pid = $s->pid('nginx');

	open my $fh, '<', "/proc/$pid/task/$pid/children" or die;
	return split ' ', scalar(<$fh>) // '';
}

my %mishap = (
	'relay ends' => sub { restart('relay', 'TERM') },
	'relay killed' => sub { restart('relay', 'KILL') },
	'app ends' => sub { restart('app', 'TERM') },
	'app killed' => sub { restart('app', 'KILL') },
	'nginx reloads' => sub { $s->kill('nginx', 'HUP') },
	'nginx worker killed' => sub { CORE::kill 'KILL', workers() },
);

# ---- a run

# What the seed makes of a run.
sub plan_of
{
	my ($seed) = @_;

	Rounds::dice($seed);
	my @names = sort keys %mishap;
	my %p = (seed => $seed, clients => 5 + int rand 31,
	    poll => (0, 30, 50, 50, 70, 100)[rand 6],
	    hands => 4 + int rand 28, chaos => 300 + int rand 1500,
	    mishaps => [map { $names[rand @names] } 1 .. 2 + int rand 3],
	    part => 60 + int rand 30, rate => 150 + int rand 200,
	    beyond => $seed % 10 == 0);
	# At least two hundred events, and time for what happens.
	$p{part} = int(220 / @{ $p{mishaps} }) + 1
	    if $p{part} * @{ $p{mishaps} } < 220;
	return \%p;
}

# More events than the ring holds, while some are away and some do not read.
sub go_beyond
{
	my ($crowd) = @_;

	$crowd->run($_) for 'freeze 4', 'leave 3', 'write ' . (RING + 1000),
	    'move 30', 'written', 'move 30', 'thaw', 'back';
}

sub run
{
	my ($p) = @_;

	live($p->{beyond} ? LONG : SHORT);
	my $crowd = Load->new($s, seed => $p->{seed}, poll => $p->{poll},
	    clients => $p->{clients}, hands => $p->{hands}, patience => 40,
	    # Behind nginx the kernel takes in more than the ring holds.
	    $p->{beyond} ? (push => $s->push_socket) : (rcvbuf => 4096));
	$crowd->run('open 50');
	$crowd->run('joined');
	$crowd->run("chaos $p->{chaos}");
	for my $name (@{ $p->{mishaps} }) {
		$crowd->run("write $p->{part} $p->{rate}");
		$crowd->run('cut 2');
		$crowd->run('pause ' . int rand 150);
		$mishap{$name}->();
		$sum{$name}++;
		$crowd->run('move 5');
		$crowd->run('written');
	}
	go_beyond($crowd) if $p->{beyond};
	$crowd->run('chaos 0');
	my $level = $crowd->run('level');
	my $figures = $crowd->run('figures');
	my $check = $crowd->run('check');
	return { code => $crowd->end, level => $level, figures => $figures,
	    check => $check };
}

# Whether it went well; the reasons why not.
sub faults
{
	my ($r) = @_;

	my ($f, $c) = @$r{qw(figures check)};
	return (
		(map { "$_: $c->{$_}" } grep { $c->{$_} } qw(holes repeats
		    disorder differs broken behind unheard false
		    refused_writes)),
		$r->{level}{ok} ? () : 'not all came to the newest event',
		$c->{events} == $f->{written} ? () :
		    "$f->{written} writes made $c->{events} events",
		$c->{events} >= 200 ? () : "only $c->{events} events",
		$f->{cuts} >= 3 ? () : "only $f->{cuts} cuts",
		$r->{code} == 0 ? () : "exit code $r->{code}",
	);
}

sub start
{
	$s = Stockroom->new(relay => 1, nginx => 1,
	    users => { ana => 'editor' },
	    env => { STOCKROOM_STREAM_LIFE => SHORT });
	$s->allow_log(qr/worker process \d+ exited on signal 9/);
	return $s;
}

my $began = time;
my $runs = Rounds::play(runs => 20, fresh => FRESH, start => \&start,
    round => sub {
	my (undef, $seed) = @_;

	my $p = plan_of($seed);
	my $r = run($p);
	my @bad = faults($r);
	my $f = $r->{figures};
	$sum{$_} += $f->{$_} // 0 for qw(written joined cuts stalls switches
	    lost slow told ends polls pages);
	$sum{clients} += $p->{clients};
	$sum{bad} += !!@bad;
	return (sprintf('%d clients, %d %% polls, %s%s',
	    @$p{qw(clients poll)}, join(', ', @{ $p->{mishaps} }),
	    $p->{beyond} ? ', beyond the ring' : ''),
	    @bad ? (@bad, "\n" . join '', explain($r)) : ());
    });

# ---- whether it has tried what it is there to try

note(sprintf '%d runs in %.0f s; %s', $runs, time - $began,
    join ', ', map { "$_: $sum{$_}" } sort keys %sum);
if ($runs >= 20) {
	cmp_ok($sum{$_} // 0, '>', 0, "it happened: $_")
	    for sort(keys %mishap), qw(cuts stalls switches lost pages slow);
	cmp_ok($sum{clients} / $runs, '>', 15, 'a crowd in the mean');
}
done_testing;
