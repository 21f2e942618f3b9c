# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A proxy between clients and a Stockroom that may lie, so that it can be
# seen whether who judges the answers notices:
#
#	my $liar = Liar->new($s,
#	    event => sub {
#		my ($frame, $n) = @_;	# the Nth durable one of the first
#		return ($frame, $frame);	# stream; what to send for it
#	    },
#	    request => sub {
#		my ($head, $body, $pass) = @_;	# to the REST interface
#		return $pass->($head, $body);	# what to answer
#	    });
#	Load->new($s, push => $liar->{port}, api => $liar->{port});
#
# It answers a request a connection.  Streams and polls go to the relay
# itself, the rest to nginx, all by HTTP/1.0, where nothing is chunked.

package Liar;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);

sub new
{
	my ($class, $s, %lie) = @_;

	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    Listen => 128) or die "listen: $!\n";
	my $self = bless { s => $s, owner => $$, listen => $listen,
	    port => $listen->sockport, lie => \%lie,
	    set => IO::Select->new($listen), peer => {}, in => {},
	    streams => 0 }, $class;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$SIG{PIPE} = 'IGNORE';
		eval { $self->serve };
		print STDERR "Liar: $@" if $@;
		POSIX::_exit(1);
	}
	close $listen;
	$self->{pid} = $pid;
	return $self;
}

sub DESTROY
{
	my ($self) = @_;

	return if $self->{owner} != $$ || !$self->{pid};
	local ($?, $!);
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
}

sub serve
{
	my ($self) = @_;

	while (1) {
		for my $sock ($self->{set}->can_read) {
			if ($sock == $self->{listen}) {
				$self->{set}->add(scalar $sock->accept);
			} elsif (!$self->{set}->exists($sock)) {
				next;	# its peer has just gone
			} elsif (exists $self->{peer}{$sock}) {
				$self->pass_on($sock);
			} else {
				$self->take_in($sock);
			}
		}
	}
}

sub hang_up
{
	my ($self, @socks) = @_;

	for my $sock (@socks) {
		$self->{set}->remove($sock);
		delete $self->{$_}{$sock} for qw(peer in frames);
		close $sock;
	}
}

# A part of a request from a client.
sub take_in
{
	my ($self, $sock) = @_;

	my $in = \($self->{in}{$sock} //= '');
	if (!sysread $sock, $$in, 65536, length $$in) {
		$self->hang_up($sock);
		return;
	}
	my ($head, $body) = $$in =~ /\A(.*?\r\n)\r\n(.*)\z/s or return;
	my ($len) = $head =~ /^Content-Length: (\d+)/m;
	return if length $body < ($len // 0);
	if ($head =~ m{^GET \S*/push/}) {
		$self->open_push($sock, $head);
		return;
	}
	my $pass = sub { return $self->exchange(@_) };
	my $lie = $head =~ m{^\S+ \S*/api/} && $self->{lie}{request};
	print $sock $lie ? $lie->($head, $body, $pass) :
	    $pass->($head, $body);
	$self->hang_up($sock);
}

# What the server answers, as a whole.
sub exchange
{
	my ($self, $head, $body) = @_;

	$head =~ s{HTTP/1\.1\r\n}{HTTP/1.0\r\n};
	my $to = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $self->{s}{port}) or return '';
	print $to "${head}Connection: close\r\n\r\n$body";
	local $/;
	return scalar(<$to>) // '';
}

# A stream or a poll, which goes on beside the others.
sub open_push
{
	my ($self, $sock, $head) = @_;

	my $to = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Peer => $self->{s}->push_socket) or return $self->hang_up($sock);
	$head =~ s{HTTP/1\.1\r\n}{HTTP/1.0\r\n};
	print $to "$head\r\n";
	$self->{peer}{$sock} = $to;
	$self->{peer}{$to} = $sock;
	$self->{set}->add($to);
	$self->{frames}{$to} = 0 if $head =~ m{/push/stream} &&
	    !$self->{streams}++;
}

sub pass_on
{
	my ($self, $sock) = @_;

	my $peer = $self->{peer}{$sock};
	my $n = sysread $sock, my $bytes, 65536;
	return $self->hang_up($sock, $peer) unless $n;
	$bytes = $self->tell($sock, $bytes) if exists $self->{frames}{$sock};
	print $peer $bytes;
}

# The frames that are whole now, as we tell them.
sub tell
{
	my ($self, $sock, $bytes) = @_;

	my $out = '';
	my $in = \($self->{in}{$sock} //= '');
	$$in .= $bytes;
	while ($$in =~ s/\A(.*?\n\n)//s) {
		my $frame = $1;
		$out .= join '', $frame =~ /^event: inventory_changed$/m &&
		    $self->{lie}{event} ? $self->{lie}{event}->($frame,
		    ++$self->{frames}{$sock}) : $frame;
	}
	return $out;
}

1;
