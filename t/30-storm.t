#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Many pages come at once, as after a restart, and many go at once: what the
# relay sends grows with their number, not with its square.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw(SOCK_STREAM);
use Test::More;
use Time::HiRes qw(time);

use Relay;

# A stream that only notes the last version of the presence, and its events
# by name: hundreds of these are cheap.
sub cheap
{
	my ($r, $ticket) = @_;

	my $sock = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Peer => $r->push_socket) or die "push socket: $!\n";
	syswrite $sock, "GET /push/stream HTTP/1.1\r\nHost: x\r\n" .
	    "Authorization: Bearer $ticket\r\n\r\n";
	$sock->blocking(0);
	return { sock => $sock, raw => '', text => '',
	    version => 0, bytes => 0 };
}

sub take
{
	my ($c) = @_;

	my $n = sysread $c->{sock}, $c->{raw}, 1 << 17, length $c->{raw};
	return if !defined $n;
	return $c->{ended} = 1 unless $n;
	$c->{bytes} += $n;
	$c->{raw} =~ s/\A.*?\r\n\r\n//s or return unless $c->{begun};
	$c->{begun} = 1;
	$c->{text} .= $c->{raw};
	$c->{raw} = '';
	while ($c->{text} =~ /\G.*?^event: (\w+)\ndata: ([^\n]*)\n\n/gcms) {
		my ($name, $data) = ($1, $2);
		$c->{named}{$name}++;
		next unless $data =~ /"(?:presence_)?version":(\d+)/;
		$c->{back}++ if $1 < $c->{version};
		$c->{version} = $1;
	}
	substr($c->{text}, 0, pos($c->{text}) // 0) = '';
	pos($c->{text}) = 0;
}

# Read from all until SUB is true for each, or the time is over.
sub wait_all
{
	my ($clients, $seconds, $sub) = @_;

	my $deadline = time + $seconds;
	my %by = map { $_->{sock}->fileno => $_ } @$clients;
	my $set = IO::Select->new(map { $_->{sock} } @$clients);
	while (time < $deadline) {
		for my $sock ($set->can_read(0.05)) {
			my $c = $by{ $sock->fileno };
			take($c);
			$set->remove($sock) if $c->{ended};
		}
		return 1 unless grep { !$sub->($_) } @$clients;
	}
	return 0;
}

# All come at once, however slow this machine is: the relay stands still
# until they are at its door.
sub rush
{
	my ($r, @tickets) = @_;

	$r->kill('relay', 'STOP');
	my @c = map { cheap($r, $_) } @tickets;
	$r->kill('relay', 'CONT');
	return @c;
}

# Frames that each of so many got, on an average, since the last call.
my $before;
sub frames
{
	my ($r, $n) = @_;

	my $all = $r->metric('frames_total');
	my $each = ($all - $before) / $n;
	$before = $all;
	return $each;
}

my (%come, %back, %edit, %go);
for my $n (100, 200, 400) {
	my $r = Relay->new(env => { STOCKROOM_LOG_LEVEL => 1 });
	my $app = $r->app(head => 0);
	my @tickets = map { scalar $r->ticket(user => $_,
	    session => $_ % 2 ? 'odd' : 'even') } 1 .. $n;
	$before = 0;
	my $start = time;
	my @c = rush($r, @tickets);
	ok wait_all(\@c, 60, sub { $_[0]{version} == $n + 1 }),
	    "$n come, and each knows of all";
	$come{$n} = frames($r, $n);
	my $bytes = 0;
	$bytes += $_->{bytes} for @c;
	note sprintf '%d came in %.1f s: %.1f frames, %.0f kB each', $n,
	    time - $start, $come{$n}, $bytes / $n / 1000;

	# The relay starts anew: all are back before the app is.
	$r->stop('relay');
	$_->{sock}->close for @c;
	$r->start('relay');
	$before = 0;
	@c = rush($r, @tickets);
	ok wait_all(\@c, 60, sub { $_[0]{named}{connection_established} }),
	    'they come back';
	$app = $r->app(head => 0);
	ok wait_all(\@c, 60, sub { $_[0]{version} == $n + 1 }),
	    'and each knows of all';
	$back{$n} = frames($r, $n);

	# Many edit at once.
	for my $i (1 .. 60) {
		$r->push(lease => $tickets[$i],
		    { action => 'take', row => "R$i" });
	}
	ok wait_all(\@c, 60, sub { $_[0]{version} == $n + 61 }),
	    'they edit, and each knows';
	$edit{$n} = frames($r, $n);

	$app->say({ revoke => { session => 'odd', at => int(time * 1000) } });
	my @rest = @c[grep { $_ % 2 } 0 .. $#c];
	my $gone = $n / 2 + grep { $_ % 2 == 0 } 1 .. 60;
	ok wait_all(\@rest, 60, sub { $_[0]{version} == $n + 61 + $gone }),
	    'half of them go, and the rest know';
	$go{$n} = frames($r, scalar @rest);
	ok !(grep { $_->{back} } @c), 'no version goes back';
	$_->{sock}->close for @c;
	$r->finish;
}

# What each got does not grow with their number.  Under load a storm lasts
# longer, which is a few windows more.
for my $case (['to come', 15, \%come], ['to come back', 15, \%back],
    ['to edit', 75, \%edit], ['to go', 45, \%go]) {
	my ($what, $most, $each) = @$case;
	cmp_ok $each->{$_}, '<', $most,
	    sprintf '%d %s: %.1f frames each', $_, $what, $each->{$_}
	    for sort { $a <=> $b } keys %$each;
}
done_testing;
