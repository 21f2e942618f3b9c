# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What it costs to tell a room, and how long that takes.

package Push;

use strict;
use warnings;

use Bench;
use Peers;

use constant {
	PER_SECOND => 20_000,	# deliveries, whatever the crowd
	NEWEST => 50,		# moves that a frame has in a big room
};

# How those of Peers.pm are called in the table.
my %called = ('floor' => 'floor', 'floor-nginx' => 'floor', nchan => 'nchan',
    'socket.io' => 'Socket.IO',
    'python' => 'python-socketio', 'python-nginx' => 'python-socketio');

sub sizes { return Bench::either([100, 1000, 5000], [100, 1000]) }

# These, with a crowd of so many each, by more options of bench/load; one that
# cannot have it is left out.
sub gather
{
	my ($clients, @kinds) = @_;
	my $load = ref $kinds[0] ? shift @kinds : {};
	my %peer;

	for my $kind (@kinds) {
		Bench::say("$clients clients: $kind");
		$peer{$kind} = eval {
			Peers->new($kind, clients => $clients,
			    load => $load)->open;
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
		my $idle = $peer->{relay}{idle}{relay};
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
		Bench::row(what => 'port: memory an idle client, KiB',
		    ours => [$idle]);
	}
}

# Through nginx as it is shipped, on loopback.
sub through_nginx
{
	my @kinds = qw(relay-nginx floor-nginx nchan python-nginx);

	for my $clients (@{ sizes() }) {
		my $peer = gather($clients, @kinds);
		my $got = flow($clients, $peer, @kinds);
		my $idle = $peer->{'relay-nginx'}{idle};
		my $both = $idle->{relay} + $idle->{nginx};
		$_->end for values %$peer;
		my $to = 'nginx, to ' . Bench::figure($clients);
		Bench::row(what => "$to: CPU each, us",
		    ours => $got->{'relay-nginx'}{us},
		    beside => beside($got, 'us', 'floor-nginx' => undef,
			nchan => '<= 1.30', 'python-nginx' => '<= 1/6'));
		Bench::row(what => "  with the floor behind it, us",
		    ours => $got->{'floor-nginx'}{us},
		    beside => beside($got, 'us', nchan => undef,
			'python-nginx' => undef));
		Bench::row(what => "$to: p99, ms",
		    ours => $got->{'relay-nginx'}{p99},
		    beside => beside($got, 'p99', 'floor-nginx' => undef,
			nchan => undef, 'python-nginx' => undef));
		next if $clients != sizes()->[-1];
		Bench::row(what => 'memory an idle client, KiB: relay',
		    ours => [$idle->{relay}], reach => '<= 6.5');
		Bench::row(what => '  and nginx', ours => [$both],
		    reach => '<= 20');
	}
}

# A flood of moves in a room of 100, and what it does to what lasts.
sub flood
{
	my $peer = gather(100, { tick => 5 }, qw(floor relay));
	my $seconds = Bench::either(2.5, 0.5);
	my %floor = (events => 200 * $seconds, every => 1 / 200);
	# Enough of them that their p99 is not that of the last one, and never
	# long in step with the ticks of the room, which has twenty a second.
	my %events = (events => 94 * $seconds, every => 1 / 47);
	my ($floor, $relay) = @$peer{qw(floor relay)};
	my $got = Bench::turns(
	    floor => sub { $floor->burst(%floor) },
	    alone => sub { $relay->burst(events => 1, every => $seconds,
		mute => 1, moves => 200) },
	    quiet => sub { $relay->burst(%events) },
	    both => sub { $relay->burst(%events, moves => 200) });
	$_->end for $floor, $relay;
	Bench::row(what => '200 moves a second: CPU, us seen',
	    ours => $got->{alone}{seen_us},
	    beside => [['floor', $got->{floor}{us}, '<= 0.30']]);
	Bench::row(what => 'p99 of events meanwhile, ms',
	    ours => $got->{both}{p99},
	    beside => [['without them', $got->{quiet}{p99}, '<= 1.15']]);
}

# Nothing that comes late or seldom is measured where hardly anything comes: a
# frame each tenth of a second at least, and all but the first one full.
sub crowded
{
	my ($f) = @_;

	die sprintf "%.1f frames a second, of %.1f moves each\n",
	    @$f{qw(frames each)} if $f->{frames} < 10 ||
	    $f->{each} < 0.9 * NEWEST;
	return $f;
}

# A thousand people in one room, and each moves.
sub crowd
{
	my $peer = gather(1000, { tick => 5, posts => 200 }, 'relay');
	my $got = Bench::turns(relay => sub {
		return crowded($peer->{relay}->burst(events => 1, mute => 1,
		    every => Bench::either(4, 1), moves => 2000));
	});
	$peer->{relay}->end;
	my $f = $got->{relay} or die "not all of it came\n";
	Bench::row(what => '1,000 move: frames a second', ours => $f->{frames},
	    reach => '<= 20');
	Bench::row(what => '1,000 move: newest in a frame', ours => $f->{most},
	    reach => '= ' . NEWEST);
	Bench::row(what => '1,000 move: p99 of a move, ms',
	    ours => $f->{moved}, reach => '<= 150');
	Bench::row(what => '1,000 move: processors', ours => $f->{cores},
	    reach => '<= 1');
}

# One of the few moves: ms until the last of the others knows.
sub woken
{
	my ($few) = @_;

	$few->run($_) for 'reset', 'move 1';
	for (1 .. 100) {
		$few->run('pause 60');
		my $f = $few->run('figures');
		return $f->{cursor}{max_ms} if $f->{seen} >= 9;
	}
	die "not all saw it\n";
}

# Ten in a room of their own, among all the others.
sub wake
{
	my $others = Bench::either(10_000, 1000);
	my $relay = Peers->new('relay', clients => $others, socket => 1,
	    env => { STOCKROOM_ROOMS => Stockroom::ROOM . ',annex' })->open;
	my $few = $relay->crowd(10, room => 'annex', tick => 1);
	$few->run($_)->{ok} or die "$_: the ten are not there\n"
	    for 'open', 'joined';
	$relay->settle;
	woken($few);
	my $got = Bench::turns(ten => sub {
		my @last;
		for (1 .. Bench::either(40, 10)) {
			push @last, woken($few);
		}
		return { last => Bench::median(\@last) };
	});
	$few->end;
	$relay->end;
	Bench::row(what => 'waking 10 among ' . Bench::figure($others) .
	    ', ms', ours => $got->{ten}{last}, reach => '<= 2');
}

1;
