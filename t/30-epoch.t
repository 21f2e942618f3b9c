#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A larger epoch empties the ring, a smaller one is sent away.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my ($old, $mid, $new) = map { "019${_}00000000abcd" } qw(a b c);
my $r = Relay->new;
my $app = $r->app(head => 0, epoch => $mid);
$app->change(1 .. 5);
is $app->wait_for('ack')->{ack}, 5, 'events of an epoch';
my $st = $r->joined(position => "$mid:3");
ok $st->{joined}{data}{recovered}, 'a stream of that epoch';

# An app of an earlier history, by its first line.
my $stale = $r->app(head => 900, epoch => $old);
is $stale->wait_for('stale_epoch')->{stale_epoch}, $mid,
    'a smaller epoch is told the larger one';
ok $stale->wait_end, 'and sent away';
is $r->metric('ring_head'), 5, 'nothing is changed by it';

# A restore: everybody comes back and reads again.
my $next = $r->app(head => 2, epoch => $new);
is_deeply $next->wait_for('hello')->{hello}, { epoch => $mid, have => 5 },
    'the new app hears what was there';
is $next->wait_for('replay_from')->{replay_from}, 1,
    'and is asked for its own';
my $bye = $st->wait_for('disconnect');
is $bye->{data}{code}, 'epoch', 'the stream of before is ended';
ok $st->wait_end, 'for good';
my $back = $r->stream(position => "$mid:5");
ok $back->wait_for('connection_established'), 'it comes back';
ok !$back->wait_for('room_joined', 0.05), 'and waits for the replay';
$next->change(1, 2);
my $joined = $back->wait_for('room_joined');
ok !$joined->{data}{recovered}, 'it has to read everything again';
is $joined->{data}{from}, "$mid:5", 'from is what it had';
is $joined->{data}{to}, "$new:2", 'to is of the new epoch';
is $joined->{data}{position}, "$new:2", 'so is the position';

# The app of before sends one more.
$app->change(6);
is $app->wait_for('stale_epoch')->{stale_epoch}, $new,
    'a late change of the old epoch is refused';
ok $app->wait_end, 'with its app';
is $r->metric('ring_head'), 2, 'and not taken';
$next->change(3);
is $back->wait_for('inventory_changed')->{id}, "$new:3",
    'the new epoch goes on';

# A change of a later epoch without its app line is an error.
my $odd = $r->app(head => 3, epoch => $new);
$odd->say($odd->line(1, epoch => '019d00000000abcd'));
ok $odd->wait_end, 'an epoch begins with an app line';
# The same connection may announce a new one.
$next->{epoch} = '019e00000000abcd';
$next->say({ app => { epoch => $next->{epoch}, head => 0, oldest => 1,
    pid => 1 } });
is $back->wait_for('disconnect')->{data}{code}, 'epoch',
    'an app may begin a new epoch on its connection';
$next->change(1);
1 until $next->wait_for('ack')->{ack} == 1;
is $r->metric('ring_head'), 1, 'and send it';

$r->finish;
done_testing;
