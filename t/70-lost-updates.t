#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Many people change few items at once, each in the ways that there are:
# adjustments, If-Match, and merges from versions that are long past.  What
# was accepted, put in the order of its versions, must give each item as every
# answer told it and as it is in the end; what was refused must have met
# another's change.  STOCKROOM_SEED and STOCKROOM_RUNS are taken
# (lib/Rounds.pm); the suite plays seeds that nobody has seen before.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Rounds;
use Stockroom;

use constant { CLIENTS => 64, ITEMS => 10, STEPS => 25 };

my @texts = qw(name location unit notes);
my ($s, @token, %sum);

sub path { return "/inventory/items/$_[0]" }

# Ten items of a round's own; {sku => item}.
sub make_items
{
	my ($seed) = @_;
	my %start;

	for my $sku (map { "L-$seed-$_" } 1 .. ITEMS) {
		my $r = $s->post('/inventory/items', { sku => $sku,
		    name => 'start', quantity => 50 }, token => $token[0]);
		die "$r->{status} $r->{body}" if $r->{status} != 201;
		$start{$sku} = $r->{json};
	}
	return \%start;
}

# A step of a client and what came of it:
# [sku, kind, wish, base version, status, version, item as answered]

sub step
{
	my ($skus, $me, $n, $seen, @as) = @_;

	my $sku = $skus->[rand @$skus];
	# Often from what was read long ago.
	my $item = $seen->{$sku};
	$item = $seen->{$sku} = $s->get(path($sku), @as)->{json}
	    if !$item || rand() < $seen->{fresh};
	my $base = $item->{version};
	my ($kind, $wish, $r);
	my $dice = rand;
	if ($dice < 0.35) {
		($kind, $wish) = ('adjust', { delta => int(rand 9) - 4 || 5 });
		$r = $s->post(path($sku) . '/adjustments', $wish, @as);
	} elsif ($dice < 0.55) {
		($kind, $wish) = ('match',
		    { quantity => $item->{quantity} + 7 });
		$r = $s->patch(path($sku), $wish, @as,
		    headers => { 'If-Match' => "\"v$base\"" });
	} else {
		my ($one, $two) = map { $texts[rand @texts] } 1, 2;
		$kind = 'merge';
		$wish = { $one => "$one $me.$n", $two => "$two $me.$n" };
		$r = $s->patch(path($sku), { %$wish, base_version => $base },
		    @as);
	}
	$seen->{$sku} = $r->{json} if $r->{status} == 200 && rand() < 0.5;
	return [$sku, $kind, $wish, $base, $r->{status}, $r->{json}{version},
	    $r->{json}];
}

# What all clients have done, in no order.
sub play
{
	my ($seed, @skus) = @_;

	my $fresh = 0.2 + rand 0.6;
	return map { ref $_ ? @$_ : () } parallel(CLIENTS, sub {
		my ($me) = @_;
		my %seen = (fresh => $fresh);

		srand $seed * CLIENTS + $me;
		return [map { step(\@skus, $me, $_, \%seen,
		    token => $token[$me % @token]) } 1 .. STEPS];
	});
}

# ---- the judge

# What is wrong with an item's history: its accepted steps in their order,
# each against the state that the ones before it have left.
sub judge
{
	my ($item, @accepted) = @_;
	my %state = map { $_ => $item->{$_} } 'quantity', @texts;
	my %changed = map { $_ => $item->{version} } keys %state;
	my ($last, @bad) = ($item->{version});

	for my $step (sort { $a->[5] <=> $b->[5] } @accepted) {
		my (undef, $kind, $wish, $base, undef, $version, $told) =
		    @$step;
		push @bad, "$version comes twice" if $version == $last;
		push @bad, "$version: If-Match v$base, but it was v$last"
		    if $kind eq 'match' && $base != $last;
		if ($kind eq 'adjust') {
			$state{quantity} += $wish->{delta};
			$changed{quantity} = $version;
		} else {
			for my $field (keys %$wish) {
				push @bad, "$version: $field was changed by " .
				    "$changed{$field}, after $base"
				    if $kind eq 'merge' &&
				    $changed{$field} > $base;
				$state{$field} = $wish->{$field};
				$changed{$field} = $version;
			}
		}
		push @bad, map { "$version: told $_ $told->{$_}, should be " .
		    $state{$_} } grep { $told->{$_} ne $state{$_} }
		    sort keys %state;
		$last = $version;
	}
	return (\@bad, \%state, $last);
}

# Refused without a reason: nobody has changed what it would have changed.
sub groundless
{
	my ($refused, @accepted) = @_;
	my (undef, $kind, $wish, $base) = @$refused;

	return 0 if $kind eq 'adjust';
	return !grep {
		my $other = $_;
		$other->[5] > $base && ($kind eq 'match' ||
		    grep { exists $other->[2]{$_} } keys %$wish)
	} @accepted;
}

# What is wrong with an item of which these steps were accepted, and these
# refused.
sub complaints
{
	my ($item, $accepted, $refused) = @_;

	my $sku = $item->{sku};
	my ($bad, $state, $last) = judge($item, @$accepted);
	my $now = $s->get(path($sku), token => $token[0])->{json};
	return map { "$sku: $_" } @$bad,
	    (map { "$_ is $now->{$_}, should be $state->{$_}" }
	    grep { $now->{$_} ne $state->{$_} } sort keys %$state),
	    $now->{version} == $last ? () :
	    "version $now->{version}, the last accepted was $last",
	    map { "$_->[1] from $_->[3] was refused without a reason" }
	    grep { groundless($_, @$accepted) } @$refused;
}

# How many changes the log has after SINCE, and where it ends.
sub count_log
{
	my ($since) = @_;
	my ($rows, $more) = (0, 1);

	while ($more) {
		my $r = $s->get("/inventory/changes?since=$since&limit=500",
		    token => $token[0])->{json};
		$rows += @{ $r->{changes} };
		($since, $more) = ($r->{position}, $r->{more});
	}
	return ($rows, $since);
}

my $head = 0;	# of the log, when the last round was over

sub round
{
	my (undef, $seed) = @_;

	Rounds::dice($seed);
	my $start = make_items($seed);
	my @done = play($seed, sort keys %$start);
	my %count;
	$count{"$_->[1] $_->[4]"}++ for @done;
	$sum{$_} += $count{$_} for keys %count;
	my @bad = @done == CLIENTS * STEPS ? () : 'not all steps were done';
	push @bad, map { "answered: $_" } grep {
		!/^(?:(?:adjust|merge) (?:200|409)|match (?:200|412))$/
	} sort keys %count;
	for my $sku (sort keys %$start) {
		my @mine = grep { $_->[0] eq $sku } @done;
		push @bad, complaints($start->{$sku},
		    [grep { $_->[4] == 200 } @mine],
		    [grep { $_->[4] != 200 } @mine]);
	}
	push @bad, 'the judge misses what is left out'
	    unless sees_a_lost_one($start, @done);
	my $rows;
	($rows, $head) = count_log($head);
	my $accepted = grep { $_->[4] == 200 } @done;
	push @bad, "$rows changes in the log" if $rows != ITEMS + $accepted;
	return ("$accepted of " . @done . ' accepted', @bad);
}

# Whether the judge sees that one adjustment is not there.
sub sees_a_lost_one
{
	my ($start, @done) = @_;

	my ($victim) = grep { $_->[1] eq 'adjust' && $_->[4] == 200 } @done;
	return complaints($start->{ $victim->[0] }, [grep { $_ != $victim &&
	    $_->[0] eq $victim->[0] && $_->[4] == 200 } @done], []) > 0;
}

sub start
{
	$s = Stockroom->new(users => { map { ("user$_" => 'editor') } 1 .. 4 },
	    env => { STOCKROOM_USER_WRITES => 0 });
	@token = map { $s->token("user$_") } 1 .. 4;
	$head = 0;
	return $s;
}

my $runs = Rounds::play(runs => 3, first => 1 + int rand 1e6, fresh => 50,
    start => \&start, round => \&round);
note join ', ', map { "$_: $sum{$_}" } sort keys %sum;
cmp_ok($sum{$_} // 0, '>', 5 * $runs, "enough of: $_") for 'adjust 200',
    'match 200', 'match 412', 'merge 200', 'merge 409';
done_testing;
