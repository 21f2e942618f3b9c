# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A reader of Server-Sent Events that never blocks longer than it is told:
#
#	my $st = Stream->open(unix => $path, path => '/push/stream',
#	    ticket => $ticket);	# or: port => 8000, path => '/stock/push/stream'
#			# or: curl => ['-k'], url => 'https://host/push/stream'
#	my $ev = $st->wait_for('room_joined');
#	$ev->{event} $ev->{id} $ev->{data}	# data is decoded JSON
#	my $hit = $st->wait_for(sub { $_->{event} eq 'user_left' }, 5);
#	Stream->wait_all([@streams], sub { $_->count('ping') > 1 }, 20);
#
# Every event stays in $st->{events}, in order; wait_for looks at those that
# came since the last hit first.

package Stream;

use strict;
use warnings;

use Errno qw(EAGAIN EINTR);
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time);

use constant TIMEOUT => 10;

my $json = JSON::PP->new->utf8;

# Connect and send the request; the answer is read later.  undef when nobody
# listens.  Options: unix or port and path, or curl (its arguments: TLS,
# HTTP/2) and url; ticket, position, headers => {}.
sub open
{
	my ($class, %opt) = @_;

	my $path = $opt{url} // $opt{path} // '/push/stream';
	$path .= ($path =~ /\?/ ? '&' : '?') . "position=$opt{position}"
	    if defined $opt{position};
	my %headers = (Host => $opt{host} // 'localhost',
	    Accept => 'text/event-stream', %{ $opt{headers} // {} });
	$headers{Authorization} = "Bearer $opt{ticket}"
	    if defined $opt{ticket};
	my ($sock, $pid) = $opt{curl} ?
	    by_curl($path, \%headers, @{ $opt{curl} }) :
	    by_socket($path, \%headers, %opt);
	return undef unless $sock;
	$sock->blocking(0);
	return bless { sock => $sock, pid => $pid, raw => '', text => '',
	    events => [], seen => 0, status => 0, headers => {}, ended => 0 },
	    $class;
}

sub by_socket
{
	my ($path, $headers, %opt) = @_;

	my $sock = $opt{unix} ?
	    IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $opt{unix}) :
	    IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $opt{port});
	syswrite $sock, "GET $path HTTP/1.1\r\n" . join('', map {
	    defined $headers->{$_} ? "$_: $headers->{$_}\r\n" : '' }
	    sort keys %$headers) . "\r\n" if $sock;
	return $sock;
}

# curl says what it gets as it comes, the head first; its handle and number.
sub by_curl
{
	my ($url, $headers, @args) = @_;

	my $pid = CORE::open my $fh, '-|', qw(curl -s -i -N), @args,
	    (map { ('-H', "$_: $headers->{$_}") }
	    grep { $_ ne 'Host' && defined $headers->{$_} }
	    sort keys %$headers), $url or die "curl: $!\n";
	return ($fh, $pid);
}

sub close
{
	my ($self) = @_;

	kill 'TERM', $self->{pid} if $self->{pid} && $self->{sock};
	CORE::close $self->{sock} if $self->{sock};
	$self->{sock} = undef;
	$self->{ended} = 1;
}

# A curl that goes on would keep us waiting for its end.
sub DESTROY
{
	my ($self) = @_;

	local ($?, $!);
	$self->close if $self->{pid};
}

# Take in what is there, without waiting.
sub pump
{
	my ($self) = @_;

	return if $self->{ended};
	while (1) {
		my $n = sysread $self->{sock}, $self->{raw}, 65536,
		    length $self->{raw};
		last if !defined $n && ($! == EAGAIN || $! == EINTR);
		if (!$n) {
			$self->{ended} = 1;
			last;
		}
	}
	$self->_head unless $self->{status};
	$self->_chunks if $self->{status};
	$self->_events if $self->{status};
}

sub _head
{
	my ($self) = @_;

	return unless $self->{raw} =~ s/\A(.*?)\r\n\r\n//s;
	my ($first, @lines) = split /\r\n/, $1;
	($self->{status}) = $first =~ /^HTTP\/[\d.]+ (\d+)/;
	for (@lines) {
		$self->{headers}{lc $1} = $2 if /^([^:]+):\s*(.*)$/;
	}
	$self->{chunked} = !$self->{pid} &&
	    ($self->{headers}{'transfer-encoding'} // '') =~ /chunked/i;
}

sub _chunks
{
	my ($self) = @_;

	if (!$self->{chunked}) {
		$self->{text} .= $self->{raw};
		$self->{raw} = '';
		my $want = $self->{headers}{'content-length'};
		$self->{got} += 0;
		$self->{ended} = 1 if defined $want &&
		    length $self->{text} >= $want;
		return;
	}
	while ($self->{raw} =~ /\A([0-9a-fA-F]+)[^\r\n]*\r\n/) {
		my ($head, $len) = ($+[0], hex $1);
		last if length $self->{raw} < $head + $len + 2;
		$self->{text} .= substr $self->{raw}, $head, $len;
		substr($self->{raw}, 0, $head + $len + 2) = '';
		$self->{ended} = 1 if $len == 0;
	}
}

sub _events
{
	my ($self) = @_;

	return unless ($self->{headers}{'content-type'} // '') =~
	    m{^text/event-stream};
	# Cut off once at the end: the text may hold thousands of events.
	while ($self->{text} =~ /\G(.*?)(?:\r\n|\n)(?:\r\n|\n)/gcs) {
		my %ev = (event => 'message', at => time);
		my @data;
		for my $line (split /\r?\n/, $1) {
			next if $line =~ /^:/;
			my ($name, $value) = $line =~ /^([^:]*):? ?(.*)$/;
			push @data, $value if $name eq 'data';
			$ev{$name} = $value if $name =~ /^(event|id|retry)$/;
		}
		next unless @data;
		$ev{text} = join "\n", @data;
		$ev{data} = eval { $json->decode($ev{text}) };
		push @{ $self->{events} }, \%ev;
	}
	substr($self->{text}, 0, pos($self->{text}) // 0) = '';
	pos($self->{text}) = 0;
}

# Seconds until it does something by itself.
sub rests { return 1 }

# Wait until SUB is true, taking in what comes to any of the streams in the
# meantime; false after SECONDS.
sub wait_until
{
	my ($class, $streams, $sub, $seconds) = @_;

	my $deadline = time + ($seconds // TIMEOUT);
	while (1) {
		$_->pump for @$streams;
		return 1 if $sub->();
		my $left = $deadline - time;
		return 0 if $left <= 0;
		my ($set, $n) = ('', 0);
		# Not longer than 50 ms: SUB may look at other things too.
		$left = 0.05 if $left > 0.05;
		for (grep { !$_->{ended} } @$streams) {
			if ($_->{sock}) {
				vec($set, fileno $_->{sock}, 1) = 1;
				$n++;
			} elsif ($_->rests < $left) {
				$left = $_->rests;
			}
		}
		select $n ? $set : undef, undef, undef, $left;
	}
}

# Wait until SUB, called with $_ set to each, is true for all streams.
sub wait_all
{
	my ($class, $streams, $sub, $seconds) = @_;

	return $class->wait_until($streams, sub {
		for (@$streams) {
			return 0 unless $sub->();
		}
		return 1;
	}, $seconds);
}

# The next event that is WHAT (a name, or a sub looking at $_) after the last
# one found; undef after SECONDS or when the stream ended without it.
sub wait_for
{
	my ($self, $what, $seconds) = @_;

	my $test = ref $what ? $what : sub { $_->{event} eq $what };
	my $hit;
	(ref $self)->wait_until([$self], sub {
		while ($self->{seen} < @{ $self->{events} }) {
			local $_ = $self->{events}[$self->{seen}++];
			return $hit = $_ if $test->();
		}
		return $self->{ended};
	}, $seconds);
	return $hit;
}

# All events so far with this name, and how many.
sub named
{
	my ($self, $name) = @_;

	return grep { $_->{event} eq $name } @{ $self->{events} };
}

sub count
{
	return scalar(my @all = named(@_));
}

# Wait for the answer's head; its status, 0 after SECONDS.
sub wait_status
{
	my ($self, $seconds) = @_;

	(ref $self)->wait_until([$self],
	    sub { $self->{status} || $self->{ended} }, $seconds);
	return $self->{status};
}

# Whether the stream's end came within SECONDS.
sub wait_end
{
	my ($self, $seconds) = @_;

	return (ref $self)->wait_until([$self], sub { $self->{ended} },
	    $seconds);
}

1;
