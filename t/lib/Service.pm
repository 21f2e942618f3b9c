# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A service manager, as far as a program can see it: it holds listening
# sockets and passes them on (LISTEN_FDS), it is told what is going on
# (NOTIFY_SOCKET), and it waits for signs of life (WATCHDOG_USEC).
#
#	my $m = Service->new("$dir/notify.sock");	# or "\@abstract"
#	my $fd = Service::listener("$dir/app.sock");
#	$s->spawn('app', [...], listen => [app => $fd], notify => $m,
#	    watchdog => 0.4);
#	ok($m->wait_for(qr/^READY=1$/m), 'ready');

package Service;

use strict;
use warnings;

use Fcntl qw(F_DUPFD F_SETFD);
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX SOCK_DGRAM SOCK_STREAM pack_sockaddr_un);
use Time::HiRes qw(time);

sub new
{
	my ($class, $name) = @_;

	socket my $sock, AF_UNIX, SOCK_DGRAM, 0 or die "socket: $!\n";
	bind $sock, pack_sockaddr_un($name =~ s/^\@/\0/r)
	    or die "bind $name: $!\n";
	return bless { sock => $sock, name => $name, got => [] }, $class;
}

# A Unix socket that listens: what a .socket unit makes.
sub listener
{
	my ($path) = @_;

	unlink $path;
	my $sock = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $path, Listen => 511) or die "$path: $!\n";
	chmod 0660, $path;
	return $sock;
}

# What came within SECONDS, or at once.
sub pump
{
	my ($self, $seconds) = @_;

	my $got = 0;
	while (1) {
		vec(my $set = '', fileno $self->{sock}, 1) = 1;
		last unless select $set, undef, undef,
		    $got ? 0 : $seconds // 0;
		recv $self->{sock}, my $text, 4096, 0;
		push @{ $self->{got} }, { at => time, text => $text };
		$got++;
	}
	return $got;
}

# The next message that matches, of those not looked at yet.
sub wait_for
{
	my ($self, $pattern, $seconds) = @_;

	my $deadline = time + ($seconds // 10);
	while (1) {
		while (my $m = shift @{ $self->{got} }) {
			return $m if $m->{text} =~ $pattern;
		}
		my $left = $deadline - time;
		return undef if $left <= 0;
		$self->pump($left);
	}
}

# Forget what has come; then how many signs of life come in SECONDS.
sub signs
{
	my ($self, $seconds) = @_;

	$self->pump;
	@{ $self->{got} } = ();
	my $deadline = time + $seconds;
	while ((my $left = $deadline - time) > 0) {
		$self->pump($left);
	}
	return scalar grep { $_->{text} =~ /^WATCHDOG=1$/m }
	    @{ $self->{got} };
}

# In a child, before exec: put the sockets of LISTEN, [name => socket ...]
# or one without a name, to 3 and up, and say so in the environment.
sub pass
{
	my ($listen) = @_;

	my @pairs = ref $listen eq 'ARRAY' ? @$listen : ('', $listen);
	my (@names, @high);
	while (my ($name, $sock) = splice @pairs, 0, 2) {
		push @names, $name;
		push @high, fcntl $sock, F_DUPFD, 64;
	}
	for my $i (0 .. $#high) {
		POSIX::dup2($high[$i], 3 + $i);
		POSIX::close($high[$i]);
		open my $fh, '<&=', 3 + $i or die "fd: $!\n";
		fcntl $fh, F_SETFD, 0;
		push @Service::kept, $fh;
	}
	@ENV{qw(LISTEN_FDS LISTEN_PID)} = (scalar @names, $$);
	$ENV{LISTEN_FDNAMES} = join ':', @names if ref $listen eq 'ARRAY';
}

# The same for the rest of it; WATCHDOG in seconds.
sub announce
{
	my ($self, $watchdog) = @_;

	$ENV{NOTIFY_SOCKET} = $self->{name};
	@ENV{qw(WATCHDOG_USEC WATCHDOG_PID)} = (int($watchdog * 1e6), $$)
	    if $watchdog;
}

1;
