#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Clients that read by fits and starts: what their sockets have no room for
# comes later, each byte once and in order, whoever writes it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;

use Relay;

my $seed = $ENV{STOCKROOM_SEED} // int rand 1e6;
note "STOCKROOM_SEED=$seed";
srand $seed;

my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
my $port = $free->sockport;
close $free;
my $r = Relay->new(env => { STOCKROOM_LISTEN => "127.0.0.1:$port" });
my $app = $r->app(head => 0);

# On the socket, and on the port, where a write may take a part of a frame.
my %by = (socket => $r->joined(user => 1));
$by{port} = Stream->open(port => $port,
    ticket => scalar $r->ticket(user => 2));
setsockopt $by{port}{sock}, SOL_SOCKET, SO_RCVBUF, 65536;
ok $by{port}->wait_for('room_joined'), 'one by the port';
my $other = $r->joined(user => 3);

# What an event says, so long that a few of them fill a socket.
sub text
{
	my ($seq) = @_;

	return join ' ', map { $seq * 7919 + $_ } 1 .. 50 + $seq * 31 % 1200;
}

# Take a little, as a slow machine does.
sub sip
{
	my ($st) = @_;

	my $n = sysread $st->{sock}, $st->{raw}, 1 + int rand 30_000,
	    length $st->{raw};
	$st->{ended} = 1 if defined $n && !$n;
}

my ($seq, $moves) = (0, 0);
for (1 .. 12) {
	for (1 .. 1 + int rand 4) {
		my @seqs = map { ++$seq } 1 .. 1 + int rand 24;
		$app->say(map { $app->line($_, new_value => text($_)) } @seqs);
		1 until $app->wait_for('ack')->{ack} == $seq;
		$r->push(cursor => $other, { editing_row => 'R' . ++$moves });
		sip($_) for values %by;
		$other->pump;
	}
	next if rand > 0.4;
	ok(Stream->wait_all([values %by],
	    sub { $_->count('inventory_changed') == $seq }, 20),
	    "who reads on has all $seq");
}
# The second one waits for the tick of its room, behind the change.
$r->push(cursor => $other, { editing_row => "R" . ++$moves }) for 1, 2;
$app->change(++$seq);
ok(Stream->wait_all([values %by, $other],
    sub { $_->count('inventory_changed') == $seq &&
	grep { $_->{text} =~ /"editing_row":"R$moves"/ }
	    @{ $_->{events} } }, 20), 'all come');
cmp_ok $r->metric('stalls_total'), '>', 0, 'though sockets were full';

for my $name (sort keys %by) {
	my @got = $by{$name}->named('inventory_changed');
	is_deeply [map { $_->{data}{seq} } @got], [1 .. $seq],
	    "$name: in order, each once";
	is scalar(grep { $_->{data}{new_value} ne
	    text($_->{data}{seq}) } @got[0 .. $#got - 1]), 0,
	    "$name: with all that they say";
	is scalar(grep { !defined $_->{data} } @{ $by{$name}{events} }), 0,
	    "$name: and nothing between";
	my @rows = map { /"editing_row":"R(\d+)"/g }
	    map { $_->{text} } @{ $by{$name}{events} };
	ok(!(grep { $rows[$_] < $rows[$_ - 1] } 1 .. $#rows),
	    "$name: no cursor goes back");
	is $rows[-1], $moves, "$name: the last one is there";
}

$_->close for values %by, $other;
$r->finish;
done_testing;
