#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# One item's life: made, read, changed, renamed, deleted, made again.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(demo => 1);
my @ana = (as => 'ana');
my @ben = (token => $s->token('ben'));
my $items = '/inventory/items';

sub head
{
	return position_seq($s->get("$items?limit=1", @ben)
	    ->{json}{position});
}

sub changes
{
	my ($since) = @_;

	return $s->get("/inventory/changes?since=$since", @ben)
	    ->{json}{changes};
}

# -- made

my $seq = head();
my $r = $s->post($items, { sku => 'New.1_a-B', name => 'Spanner 10 mm' },
    @ana);
is_status($r, 201, 'created');
my $v = $seq + 1;
is($r->{headers}{location}, '/api/v1/inventory/items/New.1_a-B', 'Location');
is($r->{headers}{etag}, qq("v$v"), 'ETag');
like($r->{headers}{'content-type'}, qr{^application/json}, 'JSON');
like($r->{headers}{'x-request-id'}, qr/^[0-9a-f]{16}$/, 'a request id');
is($r->{headers}{'cache-control'}, 'no-store', 'no-store');
is($r->{headers}{'x-content-type-options'}, 'nosniff', 'nosniff');
my $it = $r->{json};
my %want = (sku => 'New.1_a-B', name => 'Spanner 10 mm', location => '',
    quantity => 0, unit => '', qty_ordered => 0, reorder_level => 0,
    status => 'active', notes => '', stock => 'out', version => $v,
    updated_by => 'ana');
for my $key (sort keys %want) {
	is($it->{$key}, $want{$key}, "a new item's $key");
}
ok(JSON::PP::is_bool($it->{on_order}) && !$it->{on_order}, 'on_order');
my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
like($it->{created_at}, $time, 'created_at');
is($it->{updated_at}, $it->{created_at}, 'updated_at');
ok(exists $it->{qty_ordered_jason}, 'the custom column is a member');
is($s->get("$items/New.1_a-B", @ben)->{body}, $r->{body},
    'GET reads the same');
is($s->get("$items/New.1_a-B", @ben)->{headers}{etag}, qq("v$v"),
    'with its ETag');
is_problem($s->get("$items/new.1_a-b", @ben), 404,
    'a SKU is read exactly');
is(head(), $v, 'one change');
is(changes($seq)->[0]{update_type}, 'create', 'a create');

my %full = (sku => 'FULL-1', name => "Öse \x{1F529} <b>\"'&", location =>
    'A1 / Regal 2', quantity => 12.5, unit => 'kg', qty_ordered => 3,
    reorder_level => 20.125, status => 'discontinued',
    notes => "two\nlines\tand a tab", qty_ordered_jason => 7);
$r = $s->post($items, \%full, @ben);
is_status($r, 201, 'created with everything');
for my $key (sort keys %full) {
	is($r->{json}{$key}, $full{$key}, "its $key");
}
is($r->{json}{stock}, 'low', 'at or below the reorder level: low');
ok($r->{json}{on_order}, 'something is on order');
is($r->{json}{updated_by}, 'ben (ben token)', 'by a token');

# -- quantities are exact

my %exact = ('0.1' => '0.1', '0.001' => '0.001', '12.50' => '12.5',
    '999999999.999' => '999999999.999', '7' => '7', '7.0' => '7',
    '0' => '0', '0.000' => '0', '123456.789' => '123456.789',
    '0.3' => '0.3', '4503599.627' => '4503599.627');
for my $text (sort keys %exact) {
	$r = $s->request('PATCH', "$items/FULL-1",
	    body => qq({"quantity":$text}), @ben);
	my ($got) = $r->{body} =~ /"quantity":\s*([^,}\s]+)/;
	is($got, $exact{$text}, "quantity $text is kept exactly");
}
my @stock = ([0, 5, 'out'], [0, 0, 'out'], [5, 5, 'low'], [4.999, 5, 'low'],
    [5.001, 5, 'ok'], [1, 0, 'ok'], [0.001, 0, 'ok']);
for (@stock) {
	my ($quantity, $level, $want) = @$_;
	$r = $s->patch("$items/FULL-1", { quantity => $quantity,
	    reorder_level => $level }, @ben);
	is($r->{json}{stock}, $want, "$quantity of at least $level: $want");
}

# -- changed

my $old = $s->get("$items/FULL-1", @ben)->{json};
$seq = head();
$r = $s->patch("$items/FULL-1", { name => 'Ring', qty_ordered_jason => 9 },
    @ana);
is_status($r, 200, 'changed');
is($r->{json}{version}, $seq + 1, 'its version is the change');
is($r->{headers}{etag}, '"v' . ($seq + 1) . '"', 'and its ETag');
is($r->{json}{updated_by}, 'ana', 'by ana');
is($r->{json}{created_at}, $old->{created_at}, 'created_at stays');
for my $key (qw(sku location quantity unit notes status)) {
	is($r->{json}{$key}, $old->{$key}, "$key stays");
}
my $c = changes($seq);
is(scalar @$c, 1, 'one change for two fields');
is($c->[0]{update_type}, 'edit', 'an edit');
is_deeply([sort map { $_->{field} } @{ $c->[0]{changes} }],
    ['name', 'qty_ordered_jason'], 'that lists what changed');

$r = $s->patch("$items/FULL-1", { name => 'Ring', location =>
    $old->{location} }, @ben);
is_status($r, 200, 'the same values');
is($r->{json}{version}, $seq + 1, 'change nothing');
is($r->{json}{updated_by}, 'ana', 'nor who changed it last');
is(head(), $seq + 1, 'nor the log');
is_status($s->patch("$items/FULL-1", {}, @ben), 200, 'an empty change');
is(head(), $seq + 1, 'changes nothing either');

# -- If-Match

my $etag = $r->{headers}{etag};
is_status($s->patch("$items/FULL-1", { notes => 'a' }, @ben,
    headers => { 'If-Match' => $etag }), 200, 'If-Match that holds');
nothing_changed($s, $ben[1], 'stale If-Match', sub {
	is_problem($s->patch("$items/FULL-1", { notes => 'b' }, @ben,
	    headers => { 'If-Match' => $etag }), 412, 'PATCH, stale');
	is_problem($s->delete("$items/FULL-1", @ben,
	    headers => { 'If-Match' => $etag }), 412, 'DELETE, stale');
	is_problem($s->post("$items/FULL-1/adjustments", { delta => 1 },
	    @ben, headers => { 'If-Match' => $etag }), 412,
	    'adjustment, stale');
	for my $bad ('v1', '"v1', 'W/"v1"', '"1"', '""', '"v"', '"vx"',
	    '"v99999999999999999999999"', 'x' x 500) {
		my $st = $s->patch("$items/FULL-1", { notes => 'b' }, @ben,
		    headers => { 'If-Match' => $bad });
		ok($st->{status} == 400 || $st->{status} == 412,
		    'If-Match ' . substr($bad, 0, 30) . ' is refused') or
		    diag("$st->{status} $st->{body}");
	}
});
is_status($s->patch("$items/FULL-1", { notes => 'c' }, @ben,
    headers => { 'If-Match' => '*' }), 200, 'If-Match: *');
is_problem($s->patch("$items/NOPE", { notes => 'c' }, @ben,
    headers => { 'If-Match' => '*' }), 404, 'nothing there to match');

# -- SKUs clash

nothing_changed($s, $ben[1], 'a SKU that is taken', sub {
	is_problem($s->post($items, { sku => 'FULL-1', name => 'x' }, @ben),
	    409, 'create');
	is_problem($s->patch("$items/New.1_a-B", { sku => 'FULL-1' }, @ben),
	    409, 'rename');
});
my @made = parallel(8, sub {
	return $s->post($items, { sku => 'RACE-1', name => "r$_[0]" }, @ben)
	    ->{status};
});
is_deeply([sort @made], [201, (409) x 7], 'of eight creates at once one wins');

# -- renamed

$seq = head();
$r = $s->patch("$items/FULL-1", { sku => 'FULL-2' }, @ana);
is_status($r, 200, 'renamed');
is($r->{json}{sku}, 'FULL-2', 'to its new SKU');
is_problem($s->get("$items/FULL-1", @ben), 404, 'the old one is gone');
my $h = $s->get("$items/FULL-2/history", @ben)->{json};
my @all = @{ $h->{changes} // [] };
is($all[-1]{update_type}, 'create', 'the history goes back to the start');
is($all[0]{seq}, $seq + 1, 'and up to the renaming');
is(changes($seq)->[0]{field}, 'sku', 'which is a change of sku');
is(changes($seq)->[0]{old_value}, 'FULL-1', 'from the old one');
is(changes($seq)->[0]{new_value}, 'FULL-2', 'to the new one');

# -- deleted, and made again

$seq = head();
is_status($s->delete("$items/FULL-2", @ana), 204, 'deleted');
is_problem($s->get("$items/FULL-2", @ben), 404, 'it is gone');
is_problem($s->delete("$items/FULL-2", @ben), 404, 'it cannot go twice');
is_problem($s->patch("$items/FULL-2", { name => 'x' }, @ben), 404,
    'nor be changed');
is_problem($s->post("$items/FULL-2/adjustments", { delta => 1 }, @ben), 404,
    'nor adjusted');
$c = changes($seq);
is(scalar @$c, 1, 'one change');
is($c->[0]{update_type}, 'delete', 'a delete');
is($c->[0]{field}, 'sku', 'that names the SKU first');
is(scalar(grep { defined $_->{new_value} } @{ $c->[0]{changes} }), 0,
    'and leaves no value');
$r = $s->post($items, { sku => 'FULL-2', name => 'again' }, @ben);
is_status($r, 201, 'made again');
is($r->{json}{version}, $seq + 2, 'with a version never used before');
$h = $s->get("$items/FULL-2/history", @ben)->{json}{changes};
is(scalar @$h, 1, 'and a history of its own');
is_problem($s->patch("$items/FULL-2", { name => 'x' }, @ben,
    headers => { 'If-Match' => qq("v$seq") }), 412,
    'an ETag of the deleted one does not fit it');

# -- the columns

$r = $s->get('/inventory/fields', @ben);
is_status($r, 200, 'fields');
my %field = map { $_->{name} => $_ } @{ $r->{json}{fields} };
is(join(' ', grep { !exists $field{$_} } qw(sku name location quantity unit
    qty_ordered reorder_level status notes qty_ordered_jason)), '',
    'every column is there');
for my $f (values %field) {
	like($f->{type}, qr/^(text|number|choice)$/, "$f->{name}: type");
	ok(length $f->{label}, "$f->{name}: label");
	ok(JSON::PP::is_bool($f->{$_}), "$f->{name}: $_")
	    for qw(required read_only custom);
	is($f->{custom} ? 1 : 0, $f->{name} =~ /jason/ ? 1 : 0,
	    "$f->{name}: custom or not");
}
is_deeply($field{status}{choices}, ['active', 'discontinued'],
    'the choices of status');
ok($field{sku}{required} && $field{name}{required}, 'sku and name are needed');
is($field{name}{max_length}, 200, 'the length of a name');

$s->finish;
done_testing;
