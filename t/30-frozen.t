#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# One client that is frozen and one that reads 1 kB a second delay nobody
# else, and lose what they need least: cursors first.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my $seq = 0;
my @good = ((map { $r->joined(user => $_) } 1 .. 5), $r->polled(user => 6));

# Seconds from a change until all good ones have it; SUB is called between.
sub latencies
{
	my ($times, $sub) = @_;

	my @took;
	for (1 .. $times) {
		$sub->();
		$_->pump for @good;
		my %from = map { $_ => scalar @{ $_->{events} } } @good;
		my $t = time;
		$app->change(++$seq);
		my $all = Stream->wait_all(\@good, sub {
			my $ev = $_->{events};
			for my $i ($from{$_} .. $#$ev) {
				return 1 if $ev->[$i]{event} eq
				    'inventory_changed' &&
				    $ev->[$i]{data}{seq} == $seq;
			}
			return 0;
		}, 10);
		push @took, $all ? time - $t : 10;
		$app->pump;
	}
	return sort { $a <=> $b } @took;
}

# A flood of cursors, as fast as the others may point.
my $n = 0;
sub flood
{
	for my $st (@good) {
		$n++;
		$r->push(cursor => $st, { editing_row => "R$n",
		    editing_field => 'f' x 60, mode => 'edit',
		    cursor_position => { x => $n, y => 0 } });
	}
}

my @calm = latencies(30, \&flood);
my $frozen = $r->joined(user => 7);	# reads no more from here on
my $slow = $r->joined(user => 8);
my $trickle = time;
my $since = $trickle;
my $got = 0;
sub trickle
{
	while ($trickle < time) {
		my $n = sysread $slow->{sock}, my $bytes, 100;
		$got += $n if $n;
		$slow->{raw} .= $bytes if $n;
		$trickle += 0.1;
	}
}

# Until what waits for them has to be dropped, and some come then.
my @guests;
my $dropped = sub { $r->metric('frames_dropped_total') };
ok $r->wait_for(sub {
	flood();
	trickle();
	push @guests, $r->joined(user => 20 + @guests)
	    if @guests < 6 && $dropped->() > 20 * @guests;
	$app->change(++$seq) if $n % 60 == 0;
	$_->pump for @good, @guests;
	return $dropped->() > 200 && @guests == 6;
}, 120), 'cursors are dropped for who does not read';
my $already = $dropped->();
my @under = latencies(30, sub { flood(); trickle() });
cmp_ok $dropped->(), '>', $already, 'and while we measure';
cmp_ok $got, '<', 1000 * (time - $since) + 200, 'the slow one did read slowly';
cmp_ok $got, '>', 500, 'but it did';
my ($before, $after) = map { 1000 * $_->[15] } \@calm, \@under;
cmp_ok $after, '<', 3 * $before + 10, sprintf
    'the others: median %.1f ms, without them %.1f ms', $after, $before;
cmp_ok $under[28], '<', 0.25, sprintf
    'at the worst %.1f ms, without them %.1f ms', 1000 * $under[28],
    1000 * $calm[28];

# Who reads again has every change, everybody who came, and the places of now.
$r->push(cursor => $good[0], { editing_row => 'LAST' });
ok $frozen->wait_for(sub { $_->{event} eq 'presence_update' &&
    $_->{text} =~ /LAST/ }, 10), 'it gets the places in one list';
my @seqs = map { $_->{data}{seq} } $frozen->named('inventory_changed');
is_deeply \@seqs, [31 .. $seq], 'every change came, in order';
my %came = map { $_->{data}{user_id} => 1 } $frozen->named('user_joined');
is_deeply [grep { $_ >= 20 } sort { $a <=> $b } keys %came],
    [20 .. 20 + $#guests], 'and each who joined: cursors went first';
cmp_ok $frozen->count('presence_update'), '<=', 3, 'without many lists';

$_->close for @good, @guests, $frozen, $slow;
$r->finish;
done_testing;
