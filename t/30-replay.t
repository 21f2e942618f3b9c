#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Replay by position: exact in the range and ahead, else said so.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 5000);
$app->wait_for('replay_from');
$app->change(905 .. 5000);
1 until $app->wait_for('ack')->{ack} == 5000;
is $r->metric('ring_events'), 4096, 'the ring is full';
my $e = Relay::EPOCH;

# Position, whether it is recovered, where live begins, events replayed.
for my $case (["$e:905", 1, 5000, 4095], ["$e:904", 1, 5000, 4096],
    ["$e:903", 0, 5000, 0], ["$e:0", 0, 5000, 0],
    ["$e:4990", 1, 5000, 10], ["$e:5000", 1, 5000, 0],
    ["$e:5001", 1, 5001, 0], ["$e:9096", 1, 9096, 0],
    ["$e:9097", 0, 5000, 0], ["019b00000000abcd:4990", 0, 5000, 0],
    [undef, 0, 5000, 0], ['', 0, 5000, 0]) {
	my ($pos, $recovered, $to, $n) = @$case;
	my $name = $pos // 'none';
	my $st = $r->joined(position => $pos);
	my $j = $st->{joined}{data};
	is !!$j->{recovered}, !!$recovered, "$name: recovered";
	is $j->{to}, "$e:$to", "$name: to";
	is $j->{from}, $pos || undef, "$name: from";
	is $j->{position}, "$e:5000", "$name: position";
	Stream->wait_until([$st],
	    sub { $st->count('inventory_changed') >= $n });
	is $st->count('inventory_changed'), $n, "$name: $n events";
	is_deeply [map { $_->{data}{seq} } $st->named('inventory_changed')],
	    [5000 - $n + 1 .. 5000], "$name: these" if $n;
	is_deeply [map { $_->{event} } @{ $st->{events} }[0, 1]],
	    [qw(connection_established room_joined)], "$name: order";
	$st->close;
}

# The header wins over the address.
my $st = $r->joined(position => "$e:4000",
    headers => { 'Last-Event-ID' => "$e:4999" });
is $st->{joined}{data}{from}, "$e:4999", 'Last-Event-ID wins';

# Malformed.
for my $pos ("$e:", "$e:-1", "$e:1x", ':5', '5', "$e", "$e:05", 'x' x 500,
    "$e:99999999999999999999", "$e:1%00") {
	my $bad = $r->stream(position => $pos);
	my $bye = $bad->wait_for('disconnect');
	is $bad->{status}, 200, 'a stream, since EventSource stops on errors';
	is $bye->{data}{code}, 'position', 'malformed: ' . substr $pos, 0, 30;
	ok $bad->wait_end, 'and its end';
}

# A place ahead waits until the ring has come there.
my $ahead = $r->joined(position => "$e:5003");
my $live = $r->joined(position => "$e:5000");
$app->change(5001 .. 5005);
ok $live->wait_for(sub { ($_->{data}{seq} // 0) == 5005 }), 'live';
ok $ahead->wait_for(sub { ($_->{data}{seq} // 0) == 5005 }), 'ahead';
is_deeply [map { $_->{data}{seq} } $live->named('inventory_changed')],
    [5001 .. 5005], 'live gets all';
is_deeply [map { $_->{data}{seq} } $ahead->named('inventory_changed')],
    [5004, 5005], 'ahead only what it lacks';
$_->close for $st, $ahead, $live;

# The seam: streams that open while changes come miss none.
my (@st, $seq);
for ($seq = 5006; $seq < 5206; $seq += 20) {
	$app->change($seq .. $seq + 9);
	push @st, [$r->stream(position => "$e:5000"), 5000];
	$app->change($seq + 10 .. $seq + 19);
	$app->pump;
}
ok(Stream->wait_all([map { $_->[0] } @st], sub {
	my @ev = $_->named('inventory_changed');
	return @ev && $ev[-1]{data}{seq} == $seq - 1;
}, 20), "all streams come to the end");
my $bad = 0;
for my $one (@st) {
	my @seqs = map { $_->{data}{seq} } $one->[0]->named(
	    'inventory_changed');
	$bad++ if "@seqs" ne join ' ', 5001 .. $seq - 1;
}
is $bad, 0, 'and have each event once, in order';

$r->finish;
done_testing;
