#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Tickets: forged, old, foreign, used, replaced.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
$r->app(head => 0);

# The status of a stream's answer.
sub status { my $st = $r->stream(@_); return $st->wait_status }

my ($good, $sid) = $r->ticket(user => 1);
my $st = $r->joined(ticket => $good);
is $st->wait_status, 200, 'a good ticket';
is $st->{events}[0]{data}{sid}, $sid, 'its sid is said';

# Forged.
my @part = split /\./, $good;
my $flip = sub { my $c = substr $_[0], $_[1], 1;
	substr($_[0], $_[1], 1) = $c eq 'A' ? 'B' : 'A'; return $_[0] };
for my $case (["$part[0].$part[1]." . $flip->("$part[2]", 10), 'signature'],
    ["$part[0]." . $flip->("$part[1]", 20) . ".$part[2]", 'payload'],
    ["v2.$part[1].$part[2]", 'version'], ["$part[0].$part[1]", 'no signature'],
    ["$part[0].$part[1].", 'empty signature'], ['x', 'nonsense'],
    ["$good.", 'a dot too many'], ['v1..', 'empty'], ['A' x 1500, 'long']) {
	is status(ticket => $case->[0]), 401, "forged: $case->[1]";
	is $r->push(beat => $case->[0])->{status}, 401, 'for posts, too';
	is $r->push(leave => '', $case->[0])->{status}, 401, 'and leaves';
}
my $none = Stream->open(unix => $r->push_socket);
is $none->wait_status, 401, 'none';
is $none->{headers}{'www-authenticate'}, 'Bearer', 'says what is wanted';
is $r->relay_http('POST', '/push/beat')->{status}, 401, 'none for a beat';

# Of another relay's key.
my $far = Relay->new(idle => 1);
is status(ticket => scalar $far->ticket(user => 1)), 401,
    'signed with another key';
$far->finish;

# Times.
is status(ticket => scalar $r->ticket(issued => -59_000)), 200, '59 s old';
is status(ticket => scalar $r->ticket(issued => -61_000)), 401, '61 s old';
is status(ticket => scalar $r->ticket(issued => 60_000)), 401,
    'from the future';
is status(ticket => scalar $r->ticket(ends => -1)), 401, 'session is over';
my $short = $r->joined(ends => 1500);
my $t = time;
my $bye = $short->wait_for('disconnect', 5);
is $bye->{data}{code}, 'ticket', 'a stream ends with its session';
cmp_ok $bye->{at} - $t, '<', 5, 'in time';
is $r->push(beat => $short)->{status}, 401, 'so do posts';

# An old ticket serves its sid while that is here.
my ($aged, $aged_sid) = $r->ticket(user => 5, issued => -58_500);
my $old = $r->joined(ticket => $aged);
$r->wait_for(sub { 0 }, 2);
is status(ticket => $aged), 200, 'a present sid comes back with it';
is $r->push(beat => $aged)->{status}, 204, 'and beats';
is status(ticket => scalar $r->ticket(user => 5, issued => -70_000)), 401,
    'another sid does not';

# Of another user for a sid.
is status(ticket => scalar $r->ticket(user => 2, sid => $sid)), 403,
    'a sid of another user';
is $r->push(cursor => scalar $r->ticket(user => 2, sid => $sid), {}
    )->{status}, 403, 'for a cursor';
is $r->push(leave => '', scalar $r->ticket(user => 2, sid => $sid)
    )->{status}, 403, 'for a leave';
ok !$st->wait_for('disconnect', 0.2), 'nothing happens to who is there';

# A newer ticket for a sid replaces the older one.
my $newer = $r->joined(user => 1, sid => $sid);
is $r->push(beat => $newer)->{status}, 204, 'the newer serves';
is $r->push(beat => $good)->{status}, 401, 'the older no more';
is status(ticket => scalar $r->ticket(user => 1, sid => $sid,
    session => 'other', issued => -70_000)), 401,
    'nor one of a session of before';

# In an address it works once.
my ($once, $once_sid) = $r->ticket(user => 3);
my $q = $r->joined(ticket => $once, query => 1);
is $q->wait_status, 200, '?ticket=';
is status(ticket => $once, query => 1), 401, 'works once';
is $r->push(beat => $once)->{status}, 204, 'but serves its page';
is status(ticket => $once), 200, 'and opens in the header';
is status(ticket => scalar $r->ticket(issued => -61_000), query => 1), 401,
    'an old one does not open';

# Nobody is here by a post alone, but for a beat with a new ticket.
my $nobody = $r->ticket(user => 9);
is $r->push(cursor => $nobody, {})->{status}, 401, 'nobody points';
is $r->push(lease => $nobody, { action => 'take', row => 'A' })->{status},
    401, 'nor edits';
is $r->push(beat => scalar $r->ticket(user => 9, issued => -61_000))
    ->{status}, 401, 'nor comes with an old ticket';
is $r->push(leave => '', $nobody)->{status}, 204, 'a leave is fine';

$r->finish;
done_testing;
