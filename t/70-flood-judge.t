#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What 70-floods.t judges by sees the faults that it is there for: an app that
# stands still for a second, one that is not there, a change that nobody is
# told of, and memory that is freed before the flood is over.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Flood;
use Proc;
use Regulars;
use Stockroom;

use constant {
	USERS => 4,		# two read, two write and listen
	STREAMS => 2,
	STILL => 1,		# seconds
	LATE => 500,		# ms
	MIB => 64,		# taken and freed
};

my $s = Stockroom->new(relay => 1, nginx => 1, users => { ana => 'editor' });
my $users = Regulars->new($s);

# Connections to nginx, of which nobody but the users has one.
sub connections
{
	my $port = sprintf '0100007F:%04X', $s->{port};
	my @established = grep { / $port 01 / }
	    split /\n/, Proc::slurp('/proc/net/tcp');
	return scalar @established;
}

# These and no others are said to have failed, once each of them is.
sub fails
{
	my ($what, @want) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %failed;
	$s->wait_for(sub {
		$failed{$_}++ for @{ $users->figures->{failed} };
		return !grep { !$failed{$_} } @want;
	}, 60);
	is_deeply([sort keys %failed], \@want, $what);
}

# -- an app that stands still, while a flood takes memory and frees it

# Stopped between an answer and its event the app keeps a writer from asking
# again: it goes on, and is stopped once more.
my $waiting;
for (1 .. 20) {
	$users->figures;
	$s->kill('app', 'STOP');
	$waiting = $s->wait_for(sub {
		return connections() == USERS + STREAMS;
	}, 3);
	last if $waiting;
	$s->kill('app', 'CONT');
}
my $flood = Flood->begin(STILL, sub {
	my ($until) = @_;

	my $memory = '';
	vec($memory, MIB << 20, 8) = 1;
	my $left = $until - time;
	sleep $left if $left > 0;
	undef $memory;
	return { left => Proc::private($$) };
});
my $kib = Flood::peaks({ flood => $flood->{pid} }, $flood);
$s->kill('app', 'CONT');
my $f = $users->figures;
note(Regulars::words($f));
ok($waiting, 'everybody waits for an app that stands still');
for (qw(read write event)) {
	cmp_ok($f->{$_}{p99}, '>=', LATE, "its p99 shows it: $_");
	cmp_ok($f->{$_}{max}, '>=', LATE, "so does the slowest: $_");
}
is("@{ $f->{failed} }", '', 'and nobody is refused');
cmp_ok($kib->{flood}, '>=', MIB << 10, 'the most memory is seen');
cmp_ok($flood->{said}{left}, '<', MIB << 9, 'which was freed before the end');

# -- answers that fail, and an event that does not come

$s->stop('app');
fails('who is answered 502 has failed', 'read 502', 'write 502');
$s->start('app');
$s->wait_joined;
$users->figures;
ok($s->wait_for(sub {
	my $now = $users->figures;
	return !@{ $now->{failed} } && $now->{event}{n};
}, 60), 'nobody does when the app is back');
$s->stop('relay');
fails('who does not see its own change has failed',
    "write: a change was not seen\n");

$users->end;
$s->finish;
done_testing;
