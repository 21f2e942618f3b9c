# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The page in Chromium, by bench/page.mjs: how soon it is there with 20,000
# items and what comes for it, how soon others' changes are seen among 100
# clients, and what it sends and gets while nobody does anything.

package Page;

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw(time);

use Bench;
use Browser;
use Load;
use Stockroom;

use constant { ITEMS => 20_000, CLIENTS => 100 };

# Run a part of the scene on S; its figures by name, lists in their order.
sub scene
{
	my ($s, $part, %calls) = @_;

	my $test = Test::More->builder;
	my %figures;

	# What the scene finds wrong goes where it does not disturb the table.
	$test->output(\*STDERR);
	$test->no_ending(1);
	Browser::run("../../bench/page.mjs $part " . Bench::rounds(),
	    "http://127.0.0.1:$s->{port}/", %calls, figure => sub {
		my ($name, $value) = @_;
		push @{ $figures{$name} }, $value;
		return 1;
	    });
	die "the scene went wrong\n" unless $test->is_passing;
	return \%figures;
}

sub percentile
{
	my ($part, @values) = @_;

	@values = sort { $a <=> $b } @values;
	return $values[$part * $#values];
}

sub first
{
	my $s = Stockroom->new(relay => 1, nginx => 1, items => ITEMS);
	my $f = scene($s, 'first');
	$s->end;
	Bench::row(what => 'first rows of 20,000 items, ms',
	    ours => $f->{first}, reach => '<= 1000');
	Bench::row(what => 'JS and CSS, gzipped, KB', ours => $f->{kb},
	    reach => '<= 180');
}

# A change by curl, as a script would make it; when curl was started, in ms.
sub patch
{
	my ($s, $sku, $name) = @_;

	my $began = time;
	system('curl', '-fsS', '-o', '/dev/null', '-X', 'PATCH',
	    '-H', 'Authorization: Bearer ' . $s->token('ben'),
	    '-H', 'Content-Type: application/json',
	    '-d', qq({"name":"$name"}),
	    "http://127.0.0.1:$s->{port}/api/v1/inventory/items/$sku") == 0
	    or die "curl failed\n";
	return $began * 1000;
}

# Those among whom a change is seen; dies when they are not all there.
sub listeners
{
	my ($s, %load) = @_;

	my $crowd = Load->new($s, clients => CLIENTS, %load);
	$crowd->run($_)->{ok} or die "$_: not all joined\n"
	    for 'open 100', 'joined';
	return $crowd;
}

# Let them go; dies when one has missed a change.
sub ended
{
	my ($crowd) = @_;

	$crowd->run($_)->{ok} or die "$_: not all came\n" for 'level', 'check';
	$crowd->end == 0 or die "the crowd found a fault\n";
}

sub paint
{
	my $s = Stockroom->new(relay => 1, nginx => 1, demo => 1,
	    env => { STOCKROOM_USER_WRITES => 0 });
	my $crowd = listeners($s);

	my $f = scene($s, 'paint', patch => sub { return patch($s, @_) });
	ended($crowd);
	$s->end;
	for (['seen', 'shown', '<= 50'], ['painted', 'painted', undef]) {
		my ($word, $name, $limit) = @$_;
		my @values = @{ $f->{$name} };
		Bench::row(what => "change by curl to $word, p99 ms",
		    ours => [percentile(0.99, @values)],
		    defined $limit ? (reach => $limit) : ());
		Bench::row(what => '  median ms', ours => \@values);
	}
}

sub idle
{
	my $s = Stockroom->new(relay => 1, nginx => 1, demo => 1);
	my $f = scene($s, 'idle');
	$s->end;
	Bench::row(what => 'an idle page, KB a minute', ours => $f->{idle},
	    reach => '<= 5');
}

1;
