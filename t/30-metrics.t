#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The relay's figures: in Prometheus' format to the letter, and true.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Prometheus;
use Stockroom;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor',
    ben => 'editor', eve => 'viewer' });
my @ana = (token => $s->token('ana'));
my $items = '/inventory/items';

sub scrape
{
	my $r = $s->relay_http('GET', '/metrics');
	is($r->{headers}{'content-type'},
	    'text/plain; version=0.0.4; charset=utf-8', 'text 0.0.4');
	my $m = Prometheus->read($r->{body});
	is_deeply($m->complaints, [], 'without a fault');
	return $m;
}

# Wait until a figure is so much higher than in $before.
my $before;
sub rises
{
	my ($n, $name, @labels) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $was = $before->value("stockroom_relay_$name", @labels);
	my $is;
	$s->wait_for(sub {
		$is = Prometheus->read($s->relay_http('GET', '/metrics')
		    ->{body})->value("stockroom_relay_$name", @labels);
		return $is - $was >= $n;
	}, 10);
	return is($is - $was, $n, "$name @labels: $n more");
}

# -- deliveries: of streams that are there, each once

my @streams = map { $s->open_stream(as => $_) } qw(ana ben);
ok($_->wait_for('room_joined'), 'a stream') for @streams;
$before = scrape();
is($before->value('stockroom_relay_streams'), 2, 'two streams');
is($before->value('stockroom_relay_rooms'), 1, 'in one room');
is_deeply($s->relay_http('GET', '/healthz')->{json}{rooms},
    [{ room => $s->room, people => 2, pages => 2 }],
    'which healthz tells of');
is_status($s->post($items, { sku => "M-$_", name => 'm' }, @ana), 201,
    "item $_") for 1 .. 3;
for my $st (@streams) {
	ok($st->wait_for('inventory_changed'), 'hears it') for 1 .. 3;
}
rises(6, 'delivery_seconds_count');
rises(6, 'fanout_seconds_count');
rises(3, 'events_total');
rises(0, 'replays_total');
my $after = scrape();
for my $name (qw(delivery fanout)) {
	my $sum = $after->value("stockroom_relay_${name}_seconds_sum");
	cmp_ok($sum, '>=', 0, "$name: not before it came");
	cmp_ok($sum, '<', 6 * 5, "$name: in time");
}
cmp_ok($after->value('stockroom_relay_bytes_total') -
    $before->value('stockroom_relay_bytes_total'), '>', 6 * 100, 'bytes');
is($after->value('stockroom_relay_queue_bytes'), 0, 'nothing waits');

# -- what was there before a stream is a replay, and says nothing of speed

$before = scrape();
my ($epoch) = $streams[0]{join}{position} =~ /^(\w+):/;
my $late = $s->open_stream(as => 'eve', position => "$epoch:0");
ok($late->wait_for('inventory_changed'), 'a replay') for 1 .. 3;
rises(3, 'replays_total');
rises(0, 'delivery_seconds_count');
rises(1, 'streams_replayed_total');

# -- why streams end

$before = scrape();
my $again = $s->open_stream(join => $late->{join});
ok($again->wait_for('room_joined'), 'another stream of the same page');
rises(1, 'disconnects_total', code => 'replaced');
my $bad = Stream->open($s->stream_address, ticket => $late->{join}{ticket},
    position => 'nonsense');
ok($bad->wait_for('disconnect'), 'a position that is none');
rises(1, 'disconnects_total', code => 'position');
my $out = $s->open_stream(as => 'ben');
ok($out->wait_for('room_joined'), 'ben, once more');
is_status($s->delete('/session', as => 'ben'), 204, 'ben signs out');
rises(1, 'revocations_total');
rises(2, 'disconnects_total', code => 'ticket');

# -- what is refused

$before = scrape();
is($s->relay_http('POST', '/push/beat', ticket => 'v1.no.ticket',
    json => { state => 'active' })->{status}, 401, 'no ticket');
rises(1, 'tickets_refused_total');
my $status = 0;
for (1 .. 500) {
	$status = $s->relay_http('POST', '/push/beat',
	    ticket => $streams[0]{join}{ticket},
	    json => { state => 'active' })->{status};
	last if $status == 429;
}
is($status, 429, 'beats without end');
rises(1, 'limited_total');

# -- a ticket in an address works once, and the log says what came of it

$late = $s->join_room(as => 'eve');
my $path = "/push/stream?ticket=$late->{ticket}";
my $once = Stream->open($s->stream_address, path => $path);
ok($once->wait_for('room_joined'), 'a ticket in the address');
my $r = $s->relay_http('GET', $path);
is($r->{status}, 401, 'works once');
like($r->{headers}{'x-request-id'}, qr/^\S+$/, 'its answer has an id');
like($s->log_text('relay'), qr/^.* request id=\Q$r->{headers}{'x-request-id'
    }\E method=GET path=\/push\/stream status=401 /m,
    'its line has the status that it got');
unlike($s->log_text('relay'), qr/ticket=|\Q$late->{ticket}\E/,
    'and no line a ticket');
my ($id) = ($once->{headers}{'x-request-id'} // '') =~ /^(p\w+-\w+)$/;
ok($id, 'a stream has an id');
$once->close;
ok($s->wait_for(sub {
	return $s->log_text('relay') =~
	    /^.* stream-end id=\Q$id\E ms=\d+ out=[1-9]\d+$/m;
}, 10), 'and its end a line');

$s->finish;
done_testing;
