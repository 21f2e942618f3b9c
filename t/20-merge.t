#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Two people change one item: both survive, or the second one is asked.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(demo => 1);
my @ana = (token => $s->token('ana'));
my @ben = (token => $s->token('ben'));
my $n = 0;

# A fresh item; its path and version.
sub fresh
{
	my $sku = 'M-' . $n++;
	my $r = $s->post('/inventory/items', { sku => $sku, name => 'thing',
	    quantity => 10, location => 'A', qty_ordered_jason => 1 }, @ana);
	return ("/inventory/items/$sku", $r->{json}{version});
}

# -- different fields

my ($path, $base) = fresh();
my $r = $s->patch($path, { quantity => 11, base_version => $base }, @ana);
is_status($r, 200, 'the first one');
ok(!exists $r->{json}{merged_with}, 'merged with nobody');
my $first = $r->{json}{version};
$r = $s->patch($path, { location => 'B', base_version => $base }, @ben);
is_status($r, 200, 'another field from the same base');
is_deeply([@{ $r->{json} }{qw(quantity location)}], [11, 'B'],
    'both changes are there');
is_deeply($r->{json}{merged_with}, [{ field => 'quantity', value => 11,
    by => 'ana (ana token)', version => $first }], 'and it says with whom');
is($r->{headers}{etag}, "\"v$r->{json}{version}\"", 'the ETag is the new one');

($path, $base) = fresh();
$s->patch($path, { qty_ordered_jason => 5 }, @ana);
$s->patch($path, { name => 'x', notes => 'y' }, @ana);
$r = $s->patch($path, { quantity => 1, base_version => $base }, @ben);
is_status($r, 200, 'after two changes of others');
is_deeply([sort map { $_->{field} } @{ $r->{json}{merged_with} }],
    ['name', 'notes', 'qty_ordered_jason'], 'all their fields are named');

# An adjustment counts as a change of quantity.
($path, $base) = fresh();
$s->post("$path/adjustments", { delta => -3 }, @ana);
$r = $s->patch($path, { quantity => 20, base_version => $base }, @ben);
is_problem($r, 409, 'an adjustment in between');
is($r->{json}{conflicts}[0]{theirs}, 7, 'is seen');

# -- the same field

($path, $base) = fresh();
$s->patch($path, { quantity => 11, name => 'by ana' }, @ana);
$r = $s->patch($path, { quantity => 12, location => 'C',
    base_version => $base }, @ben);
is_problem($r, 409, 'the same field, another wish');
my $c = $r->{json}{conflicts};
is(scalar @$c, 1, 'one conflict');
like(delete $c->[0]{at}, qr/^\d{4}-.*Z$/, 'it says when');
is_deeply($c->[0], { field => 'quantity', base => 10, theirs => 11,
    yours => 12, by => 'ana (ana token)' }, 'and who, and all three values');
is($r->{json}{current}{name}, 'by ana', 'the item as it is comes with it');
is($r->{json}{current}{location}, 'A', 'nothing of it was written');
is($s->get($path, @ben)->{json}{location}, 'A', 'indeed');

# The choice: mine, on top of what is there now.
$r = $s->patch($path, { quantity => 12,
    base_version => $r->{json}{current}{version} }, @ben);
is_status($r, 200, 'mine, from the current version');
is($r->{json}{quantity}, 12, 'it is');

# -- the same wish is no conflict

($path, $base) = fresh();
$s->patch($path, { quantity => 11 }, @ana);
$r = $s->patch($path, { quantity => 11, base_version => $base }, @ben);
is_status($r, 200, 'the same field, the same wish');
($path, $base) = fresh();
$s->patch($path, { quantity => 11 }, @ana);
$s->patch($path, { quantity => 10 }, @ana);
$r = $s->patch($path, { quantity => 12, base_version => $base }, @ben);
ok($r->{status} == 200 || $r->{status} == 409,
    'changed and changed back: either is sound') or diag($r->{body});

# -- neither: the last writer wins

($path, $base) = fresh();
$s->patch($path, { quantity => 11 }, @ana);
$r = $s->patch($path, { quantity => 12 }, @ben);
is_status($r, 200, 'without a base the last writer wins');
is($r->{json}{quantity}, 12, 'he does');
ok(!exists $r->{json}{merged_with}, 'and is told nothing');

# -- both: If-Match stays strict

($path, $base) = fresh();
$s->patch($path, { quantity => 11 }, @ana);
is_problem($s->patch($path, { location => 'B', base_version => $base }, @ben,
    headers => { 'If-Match' => qq("v$base") }), 412,
    'If-Match is strict beside base_version');

# -- renaming merges too

($path, $base) = fresh();
$s->patch($path, { location => 'Z' }, @ana);
$r = $s->patch($path, { sku => 'M-NEW', base_version => $base }, @ben);
is_status($r, 200, 'a rename from an old base');
is($r->{json}{location}, 'Z', 'keeps what changed');

# -- a base that cannot be

($path, $base) = fresh();
for my $bad (-1, 0.5, '"1"', '"x"', 'null', 'true', '[]', '{}', '1e3',
    '99999999999999999999') {
	nothing_changed($s, $ana[1], "base_version $bad", sub {
		my $r = $s->request('PATCH', $path, @ana,
		    body => qq({"quantity":3,"base_version":$bad}));
		is_problem($r, 422, "base_version $bad",
		    pointer => '/base_version') if $bad ne
		    '99999999999999999999';
		like($r->{status}, qr/^4(00|22)$/, "base_version $bad: 4xx");
	});
}
nothing_changed($s, $ana[1], 'a base of the future', sub {
	my $r = $s->patch($path, { quantity => 3,
	    base_version => $base + 1000 }, @ana);
	like($r->{status}, qr/^4(09|22)$/, 'a base of the future') or
	    diag($r->{body});
});

# An older incarnation's version as the base: never a silent overwrite.
($path, $base) = fresh();
$s->delete($path, @ana);
my ($sku) = $path =~ m{([^/]+)$};
$s->post('/inventory/items', { sku => $sku, name => 'new one',
    quantity => 1 }, @ana);
$r = $s->patch($path, { quantity => 5, base_version => $base }, @ben);
is_problem($r, 409, 'a base from before it was deleted and made again');
is($s->get($path, @ben)->{json}{quantity}, 1, 'the new one is untouched');

# So is another item's, which has been given this name since.
$s->post('/inventory/items', { sku => 'M-OTHER', name => 'other',
    location => 'A', quantity => 1 }, @ana);
($path, $base) = fresh();
($sku) = $path =~ m{([^/]+)$};
is_status($s->patch($path, { sku => "$sku-OLD" }, @ana), 200, 'renamed');
is_status($s->patch('/inventory/items/M-OTHER', { sku => $sku }, @ana), 200,
    'another one takes its place');
$r = $s->patch($path, { location => 'B', base_version => $base }, @ben);
is_problem($r, 409, 'a base of the item that was there before');
is_deeply([map { $_->{field} } @{ $r->{json}{conflicts} }], ['location'],
    'is a question');
$r = $s->patch($path, { location => 'B',
    base_version => $r->{json}{current}{version} }, @ben);
is_status($r, 200, 'its own version is none');
# The base may be from before the first one was named so,
$s->patch($path, { sku => "$sku-2" }, @ana);
$s->patch("$path-OLD", { sku => $sku }, @ana);
$s->patch($path, { sku => "$sku-OLD" }, @ana);
$s->patch("$path-2", { sku => $sku }, @ana);
is_problem($s->patch($path, { name => 'n', base_version => $base }, @ben), 409,
    'a base of the item that once had the name');
# or newer than this one is.
$s->patch("$path-OLD", { location => 'A', name => 'newest' }, @ana);
my $newest = $s->patch($path, { notes => 'n' }, @ana)->{json}{version};
is_problem($s->patch("$path-OLD", { name => 'mine', base_version => $newest },
    @ben), 409, 'a version that the other one has got since');
# It is not done by chance either.
is_problem($s->patch($path, { name => $s->get($path, @ben)->{json}{name},
    base_version => $base }, @ben), 409, 'even if it has that value already');
is_problem($s->patch($path, { name => 'mine', base_version => 0 }, @ben), 409,
    'and 0 is no version');
($r) = grep { $_->{sku} eq "$sku-OLD" } @{
    $s->get('/inventory/items?limit=500', @ben)->{json}{items} };
is($r->{location}, 'A', 'and the old one was left alone');

# -- more than may be read under the lock: as if nobody knew any more

($path, $base) = fresh();
my $near;	# fits, and leaves another text than there was
for (1 .. 70) {
	$r = $s->patch($path, { notes => chr(0x1d538 + $_ % 2) x 2000 }, @ana);
	$near = $r->{json}{version} if $_ == 11;
}
is_status($r, 200, 'seventy edits of long notes');
$r = $s->patch($path, { location => 'B', base_version => $base }, @ben);
is_problem($r, 409, 'from before them');
is_deeply($r->{json}{conflicts}, [{ field => 'location', base => undef,
    theirs => 'A', yours => 'B', by => undef, at => undef }],
    'any field may be in conflict');
is($s->get($path, @ben)->{json}{location}, 'A', 'and nothing was written');
$r = $s->patch($path, { location => 'B', base_version => $near }, @ben);
is_status($r, 200, 'from a few of them later it is merged');
is($r->{json}{merged_with}[0]{field}, 'notes', 'with the notes');

# -- many at once: each field has one owner, none is lost

($path, $base) = fresh();
my @field = qw(name location quantity unit qty_ordered reorder_level notes
    qty_ordered_jason);
my @got = parallel(scalar @field, sub {
	my $f = $field[$_[0]];
	my @st;
	my $b = $base;
	for (1 .. 5) {
		my $v = $f =~ /^(name|location|unit|notes)$/ ?
		    "new $f$_" : 77 + $_;
		my $r = $s->patch($path, { $f => $v, base_version => $b },
		    @ana);
		push @st, $r->{status};
		$b = $r->{json}{version} if $r->{status} == 200;
	}
	return \@st;
});
is(scalar(grep { $_ != 200 } map { @$_ } @got), 0,
    'eight writers of eight fields never clash');
my $it = $s->get($path, @ana)->{json};
is_deeply([@$it{@field}], ['new name5', 'new location5', 82, 'new unit5', 82,
    82, 'new notes5', 82], 'and every last word is there');

$s->finish;
done_testing;
