#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A client that closes is noticed at once, in whatever state it is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new(env => { STOCKROOM_USER_STREAMS => 300 });
my $app = $r->app(head => 0);
my $stay = $r->joined(user => 1);
my @st = map { $r->joined(user => 2) } 1 .. 100;
is $r->metric('streams'), 101, 'all are open';
my $t = time;
$_->close for @st;
ok $r->wait_for(sub { $r->metric('streams') == 1 }, 10), 'all are gone';
cmp_ok time - $t, '<', 5, 'at once';
is $r->metric('pages'), 101, 'though not yet for the others';

# Polls that are held, too.
my @polls = map { $r->polled(user => 6) } 1 .. 20;
ok(Stream->wait_until(\@polls, sub { $r->metric('polls_held') == 20 }),
    'twenty polls are held');
$t = time;
$_->stop for @polls;
ok $r->wait_for(sub { $r->metric('polls_held') == 0 }, 10), 'and none';
cmp_ok time - $t, '<', 5, 'at once';
is $r->metric('streams'), 21, 'their places stay for a while';
my @take = map { $r->joined(ticket => $_->{ticket}) } @polls;
is $r->metric('streams'), 21, 'which streams may take';
$_->close for @take;
ok $r->wait_for(sub { $r->metric('streams') == 1 }, 5), 'and leave';

# One that closes while it is being written to.
my @busy = map { $r->joined(user => 3) } 1 .. 20;
for my $i (0 .. 19) {
	$app->change($i * 10 + 1 .. $i * 10 + 10);
	$busy[$i]->close;
}
ok $r->wait_for(sub { $r->metric('streams') == 1 }, 5),
    'under fire, too';
ok $stay->wait_for(sub { ($_->{data}{seq} // 0) == 200 }),
    'the other one has all';

# Before it is told anything, and in the middle of its request.
for my $text ('', 'GET /push/str', "GET /push/stream HTTP/1.1\r\nHost: x\r\n",
    "POST /push/cursor HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc") {
	my $sock = IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM(),
	    Peer => $r->push_socket);
	syswrite $sock, $text;
	close $sock;
}
my @quick = map { $r->stream(user => 4) } 1 .. 20;
$_->close for @quick;
ok $r->wait_for(sub { $r->metric('streams') == 1 }, 5),
    'those that close at once are gone, too';

# Many that come and go while others do.
for my $round (1 .. 10) {
	my @in = map { $r->stream(user => 5) } 1 .. 20;
	$app->change(200 + $round);
	$_->close for @in;
}
ok $r->wait_for(sub { $r->metric('streams') == 1 }, 5), 'coming and going';
ok $stay->wait_for(sub { ($_->{data}{seq} // 0) == 210 }),
    'nothing is missed by who stays';

$r->finish;
done_testing;
