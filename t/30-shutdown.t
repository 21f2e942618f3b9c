#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# An ordered end: everybody is told, nobody is waited for too long.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my @st = map { $r->stream(user => $_, room => "room$_") } 1 .. 200;
ok(Stream->wait_all(\@st, sub { $_->count('room_joined') }, 20),
    'two hundred streams');
is $r->metric('streams'), 200, 'are open';

my $t = time;
$r->kill('relay', 'TERM', dirty => 1);
ok(Stream->wait_all(\@st, sub { $_->{ended} }, 10), 'all end');
is $r->reap('relay', 10), 0, 'exit 0';
cmp_ok time - $t, '<', 10, 'within the deadline';
my %retry;
my $told = 0;
for my $st (@st) {
	my ($bye) = $st->named('disconnect') or next;
	$told++ if $bye->{data}{code} eq 'shutdown' &&
	    $st->{events}[-1] == $bye;
	$retry{$bye->{data}{retry}} = 1;
}
is $told, 200, 'each was told, as the last thing';
cmp_ok scalar keys %retry, '>', 50, 'to come back at times of their own';
ok !-e $r->push_socket && !-e $r->event_socket, 'its sockets are gone';
ok $app->wait_end, 'the app is let go';

# What was on its way comes first.
$r->start('relay');
$app = $r->app(head => 0);
my $late = $r->joined(user => 1);
my $big = 'b' x 3000;
$app->say(map { $app->line($_, new_value => $big) } 1 .. 250);
1 until $app->wait_for('ack')->{ack} == 250;
my $poll = $r->polled(user => 2);
ok(Stream->wait_until([$poll], sub { $r->metric('polls_held') == 1 }),
    'one is held');
$app->change(251);
$r->kill('relay', 'TERM', dirty => 1);
ok $late->wait_for('disconnect'), 'one that was behind is told';
is $late->{events}[-1]{data}{code}, 'shutdown', 'at the end';
my @seqs = map { $_->{data}{seq} } $late->named('inventory_changed');
is_deeply \@seqs, [1 .. @seqs], 'after what had happened';
cmp_ok scalar @seqs, '>=', 250, 'all of it';
ok $late->wait_end, 'and ended';
ok(Stream->wait_until([$poll], sub { $poll->{ended} }), 'a poll ends, too');
is $poll->{position}, Relay::EPOCH . ':' . (250 +
    $poll->count('inventory_changed')), 'and says what it told';
is $r->reap('relay', 10), 0, 'exit 0';

# One that never reads is cut off.
$r->start('relay');
$app = $r->app(head => 0);
my $deaf = $r->joined(user => 1);
my $seq = 0;
while ($seq < 4000) {
	$app->change(map { $seq + $_ } 1 .. 500);
	$seq += 500;
	1 until $app->wait_for('ack')->{ack} == $seq;
}
$t = time;
$r->kill('relay', 'INT', dirty => 1);
is $r->reap('relay', 10), 0, 'exit 0 with a deaf client, too';
my $took = time - $t;
cmp_ok $took, '>', 1.5, 'it gets its time';
cmp_ok $took, '<', 6, 'and no more';
like $r->log_text('relay'), qr/cutting off 1 streams/, 'which is said';

$r->finish;
done_testing;
