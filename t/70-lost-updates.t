#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Many people change few items at once, each in the ways that there are:
# adjustments, If-Match, and merges from versions that are long past.  What
# was accepted, put in the order of its versions, must give each item as every
# answer told it and as it is in the end; what was refused must have met
# another's change.  STOCKROOM_SEED=n plays a run again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

use constant { CLIENTS => 64, ITEMS => 10, STEPS => 25 };

my $seed = $ENV{STOCKROOM_SEED} // 1 + int rand 1e9;
note "STOCKROOM_SEED=$seed";
my @texts = qw(name location unit notes);
my $s = Stockroom->new(users => { map { ("user$_" => 'editor') } 1 .. 4 },
    env => { STOCKROOM_USER_WRITES => 0 });
my @token = map { $s->token("user$_") } 1 .. 4;

sub path { return "/inventory/items/$_[0]" }

my %start;
for my $sku (map { "L-$_" } 1 .. ITEMS) {
	my $r = $s->post('/inventory/items', { sku => $sku, name => 'start',
	    quantity => 50 }, token => $token[0]);
	die "$r->{status} $r->{body}" if $r->{status} != 201;
	$start{$sku} = $r->{json};
}

# ---- a client: what it did and what came of it, a list of
# [sku, kind, wish, base version, status, version, item as answered]

sub step
{
	my ($me, $n, $seen, @as) = @_;

	my $sku = 'L-' . (1 + int rand ITEMS);
	# Half of the time from what was read long ago.
	my $item = $seen->{$sku};
	$item = $seen->{$sku} = $s->get(path($sku), @as)->{json}
	    if !$item || rand() < 0.5;
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

my @done = map { ref $_ ? @$_ : () } parallel(CLIENTS, sub {
	my ($me) = @_;
	my (%seen, @log);

	srand $seed + $me;
	push @log, step($me, $_, \%seen, token => $token[$me % @token])
	    for 1 .. STEPS;
	return \@log;
});
is(scalar @done, CLIENTS * STEPS, 'every client has done all its steps');
my %count;
$count{"$_->[1] $_->[4]"}++ for @done;
note join ', ', map { "$_: $count{$_}" } sort keys %count;
is_deeply([grep { !/^(?:(?:adjust|merge) (?:200|409)|match (?:200|412))$/ }
    sort keys %count], [], 'no other answers');
cmp_ok($count{$_} // 0, '>', 5, "enough of: $_") for 'adjust 200',
    'match 200', 'match 412', 'merge 200', 'merge 409';

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

for my $sku (sort keys %start) {
	my @mine = grep { $_->[0] eq $sku } @done;
	my @accepted = grep { $_->[4] == 200 } @mine;
	my @refused = grep { $_->[4] != 200 } @mine;
	my ($bad, $state, $last) = judge($start{$sku}, @accepted);
	is_deeply($bad, [], "$sku: " . @accepted . ' accepted, none lost');
	my $now = $s->get(path($sku), token => $token[0])->{json};
	is_deeply({ map { $_ => $now->{$_} } keys %$state }, $state,
	    "$sku: it is what they add up to");
	is($now->{version}, $last, "$sku: the last one's version");
	is(scalar(grep { groundless($_, @accepted) } @refused), 0,
	    "$sku: " . @refused . ' refused, each for a reason');
}

# The judge sees a lost one.
my ($victim) = grep { $_->[1] eq 'adjust' && $_->[4] == 200 } @done;
my @without = grep { $_ != $victim && $_->[0] eq $victim->[0] &&
    $_->[4] == 200 } @done;
my ($bad, $state) = judge($start{ $victim->[0] }, @without);
my $now = $s->get(path($victim->[0]), token => $token[0])->{json};
ok(@$bad || $state->{quantity} != $now->{quantity},
    'one that is left out is missed');

# The log has each of them once.
my ($rows, $since, $more) = (0, 0, 1);
while ($more) {
	my $r = $s->get("/inventory/changes?since=$since&limit=500",
	    token => $token[0])->{json};
	$rows += @{ $r->{changes} };
	($since, $more) = ($r->{position}, $r->{more});
	$since =~ s/.*://;
}
is($rows, ITEMS + grep({ $_->[4] == 200 } @done), 'the log has each once');
$s->finish;
done_testing;
