#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Idempotency-Key: a request that is sent again is not done again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1,
    users => { ana => 'editor', ben => 'editor', vera => 'viewer' });
my @ana = (token => $s->token('ana'));
my @ben = (token => $s->token('ben'));
my $items = '/inventory/items';

sub head
{
	return position_seq($s->get("$items?limit=1", @ana)
	    ->{json}{position});
}

# Send twice: the same answer, one change.
sub is_once
{
	my ($name, $method, $path, $body, $key) = @_;

	my $before = head();
	my ($x, $y) = map { $s->request($method, $path, json => $body, @ana,
	    key => $key) } 1, 2;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($x->{status}, qr/^20[0-9]$/, "$name: done") or diag($x->{body});
	is($y->{status}, $x->{status}, "$name: the same status again");
	is($y->{body}, $x->{body}, "$name: the same body");
	is($y->{headers}{$_}, $x->{headers}{$_}, "$name: the same $_")
	    for qw(etag location content-type);
	isnt($y->{headers}{'x-request-id'}, $x->{headers}{'x-request-id'},
	    "$name: a request of its own");
	is(head(), $before + 1, "$name: one change");
}

is_once('create', 'POST', $items, { sku => 'I-1', name => 'a' }, 'key-1');
is_once('change', 'PATCH', "$items/I-1", { quantity => 10 }, 'key-2');
is_once('adjustment', 'POST', "$items/I-1/adjustments", { delta => -1 },
    'key-3');
is($s->get("$items/I-1", @ana)->{json}{quantity}, 9, 'adjusted once');
is_once('broadcast', 'POST', '/inventory/collaboration/broadcast-change',
    { update_type => 'count', sku => 'I-1', field => 'quantity',
    old_value => 1, new_value => 2 }, 'key-4');

# The answer of then, though the item has changed since.
$s->patch("$items/I-1", { quantity => 50 }, @ana);
my $r = $s->patch("$items/I-1", { quantity => 10 }, @ana, key => 'key-2');
is($r->{json}{quantity}, 10, 'the answer is the one of then');
is($s->get("$items/I-1", @ana)->{json}{quantity}, 50, 'nothing was done');

# -- the same key for something else

nothing_changed($s, $ana[1], 'a key used for something else', sub {
	is_problem($s->post($items, { sku => 'I-2', name => 'a' }, @ana,
	    key => 'key-1'), 422, 'another body');
	is_problem($s->post("$items/I-1/adjustments", { delta => -1 }, @ana,
	    key => 'key-1'), 422, 'another route');
	my $other = $s->patch("$items/NOPE", { quantity => 10 }, @ana,
	    key => 'key-2');
	is_problem($other, 422, 'another item');
	is($other->{json}{type}, '/problems/key-used', 'said by its type');
});

# -- a key belongs to a user

is_status($s->post($items, { sku => 'I-3', name => 'a' }, @ben,
    key => 'key-1'), 201, "ben's key-1 is his own");

# -- failures are not kept

nothing_changed($s, $ana[1], 'failures', sub {
	is_problem($s->post($items, { sku => 'I-1', name => 'a' }, @ana,
	    key => 'key-5'), 409, 'a failure');
});
is_status($s->post($items, { sku => 'I-5', name => 'a' }, @ana,
    key => 'key-5'), 201, 'leaves its key free');
is_problem($s->post("$items/I-5/adjustments", { delta => -1 }, @ana,
    key => 'key-6'), 409, 'below zero');
$s->patch("$items/I-5", { quantity => 1 }, @ana);
is_status($s->post("$items/I-5/adjustments", { delta => -1 }, @ana,
    key => 'key-6'), 200, 'later the same request may succeed');

# -- who may not, may not learn the answer either

is_problem($s->post($items, { sku => 'I-1', name => 'a' },
    token => $s->token('vera'), key => 'key-1'), 403, 'a viewer stays out');
is_problem($s->post($items, { sku => 'I-1', name => 'a' }, key => 'key-1',
    headers => { 'Sec-Fetch-Site' => 'same-origin' }), 401, 'nobody too');
my $low = $s->token('ana', name => 'low', role => 'viewer');
is_problem($s->post($items, { sku => 'I-1', name => 'a' }, token => $low,
    key => 'key-1'), 403, "so does ana's own viewer token");

# -- keys that are none

nothing_changed($s, $ana[1], 'bad keys', sub {
	is_problem($s->post($items, { sku => 'I-9', name => 'a' }, @ana,
	    params => { HTTP_IDEMPOTENCY_KEY => $_ }), 400,
	    'key of ' . length) for    'k' x 300, "a\nb", "a\x01b", "a\xffb";
});

# -- all at once: one does it, all get its answer

my $before = head();
my @got = parallel(8, sub {
	my $r = $s->post("$items/I-1/adjustments", { delta => -1 }, @ana,
	    key => 'race-1');
	return [$r->{status}, $r->{body}];
});
is_deeply([map { $_->[0] } @got], [(200) x 8], 'eight at once: all succeed');
is(scalar(keys %{ { map { $_->[1] => 1 } @got } }), 1, 'with one answer');
is(head(), $before + 1, 'and one change');
is($s->get("$items/I-1", @ana)->{json}{quantity}, 49, 'of one');

# -- kept over a restart

$s->restart('app');
is_status($s->post("$items/I-1/adjustments", { delta => -1 }, @ana,
    key => 'race-1'), 200, 'after a restart');
is($s->get("$items/I-1", @ana)->{json}{quantity}, 49, 'still done once');

$s->finish;
done_testing;
