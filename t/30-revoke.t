#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Sent away: who signed out or was disabled is gone at once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my $ana = $r->joined(user => 1);
my @ben = map { $r->joined(user => 2, session => "ben$_") } 1 .. 2;
my $eve = $r->joined(user => 3);

# One session.
my $now = int(time * 1000);
my $t = time;
$app->say(qq({"revoke":{"session":"ben1","at":$now}}));
my $bye = $ben[0]->wait_for('disconnect');
is $bye->{data}{code}, 'ticket', 'a session is ended';
cmp_ok $bye->{at} - $t, '<', 5, 'at once';
ok $ben[0]->wait_end, 'and its stream';
my $left = $ana->wait_for('user_left', 5);
is $left->{data}{user_id}, 2, 'the others see it go';
cmp_ok $left->{at} - $bye->{at}, '<', 1, 'at once, without grace';
is $r->stream(ticket => $ben[0]{ticket})->wait_status, 401,
    'the ticket opens no more';
is $r->push(beat => $ben[0])->{status}, 401, 'nor serves';
is $r->push(beat => $ben[1])->{status}, 204, 'another session goes on';

# A ticket that had not been used yet, and one of afterwards.
is $r->stream(user => 2, session => 'ben1', issued => -5000)->wait_status,
    401, 'an unused one of before is refused';
is $r->stream(user => 2, session => 'ben1', issued => 50)->wait_status, 200,
    'one of afterwards is not';

# A user.
my $at = int(time * 1000);
$app->say(qq({"revoke":{"user":3,"at":$at}}));
is $eve->wait_for('disconnect')->{data}{code}, 'ticket', 'a user is out';
is $r->stream(user => 3, session => 'any', issued => -1000)->wait_status,
    401, 'with all sessions';
is $r->push(beat => $ana)->{status}, 204, 'the others stay';

# In its grace time, too.
my $gone = $r->joined(user => 4);
$gone->close;
$at = int(time * 1000);
$app->say(qq({"revoke":{"user":4,"at":$at}}));
ok $ana->wait_for(sub { $_->{event} eq 'user_left' &&
    $_->{data}{user_id} == 4 }, 1), 'one who has just closed goes at once';

# Only what was issued up to then, or knows nothing of a user's other rights,
# whenever it was issued.
my $old = int(time * 1000) - 60_000;
$app->say(qq({"revoke":{"session":"session1","at":$old}}));
ok !$ana->wait_for('disconnect', 0.3), 'a later ticket is not concerned';
my $knows = $r->joined(user => 5, rights => $at);
my $not = $r->joined(user => 5, rights => $at - 1, session => 'other');
$app->say(qq({"revoke":{"user":5,"at":$at}}));
is $not->wait_for('disconnect')->{data}{code}, 'ticket', 'who knows not goes';
ok !$knows->wait_for('disconnect', 0.3), 'who knows stays';
is $r->stream(user => 5, rights => $at - 1, issued => 4000)->wait_status, 401,
    'nor does a later ticket open that knows not';
is $r->stream(user => 5, rights => $at)->wait_status, 200, 'one that does';

# An app that connects says what a new relay has to know.
$r->restart('relay');
$app = $r->app(head => 0);
$app->say(qq({"revoke":{"session":"ben2","at":$at}}));
$app->say('{"query":"presence","room":"x","id":1}');
$app->wait_for('presence');
is $r->stream(ticket => $ben[1]{ticket})->wait_status, 401,
    'revoked also for a new relay';

$r->finish;
done_testing;
