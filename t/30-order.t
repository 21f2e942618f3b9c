#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Order and once-only come from the numbers, whoever sends.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $one = $r->app(head => 0);
my $two = $r->app(head => 0);
$two->wait_for('hello');
my $st = $r->joined;

# Repeats are dropped, but acknowledged.
$one->change(1, 2);
is $one->wait_for('ack')->{ack}, 2, 'taken';
$two->change(1, 2);
is $two->wait_for('ack')->{ack}, 2, 'a repeat is acknowledged';
is $r->metric('repeats_total'), 2, 'and counted';

# A hole: asked for once, what is higher is ignored until it comes.
my $t = time;
$one->change(5);
is $one->wait_for('replay_from')->{replay_from}, 3, 'a hole is asked for';
$one->change(6, 7);
is $r->metric('ring_head'), 2, 'what is higher waits';
is $one->wait_for('replay_from', 15)->{replay_from}, 3, 'asked again';
cmp_ok time - $t, '>', 0.8, 'after a second';
cmp_ok time - $t, '<', 10, 'and not much later';
is scalar(grep { exists $_->{replay_from} } @{ $one->{lines} }), 2,
    'no line in between asked';
$one->change(3 .. 7);
is $one->wait_for('ack')->{ack}, 7, 'the hole is closed';

# The other one fills it while the first has been asked.
$one->change(9);
is $one->wait_for('replay_from')->{replay_from}, 8, 'another hole';
$two->change(8, 9);
is $two->wait_for('ack')->{ack}, 9, 'filled by the other app';
$one->change(10);
is $one->wait_for('ack')->{ack}, 10, 'the first goes on as if asked';

# Two at once, each sends all, in pieces of different sizes.
my @from = (11, 11);
my @apps = ($one, $two);
while ($from[0] <= 2010 || $from[1] <= 2010) {
	for my $i (0, 1) {
		my $to = $from[$i] + int rand 90;
		$to = 2010 if $to > 2010;
		$apps[$i]->change($from[$i] .. $to) if $from[$i] <= $to;
		$from[$i] = $to + 1;
	}
}
for my $app (@apps) {
	1 until $app->wait_for('ack')->{ack} == 2010;
}
is $r->metric('ring_head'), 2010, 'all is there';
ok $st->wait_for(sub { ($_->{id} // '') eq Relay::EPOCH . ':2010' }),
    'the stream has the last';
is_deeply [map { $_->{data}{seq} } $st->named('inventory_changed')],
    [1 .. 2010], 'each once, in order';
is_deeply [map { $_->{id} } $st->named('inventory_changed')],
    [map { Relay::EPOCH . ":$_" } 1 .. 2010], 'each with its position';
ok !exists(($st->named('inventory_changed'))[0]{data}{epoch}),
    'the epoch is in the position only';
is scalar(grep { defined $_->{id} && $_->{event} ne 'inventory_changed' }
    @{ $st->{events} }), 0, 'nothing passing has a position';

# A line in many pieces is a line.
my $text = $Relay::json->encode($one->line(2011, sku => 'x' x 15000)) . "\n";
while (length $text) {
	syswrite $one->{sock}, substr $text, 0, 1777, '';
	select undef, undef, undef, 0.002;
}
my $ack = {};
$ack = $one->wait_for('ack') while $ack && ($ack->{ack} // 0) < 2011;
is $ack->{ack}, 2011, 'a line in pieces is taken';
ok $st->wait_for(sub { length(($_->{data}{sku} // '')) == 15000 }),
    'a large event arrives whole';

$r->finish;
done_testing;
