#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Adjustments: they add up, whoever else writes, and never go below zero.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(users => { ana => 'editor', vera => 'viewer' });
my @ana = (token => $s->token('ana'));
my $items = '/inventory/items';
my $path = "$items/ADJ-1";
my $seq = $s->post($items, { sku => 'ADJ-1', name => 'a', quantity => 100 },
    @ana)->{json}{version};

my $r = $s->post("$path/adjustments", { delta => -5, reason => 'sale' },
    @ana);
is_status($r, 200, 'five sold');
is($r->{json}{quantity}, 95, 'ninety-five are left');
is($r->{json}{version}, $seq + 1, 'a version of its own');
is($r->{headers}{etag}, '"v' . ($seq + 1) . '"', 'with its ETag');
my $c = $s->get("/inventory/changes?since=$seq", @ana)->{json}{changes}[0];
is($c->{update_type}, 'adjust', 'the change says what it was');
is($c->{reason}, 'sale', 'and why');
is_deeply([@$c{qw(field old_value new_value)}], ['quantity', 100, 95],
    'and what changed');
is($s->post("$path/adjustments", { delta => 0.125 }, @ana)->{json}{quantity},
    95.125, 'thousandths');
is($s->post("$path/adjustments", { delta => -95.125 }, @ana)
    ->{json}{quantity}, 0, 'down to nothing');

is_problem($s->post("$path/adjustments", { delta => -0.001 }, @ana), 409,
    'not below zero');
is_problem($s->post("$items/NOPE/adjustments", { delta => 1 }, @ana), 404,
    'nor of what is not there');
is_status($s->post("$path/adjustments", { delta => 999999999.999 }, @ana),
    200, 'up to the most there can be');
my $more = $s->post("$path/adjustments", { delta => 0.001 }, @ana);
like($more->{status}, qr/^4(09|22)$/, 'not beyond it');
is_status($s->post("$path/adjustments", { delta => -999999999.999 }, @ana),
    200, 'and back');
is($s->get($path, @ana)->{json}{quantity}, 0, 'exactly');

# -- of which item it was meant

$seq = $s->patch($path, { quantity => 10 }, @ana)->{json}{version};
is_status($s->post("$path/adjustments", { delta => -1, base_version => $seq },
    @ana), 200, 'on what there is');
is($s->post("$path/adjustments", { delta => -1, base_version => $seq }, @ana)
    ->{json}{quantity}, 8, 'and on what was there before: they add up');
$s->post($items, { sku => 'ADJ-2', name => 'b', quantity => 10 }, @ana);
$s->patch($path, { sku => 'ADJ-OLD' }, @ana);
$s->patch("$items/ADJ-2", { sku => 'ADJ-1' }, @ana);
is_problem($s->post("$path/adjustments", { delta => -1,
    base_version => $seq }, @ana), 409, 'another item has its SKU now');
is($s->get($path, @ana)->{json}{quantity}, 10, 'which is left alone');
is($s->post("$items/ADJ-OLD/adjustments", { delta => -1,
    base_version => $seq }, @ana)->{json}{quantity}, 7, 'it has another one');
for my $bad (-1, 1.5, '"x"', 'null') {
	my $r = $s->request('POST', "$path/adjustments", @ana,
	    body => qq({"delta":1,"base_version":$bad}));
	is_problem($r, 422, "base_version $bad", pointer => '/base_version');
}
$s->delete($path, @ana);
$s->patch("$items/ADJ-OLD", { sku => 'ADJ-1' }, @ana);

# -- many at once add up

$s->patch($path, { quantity => 0 }, @ana);
my $before = $s->get("$items?limit=1", @ana)->{json}{position};
my @got = parallel(8, sub {
	my ($i) = @_;
	my ($sum, $ok) = (0, 0);
	for my $k (1 .. 25) {
		my $d = $k % 5 == 0 ? -1 : $i + 1;
		my $r = $s->post("$path/adjustments", { delta => $d }, @ana);
		$ok++ if $r->{status} == 200;
		$sum += $d if $r->{status} == 200;
	}
	return [$sum, $ok];
});
my ($sum, $ok) = (0, 0);
$sum += $_->[0], $ok += $_->[1] for @got;
$r = $s->get($path, @ana);
is($r->{json}{quantity}, $sum, 'what 8 writers did adds up');
my $after = $s->get("$items?limit=1", @ana)->{json}{position};
is(position_seq($after) - position_seq($before), $ok,
    'a change each, none more');

# A chain without a break: each starts where the last one ended.
my ($at, $since, $broken) = (undef, position_seq($before), 0);
while (1) {
	my $page = $s->get("/inventory/changes?since=$since&limit=100", @ana)
	    ->{json};
	for (@{ $page->{changes} }) {
		$broken++ if $_->{seq} != ++$since;
		$broken++ if defined $at && $_->{old_value} != $at;
		$at = $_->{new_value};
	}
	last unless $page->{more};
}
is($broken, 0, 'the log is one unbroken chain');
is($at, $sum, 'that ends at what is there');

# -- the last ones: exactly as many are sold as were there

$s->patch($path, { quantity => 10 }, @ana);
@got = parallel(8, sub {
	return [map { $s->post("$path/adjustments", { delta => -1 }, @ana)
	    ->{status} } 1 .. 3];
});
my %n;
$n{$_}++ for map { @$_ } @got;
is_deeply(\%n, { 200 => 10, 409 => 14 }, 'of 24 sales of 10 things 10 succeed');
is($s->get($path, @ana)->{json}{quantity}, 0, 'nothing is left');

$s->finish;
done_testing;
