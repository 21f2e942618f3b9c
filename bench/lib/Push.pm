# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What it costs to tell a room, and how long that takes.

package Push;

use strict;
use warnings;

use Bench;
use Peers;

use constant PER_SECOND => 20_000;	# deliveries, whatever the crowd

# How those of Peers.pm are called in the table.
my %called = ('floor' => 'floor', nchan => 'nchan',
    'socket.io' => 'Socket.IO',
    'python' => 'python-socketio', 'python-nginx' => 'python-socketio');

sub sizes { return Bench::either([100, 1000, 5000], [100, 1000]) }

# These, with a crowd of so many; one that cannot have it is left out.
sub gather
{
	my ($clients, @kinds) = @_;
	my %peer;

	for my $kind (@kinds) {
		Bench::say("$clients clients: $kind");
		$peer{$kind} = eval {
			Peers->new($kind, clients => $clients)->open;
		};
		next if $peer{$kind};
		die $@ if $kind =~ /^(?:floor|relay)/;
		Bench::say($@);
		delete $peer{$kind};
	}
	return \%peer;
}

# An even flow of events for a while, by turns, and once before that counts.
sub flow
{
	my ($clients, $peer, @kinds) = @_;

	my $seconds = Bench::either(2.5, 0.5);
	my %flow = (events => int(PER_SECOND * $seconds / $clients),
	    every => $clients / PER_SECOND);
	my @there = grep { $peer->{$_} } @kinds;
	$_->burst(%flow, events => int(PER_SECOND / $clients / 2) || 1)
	    for @$peer{@there};
	return Bench::turns(map {
		my $kind = $_;
		$kind => sub { $peer->{$kind}->burst(%flow) };
	} @there);
}

sub beside
{
	my ($got, $what, @limits) = @_;
	my @beside;

	while (my ($kind, $limit) = splice @limits, 0, 2) {
		push @beside, [$called{$kind}, $got->{$kind}{$what}, $limit];
	}
	return \@beside;
}

# On a port of their own.
sub direct
{
	my @kinds = qw(floor relay nchan socket.io python);

	for my $clients (@{ sizes() }) {
		my $peer = gather($clients, @kinds);
		my $got = flow($clients, $peer, @kinds);
		my $idle = $peer->{relay}{idle};
		$_->end for values %$peer;
		my $to = 'to ' . Bench::figure($clients);
		my @others = ('socket.io', undef, 'python', undef);
		Bench::row(what => "$to: CPU each, us",
		    ours => $got->{relay}{us},
		    beside => beside($got, 'us', floor => '<= 1.20',
			nchan => '<= 0.75', @others));
		Bench::row(what => "$to: median, ms",
		    ours => $got->{relay}{p50},
		    beside => beside($got, 'p50', floor => '<= 1.15',
			nchan => undef, @others));
		Bench::row(what => "$to: p99, ms",
		    ours => $got->{relay}{p99},
		    beside => beside($got, 'p99', floor => '<= 1.15',
			nchan => undef, @others));
		next if $clients != sizes()->[-1];
		Bench::row(what => "$to: until the last, ms",
		    ours => $got->{relay}{last},
		    beside => beside($got, 'last', floor => '<= 1.20',
			nchan => undef, @others));
		Bench::row(what => 'memory an idle client, KiB',
		    ours => [$idle], reach => '<= 6.5');
	}
}

# Through nginx as it is shipped, on loopback.
sub through_nginx
{
	my @kinds = qw(relay-nginx nchan python-nginx);

	for my $clients (@{ sizes() }) {
		my $peer = gather($clients, @kinds);
		my $got = flow($clients, $peer, @kinds);
		my $idle = $peer->{'relay-nginx'}{idle};
		$_->end for values %$peer;
		my $to = 'nginx, to ' . Bench::figure($clients);
		Bench::row(what => "$to: CPU each, us",
		    ours => $got->{'relay-nginx'}{us},
		    beside => beside($got, 'us', nchan => '<= 1.30',
			'python-nginx' => '<= 1/6'));
		Bench::row(what => "$to: p99, ms",
		    ours => $got->{'relay-nginx'}{p99},
		    beside => beside($got, 'p99', nchan => undef,
			'python-nginx' => undef));
		next if $clients != sizes()->[-1];
		Bench::row(what => 'nginx: memory an idle client, KiB',
		    ours => [$idle], reach => '<= 20');
	}
}

1;
