#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The event socket: hello, one replay, acknowledgements.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Relay;

my $r = Relay->new;

# One that has not said what it is, is not asked for anything.
my @quiet = map { $r->app(quiet => 1) } 1 .. 2;
$_->say('{"query":"presence","room":"x","id":1}'),
    $_->wait_for('presence') for @quiet;
(shift @quiet)->close;

# A relay that knows nothing asks one app, and only one.
my $one = $r->app(head => 3);
is_deeply $one->wait_for('hello'), { hello => { epoch => undef,
    have => undef } }, 'a new relay has nothing';
is $one->wait_for('replay_from')->{replay_from}, 1, 'it asks for all';
my $two = $r->app(head => 3);
is_deeply $two->wait_for('hello')->{hello}, { epoch => Relay::EPOCH,
    have => undef }, 'the second app hears the epoch';
$one->change(1 .. 3);
is $one->wait_for('ack')->{ack}, 3, 'what came is acknowledged';
is $r->metric('ring_head'), 3, 'and held';
$two->change(4);
is $two->wait_for('ack')->{ack}, 4, 'any app may send the next';
is scalar(grep { exists $_->{replay_from} } @{ $two->{lines} }), 0,
    'the second app was not asked';
$quiet[0]->pump;
is scalar @{ $quiet[0]{lines} }, 1, 'nor was one that only had a question';

# What is known is said to those who come later; nothing is asked of them.
my $three = $r->app(head => 4);
is_deeply $three->wait_for('hello')->{hello}, { epoch => Relay::EPOCH,
    have => 4 }, 'a third app hears what is held';
$three->change(5);
is $three->wait_for('ack')->{ack}, 5, 'and goes on from there';
is scalar(grep { exists $_->{replay_from} } @{ $three->{lines} }), 0,
    'nothing was asked of it';

# An app that is ahead is asked for the rest.
my $four = $r->app(head => 9);
is $four->wait_for('replay_from')->{replay_from}, 6, 'the next one is asked';
$four->change(6 .. 9);
is $four->wait_for('ack')->{ack}, 9, 'and it came';

# One that goes away before it has replayed is replaced by another.
my $five = $r->app(head => 12);
is $five->wait_for('replay_from')->{replay_from}, 10, 'asked to replay';
$five->close;
my $t = time;
ok $r->wait_for(sub {
	$_->pump for $one, $two, $three, $four;
	return grep { ($_->{replay_from} // 0) == 10 }
	    map { @{ $_->{lines} } } $one, $two, $three, $four;
}, 5), "its death moves the question to another app";
cmp_ok time - $t, '<', 0.9, 'at once';

# A log longer than the ring is asked for from where the ring can hold it.
$r->restart('relay');
my $big = $r->app(head => 10000);
is $big->wait_for('replay_from')->{replay_from}, 10000 - 4095,
    'no more is asked for than the ring holds';
$big->close;
$r->restart('relay');
$big = $r->app(head => 10000, oldest => 9000);
is $big->wait_for('replay_from')->{replay_from}, 9000,
    'nor more than the app has';
$big->say({ oldest => 9990 });
$big->change(9990 .. 10000);
is $big->wait_for('ack')->{ack}, 10000, 'what was pruned meanwhile is skipped';
is $r->metric('ring_events'), 11, 'and the ring holds the rest';

# Nonsense ends the connection, and only that.
for my $bad ('{', '{"change":{"seq":1}}', 'x' x 70000, '{"hello":{}}',
    '{"app":{"epoch":"xyz","head":1,"oldest":1,"pid":1}}', '[]', "\0") {
	my $app = $r->app(quiet => 1);
	$app->say($bad);
	ok $app->wait_end, 'closed after ' . substr $bad, 0, 30;
}
$big->change(10001);
is $big->wait_for('ack')->{ack}, 10001, 'the others go on';

$r->finish;
done_testing;
