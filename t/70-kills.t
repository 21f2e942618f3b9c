#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Kill rounds: 50 writers create, edit, adjust and delete the same items, each
# write under a key and sent until it is answered, 100 clients listen by
# streams and 50 by polls, while app, relay and nginx's workers are killed,
# stopped and started again at random.  Then every answer is held against the
# log, and every client's table against the items (bench/ledger.h, verdict.h).
# t/70-lies.t shows that this judge sees what it is there to see.
#
# STOCKROOM_SEED and STOCKROOM_RUNS are taken (lib/Rounds.pm).

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

use Load;
use Rounds;
use Preload;
use Stockroom;

use constant {
	SPAN => 1600,		# ms in which mishaps begin
	WRITES => 400,		# of a round
	FRESH => 20,		# rounds of one instance
	LONG => 2000,		# ms from which a stop is a long one
	SLOW => 2000,		# us that the disk takes more, as most do
};

my $mishap = qr/^(?:kill|stop|end)$/;
my (%sum, $s);

# ---- what happens to the server, and when

# A stop takes 0.1 to 10 s; most are short.
sub stop_ms
{
	return int(100 * 100 ** (rand() ** 4));
}

# What the seed makes of a round: what is done at which ms, in order.  A part
# that is killed stays away for a while, or is stopped first, or goes on.
# Each mishap meets a burst of writes: this many ms after its begin.
sub plan_of
{
	my ($seed) = @_;

	Rounds::dice($seed);
	my (@steps, %free);
	my %p = (seed => $seed, slots => 30 + int rand 60,
	    timeout => 500 + int rand 3000,
	    chaos => rand() < 0.3 ? 300 + int rand 600 : 0);
	for my $at (sort { $a <=> $b } map { int rand SPAN }
	    1 .. 3 + int rand 3) {
		my $part = (qw(app app relay relay nginx))[rand 5];
		my $how = (qw(kill kill kill stop stop end))[rand 6];
		$at = max($at, ($free{$part} // 0) + 20);
		if ($how eq 'stop') {
			push @steps, [$at, $part, 'stop'];
			$at += stop_ms();
			$how = rand() < 0.25 ? 'kill' : 'go on';
		}
		push @steps, [$at, $part, $how];
		push @steps, [$at += int rand 300, $part, 'start']
		    if $how eq 'kill' && $part ne 'nginx';
		$free{$part} = $at;
	}
	$p{steps} = [map { [@$_, int rand 25] } sort { $a->[0] <=> $b->[0] }
	    @steps];
	$p{bursts} = grep { $_->[2] =~ /$mishap/ } @steps;
	return \%p;
}

# The processes that nginx has made.
sub workers
{
	my $pid = $s->pid('nginx');

	open my $fh, '<', "/proc/$pid/task/$pid/children" or die;
	return split ' ', scalar(<$fh>) // '';
}

# Whom a signal to a part is for: of nginx one worker, which is the same one
# until it goes on.
sub whom
{
	my ($part, $how, $chosen) = @_;

	return $s->pid($part) if $part ne 'nginx';
	my @all = workers();
	my $pid = delete $chosen->{nginx} // $all[rand @all] // return ();
	$chosen->{nginx} = $pid if $how eq 'stop';
	return $pid;
}

my %signal = (kill => 'KILL', stop => 'STOP', 'go on' => 'CONT',
    end => 'TERM');

sub do_step
{
	my ($part, $how, $chosen) = @_;

	if ($how eq 'start') {
		my $start = "start_$part";
		return $s->$start;
	}
	if ($part eq 'nginx' && $how eq 'end') {
		$s->kill('nginx', 'HUP');
		return;
	}
	$s->{proc}{$part}{dirty} = 1 if $how eq 'kill' && $part ne 'nginx';
	CORE::kill $signal{$how}, whom($part, $how, $chosen);
	return if $part eq 'nginx' || $how eq 'stop' || $how eq 'go on';
	defined $s->reap($part) or die "$part does not end\n";
	do_step($part, 'start') if $how eq 'end';
}

sub play_steps
{
	my ($p, $crowd) = @_;

	my $began = time;
	my ($left, %chosen) = WRITES;
	for my $step (@{ $p->{steps} }) {
		my ($at, $part, $how, $after) = @$step;
		my $early = $began + $at / 1000 - time;
		sleep $early if $early > 0;
		if ($how =~ $mishap) {
			my $n = int(WRITES / $p->{bursts});
			$crowd->run("write $n");
			$left -= $n;
			sleep $after / 1000;
		}
		do_step($part, $how, \%chosen);
	}
	$crowd->run("write $left") if $left;
}

# What does not serve, when all has been started again.
sub not_serving
{
	return grep {
		my $part = $_;
		my $ready = "ready_$part";
		!$s->running($part) || !$s->wait_for(sub { $s->$ready }, 30);
	} qw(app relay nginx);
}

# ---- a round

sub play
{
	my ($p) = @_;

	my $crowd = Load->new($s, seed => $p->{seed}, clients => 150,
	    poll => 33, hands => 50, mix => $p->{slots},
	    timeout => $p->{timeout}, patience => 60);
	$crowd->run('open 100');
	$crowd->run('joined');
	$crowd->run("chaos $p->{chaos}") if $p->{chaos};
	play_steps($p, $crowd);
	my @down = not_serving();
	my $written = $crowd->run('written');
	$crowd->run('chaos 0');
	my $level = $crowd->run('level');
	my $figures = $crowd->run('figures');
	my $check = $crowd->run('check');
	return { code => $crowd->end, down => \@down, written => $written,
	    level => $level, figures => $figures, check => $check };
}

# Whether it went well; the reasons why not.  What was refused and yet done
# later ("late") had waited in a web server that could not see that its client
# had gone.
sub faults
{
	my ($p, $r) = @_;

	my $c = $r->{check};
	my $blind = grep { "$_->[1] $_->[2]" eq 'nginx stop' }
	    @{ $p->{steps} };
	return (
		(map { "$_ does not serve" } @{ $r->{down} }),
		(map { defined $c->{$_} ? "$_: $c->{$_}" : "no $_" }
		    grep { $c->{$_} // 1 } qw(holes repeats disorder differs
		    broken behind unheard false refused_writes lost twice
		    overruled torn mistold wrong_items wrong_tables),
		    $blind ? () : 'late'),
		$r->{written}{ok} ? () : 'not all writes were answered',
		$r->{level}{ok} ? () : 'not all came to the newest event',
		$r->{figures}{written} == WRITES ? () :
		    "$r->{figures}{written} writes",
		$c->{events} > WRITES / 4 ? () : "only $c->{events} events",
		$r->{code} == 0 ? () : "exit code $r->{code}",
	);
}

# What has happened, for the report and for the sum.
sub tally
{
	my ($p, $r) = @_;

	my ($f, $c) = @$r{qw(figures check)};
	my %stopped;
	$sum{"$_->[1] $_->[2]"}++ for grep { $_->[2] ne 'start' }
	    @{ $p->{steps} };
	for (@{ $p->{steps} }) {
		my ($at, $part, $how) = @$_;
		$stopped{$part} = $at if $how eq 'stop';
		$sum{'long stop'} += $at - delete($stopped{$part}) >= LONG
		    if $how ne 'stop' && exists $stopped{$part};
	}
	$sum{$_} += $c->{$_} // 0 for qw(creates edits adjustments deletes
	    refused late events);
	$sum{$_} += $f->{$_} // 0 for qw(written_again ends pages joined
	    polls);
	return join ', ', map { "$_->[0] $_->[1] $_->[2]" }
	    @{ $p->{steps} };
}

# On a disk that is done at once, nothing would ever be half done.
my $dir = tempdir('stockroom-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
ok(my $slow = Preload::build('bench/slow-sync.c', $dir), 'a slow disk');

sub start
{
	$s = Stockroom->new(relay => 1, nginx => { workers => 2 },
	    users => { ana => 'editor' },
	    env => { STOCKROOM_USER_WRITES => 0, LD_PRELOAD => $slow,
	    SLOW_SYNC_US => SLOW, ASAN_OPTIONS =>
	    'detect_leaks=1:abort_on_error=0:verify_asan_link_order=0' });
	$s->allow_log(qr/worker process \d+ exited on signal 9/);
	return $s;
}

my $began = time;
my $runs = Rounds::play(runs => 20, fresh => FRESH, start => \&start,
    round => sub {
	my (undef, $seed) = @_;

	my $p = plan_of($seed);
	my $r = play($p);
	my @bad = faults($p, $r);
	return (tally($p, $r), @bad ? (@bad, "\n" . join '', explain($r)) :
	    ());
    });

# ---- whether it has tried what it is there to try

note(sprintf '%d rounds in %.0f s; %s', $runs, time - $began,
    join ', ', map { "$_: $sum{$_}" } sort keys %sum);
# A few rounds of other seeds than the suite's may leave something out.
if ($runs >= (defined $ENV{STOCKROOM_SEED} ? 200 : 20)) {
	cmp_ok($sum{$_} // 0, '>', 0, "it happened: $_") for
	    (map { ("$_ kill", "$_ stop", "$_ go on", "$_ end") }
	    qw(app relay nginx)), 'long stop', 'refused', 'written_again';
	cmp_ok($sum{$_} // 0, '>', 10 * $runs, "enough $_")
	    for qw(creates edits adjustments deletes);
}
done_testing;
