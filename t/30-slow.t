#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A client that does not read harms nobody but itself.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my @good = map { $r->joined(user => $_) } 1 .. 20;
my $calm = $r->joined(user => 30);
my $slow = $r->joined(user => 31);	# reads no more from here on
my $tick = $r->joined(user => 32);	# nor this one, for a while

# Passing things first: more than its socket and its queue hold.
my $n = 0;
ok $r->wait_for(sub {
	for my $st (@good) {
		$n++;
		$r->push(cursor => $st, { editing_row => "R$n",
		    editing_field => 'f' x 60, cursor_position =>
		    { x => $n, y => 0 }, mode => 'edit' });
	}
	$_->pump for @good, $calm;
	return $r->metric('frames_dropped_total') > 0;
}, 120), 'what passes is dropped for who does not read';
$_->pump for @good, $calm;
my $t = time;
$r->push(cursor => $calm, { editing_row => 'LAST' });
ok $good[1]->wait_for(sub { $_->{text} =~ /LAST/ }, 10), 'the others go on';
cmp_ok time - $t, '<', 5, 'without a delay';
ok $tick->wait_for(sub { $_->{event} eq 'presence_update' &&
    $_->{text} =~ /LAST/ }), 'one that reads again gets all in one list';

$_->close for splice @good, 1;

# Then more durable events than the ring holds.
my $seq = 0;
for (1 .. 45) {
	$app->change(map { $seq + $_ } 1 .. 100);
	$seq += 100;
	1 until $app->wait_for('ack')->{ack} == $seq;
	$_->pump for @good, $calm;
}
is $r->metric('ring_head'), $seq, 'the relay takes them all';
ok(Stream->wait_all([@good, $calm], sub {
	return $_->count('inventory_changed') == $seq }, 20),
    'the others get all');
for my $st (@good, $calm) {
	my $in_order = 1;
	my $want = 0;
	$in_order &&= $_->{data}{seq} == ++$want
	    for $st->named('inventory_changed');
	ok $in_order, 'in order';
}

# When it reads again it is told, after events without a hole.
my $bye = $slow->wait_for('disconnect', 10);
is $bye->{data}{code}, 'slow', 'told that it was too slow';
ok $slow->wait_end, 'and ended';
my @seqs = map { $_->{data}{seq} } $slow->named('inventory_changed');
is_deeply \@seqs, [1 .. @seqs], 'what it got has no hole';
cmp_ok scalar @seqs, '<', $seq, 'and is not all';
is $r->metric('streams_slow_total'), 1, 'counted';
my $back = $r->joined(user => 31, position => Relay::EPOCH . ':' . @seqs);
ok !$back->{joined}{data}{recovered}, 'it comes back and is told the truth';

$_->close for @good, $calm, $tick, $back;
$r->finish;
done_testing;
