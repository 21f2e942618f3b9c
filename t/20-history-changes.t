#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The log: the changes since a position, and one item's history.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(demo => 1);
my @ana = (token => $s->token('ana'));
my $items = '/inventory/items';
my $changes = '/inventory/changes';

my $start = $s->get("$items?limit=1", @ana)->{json}{position};
my ($epoch, $seq) = split /:/, $start;
like($epoch, qr/^[0-9a-f]{16}$/, 'an epoch');

my $r = $s->get("$changes?since=$seq", @ana);
is_status($r, 200, 'nothing yet');
is_deeply($r->{json}, { changes => [], position => $start,
    more => JSON::PP::false }, 'is an empty page');

$s->post($items, { sku => 'H-1', name => 'one', quantity => 4 }, @ana);
$s->patch("$items/H-1", { quantity => 5, name => 'uno' }, as => 'ben');
$s->post("$items/H-1/adjustments", { delta => -1, reason => 'broken' },
    @ana);
$s->patch("$items/H-1", { sku => 'H-2' }, @ana);
$s->delete("$items/H-2", as => 'ben');

$r = $s->get("$changes?since=$seq", @ana);
my @c = @{ $r->{json}{changes} };
is_deeply([map { $_->{seq} } @c], [$seq + 1 .. $seq + 5], 'in order, no hole');
is_deeply([map { $_->{update_type} } @c],
    [qw(create edit adjust edit delete)], 'what was done');
is_deeply([map { $_->{username} } @c], ['ana (ana token)', 'ben',
    'ana (ana token)', 'ana (ana token)', 'ben'], 'by whom');
is($r->{json}{position}, "$epoch:" . ($seq + 5), 'the position after them');
ok(!$r->{json}{more}, 'and no more');
for my $c (@c) {
	my $what = "change $c->{seq}";
	like($c->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
	    "$what: timestamp");
	is($c->{version}, $c->{seq}, "$what: version");
	is($c->{source}, 'api', "$what: source");
	ok(exists $c->{room} && !defined $c->{room}, "$what: every room");
	like($c->{user_id}, qr/^[0-9]+$/, "$what: user_id");
	is_deeply([@$c{qw(field old_value new_value)}],
	    [@{ $c->{changes}[0] }{qw(field old_value new_value)}],
	    "$what: the first of changes at the top");
	cmp_ok(length $Stockroom::json->encode($c), '<=', 16384, "$what: size");
}
is(scalar(grep { defined $_->{old_value} } @{ $c[0]{changes} }), 0,
    'a create has no old values');
my %made = map { $_->{field} => $_->{new_value} } @{ $c[0]{changes} };
is($made{quantity}, 4, 'a create lists what it set');
is($made{sku}, 'H-1', 'and the SKU');
is($c[0]{field}, 'sku', 'first');
is(scalar(grep { defined $_->{new_value} } @{ $c[4]{changes} }), 0,
    'a delete has no new values');
is_deeply([map { [@$_{qw(field old_value new_value)}] }
    sort { $a->{field} cmp $b->{field} } @{ $c[1]{changes} }],
    [['name', 'one', 'uno'], ['quantity', 4, 5]],
    'an edit lists what it changed and no more');
is($c[2]{reason}, 'broken', 'the reason');
ok(!exists $c[1]{reason} || !defined $c[1]{reason},
    'none where none was given');
is($c[3]{sku}, 'H-2', 'a rename goes by its new SKU');

is($s->get("$changes?since=$start", @ana)->{body}, $r->{body},
    "since takes a position as well");
is_problem($s->get("$changes?since=" . "f" x 16 . ":1", @ana), 410,
    "a position of another history");

# -- pages

my ($at, @seen) = ($seq);
while (1) {
	my $p = $s->get("$changes?since=$at&limit=2", @ana)->{json};
	push @seen, map { $_->{seq} } @{ $p->{changes} };
	$at = $seen[-1];
	cmp_ok(scalar @{ $p->{changes} }, '<=', 2, 'a page of two');
	last unless $p->{more};
}
is_deeply(\@seen, [$seq + 1 .. $seq + 5], 'pages follow each other');
is($s->get("$changes?since=0&limit=1", @ana)->{json}{changes}[0]{seq}, 1,
    'from the very start');
for my $bad ('?since=', '?since=-1', '?since=x', '?since=1.5',
    '?since=99999999999999999999', '?since=1&limit=0', '?since=1&limit=x',
    '?since=1&since=2', '?since=1&x=1', '?since=1&limit=1000000',
    '?since=xyz:1', "?since=$epoch:",
    "?since=$epoch:-1") {
	is_problem($s->get("$changes$bad", @ana), 400, "changes$bad");
}
is_problem($s->get("$changes?since=" . ($seq + 1000), @ana), 400,
    "a position of the future");

# -- an item's history

$s->post($items, { sku => 'H-3', name => 'n' }, @ana);
$s->patch("$items/H-3", { quantity => $_ }, @ana) for 1 .. 25;
$r = $s->get("$items/H-3/history", @ana);
is_status($r, 200, 'history');
my @h = @{ $r->{json}{changes} };
cmp_ok(scalar @h, '>', 1, 'has entries');
is(scalar(grep { $h[$_]{seq} >= $h[$_ - 1]{seq} } 1 .. $#h), 0,
    'newest first');
is_deeply([@{ $h[0] }{qw(field old_value new_value)}], ['quantity', 24, 25],
    'what changed');
is(scalar(grep { $_->{sku} ne 'H-3' } @h), 0, 'of this item alone');
@seen = ();
my $before = "";
while (1) {
	my $p = $s->get("$items/H-3/history?limit=7$before", @ana);
	is_status($p, 200, "a page of the history");
	push @seen, map { $_->{new_value} } @{ $p->{json}{changes} };
	$before = "&before=$p->{json}{changes}[-1]{seq}";
	last unless $p->{json}{more};
}
is_deeply(\@seen, [reverse(1 .. 25), 'H-3'], 'all of it in pages');
is($s->get("$items/H-2/history", @ana)->{json}{changes}[0]{update_type},
    "delete", "of what was deleted too");
is_problem($s->get("$items/NOPE/history", @ana), 404,
    'of what never was');
is_problem($s->get("$items/H-3/history?$_", @ana), 400, "history?$_")
    for 'limit=0', 'limit=x', 'x=1', 'before=x', 'before=0', 'limit=2&limit=3';

# -- a change too large for one event

my $long = "\x{1F529}" x 2000;
$s->post($items, { sku => 'BIG-1', name => "\x{1F529}" x 200,
    notes => $long }, @ana);
$seq = position_seq($s->get("$items?limit=1", @ana)->{json}{position});
my $swap = "\x{1F528}" x 2000;
$r = $s->patch("$items/BIG-1", { name => "\x{1F528}" x 200,
    notes => $swap, location => "\x{1F528}" x 100 }, @ana);
is_status($r, 200, 'long texts change');
$r = $s->get("$changes?since=$seq", @ana);
cmp_ok(length($Stockroom::json->encode($r->{json}{changes}[0])), '<=', 16384,
    'the event stays within its size');
ok($r->{json}{changes}[0]{truncated}, 'and says that values are missing');
is($s->get("$items/BIG-1", @ana)->{json}{notes}, $swap,
    'the item has them');

$s->finish;
done_testing;
