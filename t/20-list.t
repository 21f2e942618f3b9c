#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The list of items: pages, order, filters, search, counts.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(demo => 1);
my @who = (token => $s->token('vera'));
my @ana = (token => $s->token('ana'));
my $items = '/inventory/items';

# Every item, page by page; BETWEEN is called after each page.
sub walk
{
	my ($query, $between) = @_;

	my (@all, $cursor);
	for (1 .. 1000) {
		my $r = $s->get("$items?$query" .
		    (defined $cursor ? "&cursor=$cursor" : ''), @who);
		die "$query: $r->{status} $r->{body}"
		    unless $r->{status} == 200;
		push @all, @{ $r->{json}{items} };
		$cursor = $r->{json}{next_cursor};
		return @all unless defined $cursor;
		$between->() if $between;
	}
	die "$query does not end";
}

sub skus { return join ' ', map { $_->{sku} } @_ }

my @all = walk('limit=100');
is(scalar @all, 200, 'the demo has 200 items');
my %by_sku = map { $_->{sku} => $_ } @all;
is(scalar keys %by_sku, 200, 'each once');

# -- pages and order

for my $by (qw(sku name location quantity updated_at)) {
	my @want = sort {
		($by eq 'quantity' ? $a->{$by} <=> $b->{$by} :
		    $a->{$by} cmp $b->{$by}) || $a->{sku} cmp $b->{sku}
	} @all;
	is(skus(walk("limit=7&sort=$by")), skus(@want), "sort=$by");
	my %key;
	my @down = walk("limit=13&sort=-$by");
	my $out = 0;
	for my $i (1 .. $#down) {
		my ($x, $y) = @down[$i - 1, $i];
		$out++ if $by eq 'quantity' ? $x->{$by} < $y->{$by} :
		    $x->{$by} lt $y->{$by};
	}
	is($out, 0, "sort=-$by: in order");
	is(scalar(keys %{ { map { $_->{sku} => 1 } @down } }), 200,
	    "sort=-$by: every item");
	is(scalar @down, 200, "sort=-$by: none twice");
}
my $r = $s->get("$items?limit=200", @who);
is(scalar @{ $r->{json}{items} }, 200, 'the last page may be full');
ok(exists $r->{json}{next_cursor} && !defined $r->{json}{next_cursor},
    'and no page follows');
is(scalar @{ $s->get($items, @who)->{json}{items} } > 10, 1,
    'there is a limit by default');
is($s->get("$items?sort=-updated_at,sku&limit=3", @who)->{status}, 200,
    'the order may name sku as the last');

# -- the position and the counts

like($r->{json}{position}, qr/^[0-9a-f]{16}:[0-9]+$/, 'a position');
my $seq = position_seq($r->{json}{position});
my $t = $s->post($items, { sku => 'ZZZ-1', name => 'last', quantity => 3,
    reorder_level => 3, qty_ordered => 1 }, @ana)->{json};
$r = $s->get("$items?limit=1&location=nowhere", @who);
is(position_seq($r->{json}{position}), $seq + 1, 'it follows the changes');
is(scalar @{ $r->{json}{items} }, 0, 'nothing is nowhere');
push @all, $t;
my %count = (all => scalar @all,
    low => scalar(grep { $_->{stock} eq 'low' } @all),
    out => scalar(grep { $_->{stock} eq 'out' } @all),
    on_order => scalar(grep { $_->{on_order} } @all));
is_deeply($r->{json}{counts}, \%count,
    'counts are of the whole inventory, whatever the filter');
ok($count{$_} > 0, "the demo has some: $_") for qw(low out on_order);

# -- the counts follow every change of an item's kind

sub counts_are
{
	my ($change, $name) = @_;

	$count{$_} += $change->{$_} for keys %$change;
	is_deeply($s->get("$items?limit=1", @who)->{json}{counts}, \%count,
	    $name);
}

for (['{"quantity":0}', { low => -1, out => 1 }, 'nothing left'],
    ['{"quantity":0,"qty_ordered":0}', { on_order => -1 }, 'not ordered'],
    ['{"quantity":4}', { out => -1 }, 'enough'],
    ['{"reorder_level":4}', { low => 1 }, 'a higher level'],
    ['{"quantity":0.001,"qty_ordered":0.5}', { on_order => 1 }, 'a bit'],
    ['{"quantity":5,"name":"last one"}', { low => -1 }, 'enough again']) {
	my ($body, $change, $name) = @$_;
	is_status($s->request('PATCH', "$items/ZZZ-1", @ana, body => $body,
	    type => 'application/json'), 200, "$name: changed");
	counts_are($change, "$name: counted");
}
is_status($s->patch("$items/ZZZ-1", { quantity => -1 }, @ana), 422, 'refused');
counts_are({}, 'what is refused is not counted');
is_status($s->patch("$items/ZZZ-1", { quantity => 2 }, @ana), 200, 'low');
counts_are({ low => 1 }, 'low: counted');
is_status($s->delete("$items/ZZZ-1", @ana), 204, 'deleted');
counts_are({ all => -1, low => -1, on_order => -1 }, 'deleted: counted');
$all[-1] = $s->post($items, { sku => 'ZZZ-1', name => 'last', quantity => 3,
    reorder_level => 3, qty_ordered => 1 }, @ana)->{json};
counts_are({ all => 1, low => 1, on_order => 1 }, 'made again: counted');

# -- filters and search

sub filter_is
{
	my ($query, $test, $name) = @_;

	my @got = walk("limit=50&sort=sku&$query");
	my @want = sort { $a->{sku} cmp $b->{sku} } grep { $test->() } @all;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(@want > 0, "$name: there are some");
	is(skus(@got), skus(@want), $name);
}

sub uri
{
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	return $text =~ s/([^A-Za-z0-9._-])/sprintf '%%%02X', ord $1/ger;
}

my $place = (sort map { $_->{location} } @all)[100];
my $unit = (sort map { $_->{unit} } @all)[100];
filter_is('location=' . uri($place), sub { $_->{location} eq $place },
    'location=');
filter_is('location=eq.' . uri($place), sub { $_->{location} eq $place },
    'location=eq.');
filter_is('location=ne.' . uri($place), sub { $_->{location} ne $place },
    'location=ne.');
filter_is('quantity=lt.10', sub { $_->{quantity} < 10 }, 'quantity=lt.');
filter_is('quantity=le.3', sub { $_->{quantity} <= 3 }, 'quantity=le.');
filter_is('quantity=gt.3', sub { $_->{quantity} > 3 }, 'quantity=gt.');
filter_is('quantity=ge.3', sub { $_->{quantity} >= 3 }, 'quantity=ge.');
filter_is('quantity=3', sub { $_->{quantity} == 3 }, 'quantity=3');
filter_is('quantity=ge.2&quantity=lt.20&location=' . uri($place), sub {
	$_->{quantity} >= 2 && $_->{quantity} < 20 &&
	    $_->{location} eq $place }, 'several at once');
filter_is('quantity=lt.10&unit=' . uri($unit), sub {
	$_->{quantity} < 10 && $_->{unit} eq $unit }, 'two fields at once');
filter_is("sku=in.(ZZZ-1,$all[5]{sku},$all[77]{sku},NOPE)", sub {
	$_->{sku} =~ /^(?:ZZZ-1|\Q$all[5]{sku}\E|\Q$all[77]{sku}\E)$/ },
    'sku=in.');
filter_is("stock=$_", do { my $want = $_; sub { $_->{stock} eq $want } },
    "stock=$_") for qw(out low ok);
filter_is('on_order=true', sub { $_->{on_order} }, 'on_order=true');
filter_is('status=active', sub { $_->{status} eq 'active' },
    'status=active');

my ($word) = $all[42]{name} =~ /(\w{4,})/;
filter_is("q=$word", sub {
	grep { /\Q$word\E/i } @$_{qw(sku name location notes)} },
    "q=$word: found in names");
filter_is('q=' . uc $word, sub {
	grep { /\Q$word\E/i } @$_{qw(sku name location notes)} },
    'q= in capitals: the same');
filter_is('q=zzz-1', sub { $_->{sku} eq 'ZZZ-1' }, 'q= finds SKUs');
$s->patch("$items/ZZZ-1", { name => '100%_pure "x" äÖ' }, @ana);
@all = walk('limit=200');
filter_is('q=' . uri('%_'), sub { $_->{sku} eq 'ZZZ-1' },
    'q= takes % and _ as they are');
filter_is('q=' . uri('"x"'), sub { $_->{sku} eq 'ZZZ-1' }, 'and quotes');
is(scalar(walk('q=' . uri(q(' OR 1=1 --)))), 0, 'q= is no SQL');
is(scalar(walk('location=' . uri(q(' OR 1=1 --)))), 0, 'nor is a filter');

# -- what cannot be read

my %cursor = map { $_ => $s->get("$items?limit=5&sort=$_", @who)
    ->{json}{next_cursor} } qw(sku name);
for my $bad ('x=1', 'limit=0', 'limit=-1', 'limit=abc', 'limit=', 'limit=1e2',
    'limit=1000000', 'limit=99999999999999999999', 'sort=', 'sort=notes',
    'sort=sku,name', 'sort=sku;drop', 'sort=--sku', 'limit=5&limit=6',
    'cursor=', 'cursor=AAAA', 'cursor=' . 'A' x 3000,
    "cursor=$cursor{name}&sort=sku", "cursor=$cursor{sku}x",
    'quantity=lt.', 'quantity=lt.abc', 'quantity=abc', 'quantity=zz.3',
    'quantity=1.2345', 'status=zz', 'stock=zz', 'on_order=zz', 'q=a%00b',
    'q=%ff', 'location=%zz', 'password_hash=1', 'version=zz', 'q=' .
    'a' x 5000, '=1', 'stock=lt.ok',
    'sku=in.', 'sku=in.(', 'sku=in.(a', 'sku=in.a,b', 'quantity=in.(1,x)',
    'quantity=lt.1&quantity=lt.2') {
	my $r = $s->get("$items?$bad", @who);
	is_problem($r, 400, 'refused: ' . substr $bad, 0, 40);
}
is_problem($s->get("$items?nonsense=1", @who), 400, 'an unknown parameter',
    pointer => '?nonsense');
is_problem($s->get("$items?limit=zz", @who), 400, 'a bad limit',
    pointer => '?limit');

# -- pages while others write: what was there all the time comes once

my %there = map { $_->{sku} => 1 } @all;
my $n = 0;
my $writer = sub {
	# One before, one after, one in the middle of what is still to come,
	# and one of them goes again.
	$s->post($items, { sku => sprintf('%s-%04d', $_, $n), name => $_,
	    quantity => $n }, @ana) for qw(A000 M000 ZZZZ);
	$s->delete(sprintf('%s/M000-%04d', $items, $n - 1), @ana) if $n > 1;
	$n++;
};
for my $sort (qw(sku -sku name quantity -location)) {
	my %seen;
	$seen{ $_->{sku} }++ for walk("limit=11&sort=$sort", $writer);
	is(join(' ', grep { !$seen{$_} } sort keys %there), '',
	    "sort=$sort under a writer: none lost");
	is(join(' ', grep { $seen{$_} > 1 } sort keys %seen), '',
	    "sort=$sort under a writer: none twice");
}
my ($walked) = parallel(2, sub {
	my ($i) = @_;
	if ($i == 1) {
		$writer->() for 1 .. 20;
		return;
	}
	my %seen;
	$seen{ $_->{sku} }++ for walk('limit=5&sort=name');
	return \%seen;
});
is(join(' ', grep { ($walked->{$_} // 0) != 1 } sort keys %there), '',
    'a writer in a process of its own: each once');

$s->finish;
done_testing;
