#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A relay that starts waits for the app before it tells what was missed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $e = Relay::EPOCH;
my $r = Relay->new;
my $app = $r->app(head => 0);
$app->change(1 .. 20);
1 until $app->wait_for('ack')->{ack} == 20;
my $st = $r->joined(position => "$e:20");
ok $st->{joined}{data}{settling}, 'settling after a start';
$r->kill('relay', 'KILL');
$r->reap('relay');
ok $st->wait_end, 'the stream ends with its relay';

# With the app: the stream waits until the ring has reached its head.
$r->start('relay');
$st = $r->stream(position => "$e:15");
ok $st->wait_for('connection_established'), 'it is let in';
ok !$st->wait_for('room_joined', 0.05), 'but not told anything yet';
$app = $r->app(head => 25);
$app->wait_for('replay_from');
$app->change(1 .. 24);
ok !$st->wait_for('room_joined', 0.05), 'not before the last is there';
my $t = time;
$app->change(25);
my $joined = $st->wait_for('room_joined');
cmp_ok time - $t, '<', 5, 'then at once';
ok $joined->{data}{recovered}, 'nothing is missed';
is $joined->{data}{to}, "$e:25", 'up to the head';
ok $st->wait_for(sub { ($_->{data}{seq} // 0) == 25 }), 'replayed';
is_deeply [map { $_->{data}{seq} } $st->named('inventory_changed')],
    [16 .. 25], 'exactly';

# An app that never comes: streams wait two seconds, and no longer.
$r->stop('relay');
$t = time;
$r->start('relay');
my $early = $r->stream(position => "$e:22");
my $other = $r->stream(position => '019b00000000abcd:7');
my $fresh = $r->stream;
$joined = $early->wait_for('room_joined', 15);
my $waited = time - $t;
cmp_ok $waited, '>', 1.5, 'waited for the app';
cmp_ok $waited, '<', 10, 'two seconds';
ok !$joined->{data}{recovered}, 'what was missed is not known';
is $joined->{data}{position}, undef, 'nor the position';
is $joined->{data}{to}, undef, 'nor where live begins';
is scalar @{ $joined->{data}{users} }, 3, 'the others are there';
ok $other->wait_for('room_joined') && $fresh->wait_for('room_joined'),
    'all are let in';

# It comes later: who has a place in the ring goes on from there.
$app = $r->app(head => 30);
$app->wait_for('replay_from');
$app->change(1 .. 30);
my $ping = $early->wait_for('ping');
is $ping->{data}{position}, "$e:30", 'a ping says at once where we are';
ok $early->wait_for(sub { ($_->{data}{seq} // 0) == 30 }), 'the rest comes';
is_deeply [map { $_->{data}{seq} } $early->named('inventory_changed')],
    [23 .. 30], 'from the place it had';
is $other->wait_for('disconnect')->{data}{code}, 'epoch',
    'one of another history reads again';
ok $fresh->wait_for('ping'), 'one without a place hears where we are';
$app->change(31);
is $fresh->wait_for('inventory_changed')->{data}{seq}, 31,
    'and goes on from now';

# The key comes after the relay.
$r->stop('relay');
rename "$r->{env}{STOCKROOM_KEY_FILE}.pub", "$r->{dir}/hidden" or die;
$r->start('relay');
$st = $r->stream;
is $st->wait_for('disconnect')->{data}{code}, 'starting',
    'without the key nobody comes in, but may try again';
is $r->push(beat => $st)->{status}, 503, 'posts are told to wait';
is $r->relay_http('GET', '/healthz')->{json}{status}, 'starting',
    'and health says so';
rename "$r->{dir}/hidden", "$r->{env}{STOCKROOM_KEY_FILE}.pub" or die;
$app = $r->app(head => 0);
ok $r->wait_for(sub { $r->relay_http('GET', '/healthz')->{json}{status}
    eq 'ok' }, 5), 'the key is found';
ok $r->joined, 'and streams open';
my @said = $r->log_text('relay') =~ /waiting for the ticket key/g;
is scalar @said, 1, 'the waiting is said once';

$r->finish;
done_testing;
