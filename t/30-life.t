#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# How long things last: a stream's life, and the place of one that polls.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $e = Relay::EPOCH;
my $r = Relay->new(env => { STOCKROOM_STREAM_LIFE => 5 });
my $app = $r->app(head => 0);

# Four who poll and then stop, each in its way, and one who does not.
my $begin = time;
my %poll = map { $_ => $r->polled(user => 50, name => $_, room => 'polls') }
    qw(stays answered held beats leaves);
Stream->wait_until([@poll{qw(stays held)}],
    sub { $r->metric('polls_held') == 2 });
$poll{held}->cut;
$r->push(leave => $poll{leaves});
my $gone = time;

# Forty whose streams end: they are told to come back, and do at once.
my $last = 0;
my (@life, @back);
# The last of them is somebody else, who watches the others.
my (@all, @born, @seen);
for my $i (0 .. 40) {
	push @born, time;
	push @all, $r->joined(user => $i < 40 ? 1 : 2, name => "tab $i",
	    position => "$e:0");
}
my $n = 0;
while (time - $begin < 15) {
	Stream->wait_until([@all, $poll{stays}], sub {
	    grep { $_->{ended} } @all }, 0.25);
	if ($n++ % 8 == 0) {
		$app->change(++$last);
		$app->pump;
		$r->push(beat => $poll{beats}, { state => 'active' });
	}
	for my $i (grep { $all[$_]{ended} } 0 .. $#all) {
		my ($old, $lived) = ($all[$i], time - $born[$i]);
		my ($bye) = $old->named('disconnect');
		push @life, $lived;
		$born[$i] = time;
		push @back, $bye->{data};
		push @{ $seen[$i] }, @{ $old->{events} };
		my ($pos) = map { $_->{id} } grep { defined $_->{id} }
		    reverse @{ $old->{events} };
		$all[$i] = $r->joined(ticket => $old->{ticket},
		    position => $pos // "$e:0");
	}
}
push @{ $seen[$_] }, @{ $all[$_]{events} } for 0 .. $#all;

cmp_ok scalar @life, '>=', 41, 'streams end';
is_deeply { map { $_->{code} => 1 } @back }, { life => 1 },
    'since their life was over';
my @sorted = sort { $a <=> $b } @life;
cmp_ok $sorted[0], '>=', 4, 'not before four fifths of it';
cmp_ok $sorted[-1], '<', 9, 'nor long after six';
cmp_ok $sorted[0], '<', 4.8, 'some a fifth earlier';
cmp_ok $sorted[-1], '>', 5.2, 'others later: not all at once';
my %retry = map { $_->{retry} => 1 } @back;
cmp_ok scalar(keys %retry), '>', 20, 'and come back at different times';
ok !(grep { $_ > 1000 } keys %retry), 'which are near';
for my $i (0 .. 40) {
	my @seq = map { $_->{data}{seq} }
	    grep { $_->{event} eq 'inventory_changed' } @{ $seen[$i] };
	is_deeply \@seq, [1 .. $#seq + 1], "$i: all once, in order";
}
my @said = grep { $_->{event} =~ /^user_/ && $_->{data}{user_id} == 1 }
    @{ $seen[40] };
is_deeply \@said, [], 'the others see nobody leave or join';

# The polls.
my %left;
for my $ev (grep { $_->{event} eq 'user_left' } @{ $poll{stays}{events} }) {
	$left{$ev->{data}{name}} = $ev->{at} - $gone;
}
ok !exists $left{stays}, 'who polls is here';
ok !exists $left{beats}, 'and who beats, without a poll';
for my $name (qw(answered held)) {
	cmp_ok $left{$name} // 0, '>', 9, "$name: ten seconds of grace";
	cmp_ok $left{$name} // 99, '<', 14, 'and not more';
}
cmp_ok $left{leaves} // 99, '<', 5, 'who leaves is gone soon';
ok(Stream->wait_until([$poll{stays}], sub { $r->metric('polls_held') == 1 }),
    'one is held');
is $r->metric('members'), 41 + 2, 'the others are forgotten';

$_->close for @all, values %poll;
$r->finish;
done_testing;
