#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Nothing is missed and nothing comes twice: answers lost on their way, a
# change of transport between any two events, a relay or an app that restarts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $e = Relay::EPOCH;
my $seed = $ENV{STOCKROOM_SEED} // 20261122;
srand $seed;
diag "STOCKROOM_SEED=$seed" if $ENV{STOCKROOM_SEED};
my $r = Relay->new;
my $app = $r->app(head => 0);
my $head = 0;

sub change
{
	my ($n) = @_;

	$app->change($head + 1 .. $head + $n);
	$head += $n;
	$app->pump;
}

# What passed, as text, but for what only one's own transport says.
sub passing
{
	my ($st, $from) = @_;

	my @ev = @{ $st->{events} };
	return map { Relay::json()->encode([$_->{event}, $_->{data}]) }
	    grep { $_->{event} =~ /^(user_|curs|lease|presence)/ }
	    @ev[$from .. $#ev];
}

# Wait until the relay holds that many polls.
sub held
{
	my ($n, @polls) = @_;

	return Stream->wait_until(\@polls, sub {
		$r->metric('polls_held') == $n });
}

sub seqs
{
	return [map { $_->{data}{seq} } $_[0]->named('inventory_changed')];
}

# Answers are lost: before the event, while it is being answered, and after
# the answer was sent; the next poll says which answer was the last.
my $eye = $r->joined(user => 1, room => 'lossy');
my $ben = $r->joined(user => 2, room => 'lossy');
my $p = $r->polled(user => 3, room => 'lossy');
ok $_->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{user_id} == 3 }), 'all are there' for $eye, $ben;
my @from = map { scalar @{ $_->{events} } } $eye, $p;
my $lost = 0;
for my $round (1 .. 150) {
	my $dice = int rand 4;
	my $polls = $r->metric('polls_total');
	change(1 + int rand 3) if rand() < 0.7;
	$r->push(cursor => $ben, { editing_row => "R$round" }) if
	    rand() < 0.7;
	$r->push(lease => $ben, { row => "R$round", field => 'name',
	    action => 'take' }) if rand() < 0.2;
	if ($dice == 0 && $p->waiting) {
		$p->cut;
		$lost++;
	} elsif ($dice == 1 && $p->waiting) {
		# It is on its way, and nobody reads it.
		my $deadline = time + 0.2;
		1 until $r->metric('polls_total') > $polls ||
		    time > $deadline;
		$p->cut;
		$lost++;
	}
	Stream->wait_until([$p, $eye], sub { 1 });
	Stream->wait_until([$p, $eye], sub { 0 }, rand 0.03) if $dice == 2;
}
change(1);
ok $r->wait_for(sub { $r->push(cursor => $ben,
    { editing_row => 'LAST' })->{status} == 204 }), 'the last cursor';
my $all = sub { $_->{events}[-1] && grep { $_->{text} =~ /LAST/ }
    @{ $_->{events} } };
ok(Stream->wait_all([$p, $eye], sub { $all->() &&
    $_->count('inventory_changed') >= $head }), 'the end reaches both');
cmp_ok $p->{lost}, '>', 30, "$p->{lost} answers were lost";
is_deeply seqs($p), [1 .. $head], 'every durable event came once, in order';
is $p->count('room_joined'), 1, 'without beginning anew';
is_deeply [passing($p, $from[1])], [passing($eye, $from[0])],
    'every passing one, too';
$_->close for $eye, $ben, $p;

# From one transport to the other between any two events, under fire.
my ($pos, @got) = ("$e:$head");
my $begin = $head;
my ($joins, $cur, $kind) = (0);
my ($ticket, $sid) = $r->ticket(user => 4, room => 'moving');
my $other = $r->joined(user => 5, room => 'moving');
for my $turn (1 .. 60) {
	my $next = $turn % 3 ? $turn % 2 ? 'poll' : 'stream' : $kind;
	my $st = $next eq 'poll' ?
	    $r->poll(ticket => $ticket, position => $pos) :
	    $r->stream(ticket => $ticket, position => $pos);
	# The older one goes on until it is ended, or is dropped at once.
	$cur->close if $cur && rand() < 0.5;
	($cur, $kind) = ($st, $next);
	my $more = 1 + int rand 12;
	my $until = $head + int rand $more;
	while ($more-- > 0) {
		change(1);
		$cur->pump if rand() < 0.5;
	}
	# Not all of it is read before the next change of transport.
	Stream->wait_until([$cur], sub {
		my ($seq) = reverse @{ seqs($cur) };
		return $cur->count('room_joined') && ($seq // 0) >= $until
		    || $until <= ($got[-1] // $begin);
	}) or fail "turn $turn: $kind stops at $until";
	my ($joined) = $cur->named('room_joined');
	$joins++ if $joined && $joined->{data}{recovered};
	push @got, @{ seqs($cur) };
	$pos = "$e:$got[-1]" if @got;
}
my $end = $r->poll(ticket => $ticket, position => $pos);
ok $got[-1] == $head ||
    $end->wait_for(sub { ($_->{data}{seq} // 0) == $head }), 'the last';
push @got, @{ seqs($end) };
is_deeply \@got, [$begin + 1 .. $head],
    'transports changed, nothing missed, nothing twice';
cmp_ok $joins, '>', 30, 'every beginning knows that';
$other->pump;
is scalar(grep { $_->{data}{sid} eq $sid } $other->named('user_joined')), 1,
    'one joining';
is $other->count('user_left'), 0, 'and no leaving is seen';
$_->close for $end, $cur, $other;

# The relay is killed while polls are held; the app fills the ring again.
sub seen_by_app { 1 until $app->wait_for('ack')->{ack} == $head }

my $held = $r->polled(user => 6, position => "$e:$head");
my $stream = $r->joined(user => 7, position => "$e:$head");
ok held(1, $held), 'held';
$r->kill('relay', 'KILL');
$r->reap('relay');
$stream->wait_end;
my $was = $head;
$r->start('relay');
$app = $r->app(head => $was + 5);
my $from = $app->wait_for('replay_from')->{replay_from};
$app->change($from .. $was + 5);
$head = $was + 5;
ok $held->wait_for('room_joined'), 'its poll begins anew by itself';
ok $held->{events}[-1], 'with an answer';
my ($again) = reverse $held->named('room_joined');
ok $again->{data}{recovered}, 'with nothing missed';
ok((seqs($held)->[-1] // 0) == $head ||
    $held->wait_for(sub { ($_->{data}{seq} // 0) == $head }),
    'up to the newest');
is_deeply seqs($held), [$was + 1 .. $head], 'exactly';
my $stream2 = $r->joined(user => 7, position => "$e:$was");
ok $stream2->{joined}{data}{recovered}, 'a stream likewise';
ok $stream2->wait_for(sub { ($_->{data}{seq} // 0) == $head }), 'and all';
is_deeply seqs($stream2), [$was + 1 .. $head], 'exactly';

# Nobody fills it: after two seconds the truth, and then from where it was.
$r->kill('relay', 'KILL');
$r->reap('relay');
my $t = time;
$r->start('relay');
my $early = $r->poll(user => 8, position => "$e:$was", idle => 1);
my $blind = $early->ask_once;
cmp_ok time - $t, '>', 1.5, 'it waits for the app';
ok !$blind->{events}[1]{data}{recovered}, 'then what was missed is unknown';
is $blind->{position}, "$e:$was", 'the position is what the client has';
my $none = $r->poll(user => 9, idle => 1);
is $none->ask_once->{position}, undef, 'or none';
$_->{idle} = 0 for $early, $none;
ok held(2, $early, $none), 'both are held';
$app = $r->app(head => $head);
$from = $app->wait_for('replay_from')->{replay_from};
$app->change($from .. $head);
ok $early->wait_for(sub { ($_->{data}{seq} // 0) == $head }),
    'the app comes: the rest';
is_deeply seqs($early), [$was + 1 .. $head], 'exactly';
is $none->wait_for('ping')->{data}{position}, "$e:$head",
    'who has no place hears where we are';
change(1);
ok $none->wait_for(sub { ($_->{data}{seq} // 0) == $head }),
    'and goes on from now';
is_deeply seqs($none), [$head], 'not from before';
ok $early->wait_for(sub { ($_->{data}{seq} // 0) == $head }), 'all have it';

# Another history.
ok held(2, $early, $none), 'held again';
my $new = $r->app(epoch => '019b00000000abcd', head => 3);
my $bye = $early->wait_for('disconnect');
is $bye->{data}{code}, 'epoch', 'another history ends a poll';
is $early->{position}, "$e:$head", 'which keeps its place until it knows';
$from = $new->wait_for('replay_from')->{replay_from};
$new->change($from .. 3);
my $fresh = $early->ask_once;
ok !$fresh->{events}[1]{data}{recovered}, 'the next one begins anew';
is $fresh->{position}, '019b00000000abcd:3', 'in the new one';
$_->close for $early, $none, $held, $stream2;

$r->finish;
done_testing;
