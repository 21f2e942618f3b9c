#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# make bench: what the relay adds to the bare cost of sending.  The same
# clients (bench/load) get the same events at the same pace, straight from the
# relay's socket and from bench/floor, which does one send() a client and
# nothing else.  CPU time is the process's own, of /proc.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../t/lib";
use IPC::Open2;
use JSON::PP ();
use Time::HiRes qw(sleep time);

use Load;
use Relay;

use constant DELIVERIES => $ENV{BENCH_DELIVERIES} // 400_000;
use constant PER_SECOND => 50_000;	# deliveries: what loads no machine

my $json = JSON::PP->new->canonical;
$| = 1;

# Give events at an even pace.
sub pace
{
	my ($clients, $give) = @_;

	my $events = int(DELIVERIES / $clients);
	my $t = time;
	for my $n (1 .. $events) {
		$give->($n);
		my $left = $t + $n * $clients / PER_SECOND - time;
		sleep $left if $left > 0;
	}
	return $events;
}

# Let clients listen and give them events; figures of the process.
sub measure
{
	my ($r, $pid, $push, $clients, $give) = @_;

	my $load = Load->new($r, push => $push, clients => $clients,
	    position => Relay::EPOCH . ':0');
	$load->run("relay $pid");
	my $before = $load->run('figures')->{relay_private_kib};
	$load->run($_) for 'open 1000', 'joined', 'pause 500';
	my $memory = $load->run('figures')->{relay_private_kib} - $before;
	$load->run('reset');
	my $events = pace($clients, $give);
	die "not all came\n" unless $load->run("level $events")->{ok};
	my $f = $load->run('figures');
	die "a fault\n" unless $load->run("check $events")->{ok};
	$load->end;
	return { us => 1000 * $f->{relay_cpu_ms} / ($events * $clients),
	    kib => $memory / $clients, p99 => $f->{delivery}{p99_ms} };
}

sub relay
{
	my ($clients) = @_;

	my $r = Relay->new;
	my $app = $r->app(head => 0);
	my $f = measure($r, $r->pid('relay'), $r->push_socket, $clients, sub {
		my ($n) = @_;
		$app->change($n);
		$app->pump;
	});
	$r->end;
	return $f;
}

sub floor_of
{
	my ($clients) = @_;

	my $r = Relay->new(idle => 1);
	my $path = "$r->{dir}/floor.sock";
	my $pid = open2(my $out, my $in, Stockroom::build() . '/bench/floor',
	    $path, Relay::EPOCH);
	$r->wait_for(sub { -S $path }) or die "no floor\n";
	my $app = bless { epoch => Relay::EPOCH }, 'Relay::App';
	my $f = measure($r, $pid, $path, $clients, sub {
		my ($n) = @_;
		# The very data that the relay gives on.
		my $change = $app->line($n)->{change};
		delete $change->{epoch};
		print $in $json->encode($change), "\n";
		$in->flush;
	});
	close $in;
	waitpid $pid, 0;
	$r->end;
	return $f;
}

print "CPU a delivery, ", DELIVERIES, " deliveries, ", PER_SECOND,
    " a second\n\n";
printf "%8s %12s %12s %8s %18s\n", 'clients', 'floor', 'relay', 'ratio',
    'memory a client';
for my $clients (100, 1000) {
	my $floor = floor_of($clients);
	my $relay = relay($clients);
	printf "%8d %9.2f us %9.2f us %8.2f %14.1f KiB\n", $clients,
	    $floor->{us}, $relay->{us}, $relay->{us} / $floor->{us},
	    $relay->{kib};
}
