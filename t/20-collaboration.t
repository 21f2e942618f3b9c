#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Joining, who is here, and changes announced from elsewhere, with a real
# relay and without one.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use Stockroom;

my $presence = '/inventory/collaboration/presence';
my $join = '/inventory/collaboration/join';
my $broadcast = '/inventory/collaboration/broadcast-change';

# -- without a relay

my $s = Stockroom->new(users => { ana => 'editor' });
my $room = $s->room;
my $started = time;
my $r = $s->get("$presence?room=$room", token => $s->token('ana'));
is_problem($r, 503, 'presence without a relay');
like($r->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
cmp_ok(time - $started, '<', 5, 'is said soon');
like($s->post($join, { room => $room }, as => 'ana')->{status}, qr/^20[01]$/,
    'joining needs none');
$s->post('/inventory/items', { sku => 'C-1', name => 'c' }, as => 'ana');
$r = $s->post($broadcast, { update_type => 'count', sku => 'C-1',
    field => 'quantity', old_value => 1, new_value => 2 }, as => 'ana');
is_status($r, 202, 'nor does announcing: it is in the log');
my $seq = $r->{json}{seq};

# The relay comes: what it missed is there.
$s->start('relay');
$s->wait_joined;
my $late = $s->open_stream(as => 'ana', position => do {
	my ($epoch) = split /:/, $s->get('/inventory/items?limit=1',
	    as => 'ana')->{json}{position};
	"$epoch:0" });
ok($late->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == $seq }, 10), 'a relay that comes later gets it');
$late->close;
$s->finish;

# -- joining

$s = Stockroom->new(relay => 1, env => {
    STOCKROOM_ROOMS => 'inventory_management,workshop',
    STOCKROOM_USER_STREAMS => 2000 });
my $ana = $s->post($join, { room => $room }, as => 'ana');
like($ana->{status}, qr/^20[01]$/, 'ana joins') or diag($ana->{body});
my $j = $ana->{json};
like($j->{sid}, qr/^[A-Za-z0-9_-]{22}$/, 'sid');
is($j->{room}, $room, 'room');
is($j->{user}{username}, 'ana', 'user');
like($j->{user}{user_id}, qr/^\d+$/, 'user_id');
like($j->{user}{color}, qr/^(#[0-9A-Fa-f]{6})?$/, 'colour');
like($j->{ticket}, qr/^v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, 'ticket');
is($j->{stream}, '/push/stream', 'where to listen');
is($j->{poll}, '/push/poll', 'or to ask');
like($j->{position}, qr/^[0-9a-f]{16}:\d+$/, 'position');
like($j->{build}, qr/^\d+\.\d+/, 'build');

my $again = $s->join_room(as => 'ana', ticket => $j->{ticket});
is($again->{sid}, $j->{sid}, 'an old ticket keeps its sid');
isnt($s->join_room(as => 'ana')->{sid}, $j->{sid}, 'without it: a new one');
is_problem($s->post($join, { room => $room, ticket => $j->{ticket} },
    as => 'ben'), 422, "somebody else's ticket");
my $forged = $j->{ticket} =~ s/(.)$/$1 eq 'A' ? 'B' : 'A'/er;
for my $bad ($forged, 'x', '', 'v1..', 'v1.e30.',
    'v2' . substr($j->{ticket}, 2), 'A' x 5000) {
	my $r = $s->post($join, { room => $room, ticket => $bad },
	    as => 'ana');
	is_problem($r, 422, 'a forged ticket: ' . substr($bad, 0, 12),
	    pointer => '/ticket');
}
is($s->join_room(as => 'vera')->{user}{username}, 'vera', 'viewers may join');
is($s->join_room(token => $s->token('ana', name => 'label printer'))
    ->{user}{username}, 'ana', 'so may tokens');

# -- where the events are

for my $case (
    [{ STOCKROOM_BASE => '/stock' }, '/stock/push/stream',
	'/stock/push/poll'],
    [{ STOCKROOM_TRANSPORT => 'poll' }, undef, '/push/poll'],
    [{ STOCKROOM_PUSH_URL => 'https://stock.lan:8443/push',
	STOCKROOM_BASE => '/stock' }, 'https://stock.lan:8443/push/stream',
	'https://stock.lan:8443/push/poll'],
    [{ STOCKROOM_PUSH_URL => 'http://stock.lan:81/a/push',
	STOCKROOM_TRANSPORT => 'poll' }, undef,
	'http://stock.lan:81/a/push/poll']) {
	my ($env, $stream, $poll) = @$case;
	my $other = Stockroom->new(env => $env);
	my $answer = $other->join_room(as => 'ana');
	my $how = join ' ', map { "$_=$env->{$_}" } sort keys %$env;
	is($answer->{stream}, $stream, "$how: stream");
	is($answer->{poll}, $poll, "$how: poll");
	ok(exists $answer->{stream}, "$how: said, be it null");
	$other->finish;
}

# -- presence

sub who
{
	my ($in) = @_;

	my $r = $s->get("$presence?room=" . ($in // $room), as => 'vera');
	die "presence: $r->{status} $r->{body}" unless $r->{status} == 200;
	return $r->{json};
}

is_deeply([@{ who() }{qw(room count)}, scalar @{ who()->{users} }],
    [$room, 0, 0], 'nobody listens yet');
my $one = $s->open_stream(join => $j, position => $j->{position});
ok($one->wait_for('room_joined'), 'ana listens');
my $two = $s->open_stream(as => 'ben', name => 'the other tab');
ok($two->wait_for('room_joined'), 'ben too');
ok($one->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{username} eq 'ben' }), 'ana sees him come');
my $here = who();
is($here->{count}, 2, 'two are here');
my %u = map { $_->{username} => $_ } @{ $here->{users} };
is_deeply([sort keys %u], ['ana', 'ben'], 'these two');
for my $key (qw(sid user_id username name color cursor_position editing_row
    editing_field mode state last_seen)) {
	ok(exists $u{ana}{$key}, "an entry has $key");
}
is($u{ana}{sid}, $j->{sid}, 'by their sid');
is($u{ana}{state}, 'active', 'active');
is($u{ben}{name}, 'the other tab', 'with the name given');
is($u{ana}{name}, '', 'or none');
isnt($u{ana}{color}, $u{ben}{color}, 'in different colours');
like($u{$_}{color}, qr/^#[0-9A-Fa-f]{6}$/, "$_: a colour") for qw(ana ben);
is_deeply($here->{leases}, [], 'nobody edits');
is($s->relay_http('POST', '/push/lease', ticket => $j->{ticket}, json => {
    action => 'take', row => 'C-1', field => 'name' })->{status}, 200,
    'ana edits');
is_deeply([map { "$_->{row} $_->{field} $_->{username}" }
    @{ who()->{leases} }], ['C-1 name ana'], 'and all can ask who does');
is(who('workshop')->{count}, 0, 'the other room is empty');
for my $bad ('?cursor=x', '?cursor=-1', '?cursor=', '?room=nowhere',
    '?room=', '?room=a%00b', '?x=1', '?room=' . 'x' x 1000,
    "?room=$room&room=workshop") {
	my $r = $s->get("$presence$bad", as => 'ana');
	like($r->{status}, qr/^4(00|04|22)$/, "presence$bad") or
	    diag($r->{body});
}

# -- nobody speaks for another

sub post_is
{
	my ($what, $status, $json, $ticket) = @_;

	my $r = $s->relay_http('POST', '/push/cursor', json => $json,
	    ticket => $ticket);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($r->{status}, $status, $what) or diag($r->{body});
	is($r->{json}{status}, $r->{status}, "$what: a problem document")
	    if $r->{status} >= 400;
}

my %cursor = (cursor_position => { x => 1, y => 2 }, editing_row => 'C-1',
    editing_field => 'name', mode => 'edit');
my $idle = $s->join_room(as => 'ana');
post_is('a forged ticket moves no cursor', qr/^401$/, \%cursor, $forged);
post_is('nor does none', qr/^401$/, \%cursor, undef);
post_is('nor one whose page does not listen', qr/^4\d\d$/, \%cursor,
    $idle->{ticket});
post_is("nor does one's own move another's sid", qr/^4\d\d$/,
    { %cursor, sid => $two->{join}{sid} }, $j->{ticket});
%u = map { $_->{username} => $_ } @{ who()->{users} };
is_deeply([map { $u{$_}{editing_row} } qw(ana ben)], [undef, undef],
    'nobody has moved');
post_is('his own he may', qr/^204$/, \%cursor, $j->{ticket});
%u = map { $_->{username} => $_ } @{ who()->{users} };
is_deeply([map { $u{$_}{editing_row} } qw(ana ben)], ['C-1', undef],
    'only his moves');
ok($two->wait_for(sub { $_->{event} =~ /^cursor(s|_updated)$/ }),
    'the others are told');

# -- announcing a change made elsewhere

$s->post('/inventory/items', { sku => 'C-1', name => 'c', quantity => 5 },
    as => 'ana');
my $item = $s->get('/inventory/items/C-1', as => 'ana')->{body};
$r = $s->post($broadcast, { update_type => 'stocktake', sku => 'C-1',
    field => 'quantity', old_value => 5, new_value => '7 <b>' },
    token => $s->token('ana', name => 'label printer'));
is_status($r, 202, 'announced');
for my $st ($one, $two) {
	my $ev = $st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
	    $_->{data}{seq} == $r->{json}{seq} });
	ok($ev, 'everybody hears it') or next;
	my $d = $ev->{data};
	is($d->{source}, 'broadcast', 'marked as such');
	is($d->{username}, 'ana (label printer)', 'by the caller');
	is($d->{update_type}, 'stocktake', 'in his words');
	is_deeply([@$d{qw(sku field old_value new_value)}],
	    ['C-1', 'quantity', 5, '7 <b>'], 'what he said');
	my ($epoch, $seq) = split /:/, $ev->{id};
	is($seq, $d->{seq}, 'with its position');
}
is($s->get('/inventory/items/C-1', as => 'ana')->{body}, $item,
    'the item is as it was');
my $c = $s->get('/inventory/changes?since=' . ($r->{json}{seq} - 1),
    as => 'ana')->{json}{changes}[0];
is($c->{source}, 'broadcast', 'it is in the log');
$r = $s->post($broadcast, { update_type => 'edit', sku => 'C-1',
    field => 'name', old_value => 'c', new_value => 'd', room => 'workshop' },
    as => 'ana');
is_status($r, 202, 'for one room');
my $ev = $one->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == $r->{json}{seq} });
is($ev && $ev->{data}{room}, 'workshop', 'it says for which');
is_problem($s->post($broadcast, { update_type => 'edit', sku => 'C-1',
    field => 'name', old_value => 1, new_value => 2 }, as => 'vera'), 403,
    'viewers announce nothing');

# -- leaving: signed out, disabled, closed

my $cookie = $s->sign_in('ben', again => 1);
my $ben = $s->open_stream(as => 'ben');
ok($ben->wait_for('room_joined'), 'ben again');
$started = time;
is_status($s->delete('/session', as => 'ben'), 204, 'he signs out');
$ev = $ben->wait_for('disconnect', 10);
is($ev && $ev->{data}{code}, 'ticket', 'his stream ends');
cmp_ok(time - $started, '<', 5, 'at once');
delete $s->{cookie}{ben};
ok($one->wait_for(sub { $_->{event} eq 'user_left' &&
    $_->{data}{sid} eq $ben->{join}{sid} }, 3), 'ana sees him go');
ok($two->count('disconnect') == 0, 'his other session goes on');
my $st = Stream->open($s->stream_address, ticket => $ben->{join}{ticket});
is($st->wait_status(5), 401, 'the old ticket opens nothing');
$st->close;

my $vera = $s->open_stream(as => 'vera');
ok($vera->wait_for('room_joined'), 'vera listens');
$started = time;
$s->ctl_ok(['user', 'disable', 'vera']);
$ev = $vera->wait_for('disconnect', 5);
is($ev && $ev->{data}{code}, 'ticket', "a disabled user's stream ends");
my $printer = $s->open_stream(token => $s->token('ana', name =>
    'label printer'));
ok($printer->wait_for('room_joined'), 'a token listens');
$s->ctl_ok(['token', 'revoke', 'label printer']);
$ev = $printer->wait_for('disconnect', 5);
is($ev && $ev->{data}{code}, 'ticket', "a revoked token's stream ends");

# -- a crowd is read page by page

for my $n (1 .. 1150) {
	my $guest = $s->join_room(as => 'ana', name => "Guest $n",
	    room => 'workshop');
	my $r = $s->relay_http('POST', '/push/beat', json => {},
	    ticket => $guest->{ticket});
	is($r->{status}, 204, 'a guest') if $r->{status} != 204;
}
my ($pages, $cursor, %seen) = (0, undef);
do {
	my $r = $s->get("$presence?room=workshop" .
	    (defined $cursor ? "&cursor=$cursor" : ''), as => 'ben');
	is($r->{json}{count}, 1150, 'each page counts all');
	$seen{ $_->{name} }++ for @{ $r->{json}{users} };
	$cursor = $r->{json}{next_cursor};
	$pages++;
} while (defined $cursor && $pages < 5);
is($pages, 2, 'two pages');
is_deeply([scalar keys %seen, grep { $_ != 1 } values %seen], [1150],
    'have everybody once');
$_->close for $one, $two;
$s->finish;

# -- below a prefix, and switched off

$s = Stockroom->new(relay => 1, users => { ana => 'editor' }, env => {
    STOCKROOM_BASE => '/stock', STOCKROOM_COLLABORATION => 0 });
is($s->join_room(as => 'ana')->{stream}, '/stock/push/stream',
    'the stream is below the prefix');
ok(!$s->get('/session', as => 'ana')->{json}{settings}{collaboration},
    'the page is told when collaboration is off');
$s->finish;

done_testing;
