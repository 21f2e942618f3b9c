# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A small FastCGI client (FastCGI specification 1.0, responder role) over a
# Unix socket.  It says what it is told to, lies included: any parameters in
# any order and number, a body that is cut, records that are no records.
#
#	my $r = FastCGI::request($path, [REQUEST_METHOD => 'GET', ...], $body);
#	$r->{status} $r->{headers}{etag} $r->{body}
#
# or step by step, with several requests on one connection:
#
#	my $c = FastCGI->connect($path);
#	$c->begin->params([...])->stdin("ab")->stdin("");
#	my $r = $c->response;

package FastCGI;

use strict;
use warnings;

use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);

use constant {
	FCGI_BEGIN => 1, FCGI_ABORT => 2, FCGI_END => 3, FCGI_PARAMS => 4,
	FCGI_STDIN => 5, FCGI_STDOUT => 6, FCGI_STDERR => 7, KEEP_CONN => 1,
	TIMEOUT => 30, SIOCOUTQ => 0x5411,
};

# Connect; undef with $! when nobody listens.
sub connect
{
	my ($class, $path, %opt) = @_;

	my $sock = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path)
	    or return undef;
	return bless {
		sock => $sock, id => 0, keep => $opt{keep} ? KEEP_CONN : 0,
		in => '',
	}, $class;
}

# One whole request on a connection of its own; undef when nobody listens.
sub request
{
	my ($path, $params, $body, %opt) = @_;

	my $c = FastCGI->connect($path, %opt) or return undef;
	$c->begin->params($params);
	$c->stdin($body) if defined $body && length $body;
	$c->stdin('');
	return $c->response($opt{timeout});
}

# A record's bytes.
sub record
{
	my ($type, $id, $content) = @_;

	return pack('CCnnCC', 1, $type, $id, length $content, 0, 0) . $content;
}

sub pair
{
	my ($name, $value) = @_;

	return join('', map { $_ < 128 ? pack('C', $_) :
	    pack('N', $_ | 0x80000000) } length $name, length $value) .
	    $name . $value;
}

# Bytes as they are.  A peer that hung up is found out when reading.
sub raw
{
	my ($self, $bytes) = @_;

	local $SIG{PIPE} = 'IGNORE';
	while (length $bytes) {
		my $n = syswrite $self->{sock}, $bytes;
		last unless defined $n;
		substr($bytes, 0, $n) = '';
	}
	return $self;
}

sub begin
{
	my ($self) = @_;

	$self->{id}++;
	return $self->raw(record(FCGI_BEGIN, $self->{id},
	    pack('nCx5', 1, $self->{keep})));
}

# The parameters, a reference to a list of name => value, and their end.
sub params
{
	my ($self, $list) = @_;

	my $bytes = '';
	for (my $i = 0; $i < @$list; $i += 2) {
		$bytes .= pair($list->[$i], $list->[$i + 1]);
	}
	while (length $bytes) {
		my $part = substr $bytes, 0, 65535, '';
		$self->raw(record(FCGI_PARAMS, $self->{id}, $part));
	}
	return $self->raw(record(FCGI_PARAMS, $self->{id}, ''));
}

# Bytes of the body; '' ends it.
sub stdin
{
	my ($self, $bytes) = @_;

	do {
		my $part = substr $bytes, 0, 65528, '';
		$self->raw(record(FCGI_STDIN, $self->{id}, $part));
	} while (length $bytes);
	return $self;
}

sub abort
{
	my ($self) = @_;

	return $self->raw(record(FCGI_ABORT, $self->{id}, ''));
}

sub close
{
	my ($self) = @_;

	close $self->{sock};
}

# Wait until the peer has read all that was sent (unix(7), SIOCOUTQ); false
# after SECONDS.
sub taken
{
	my ($self, $seconds) = @_;

	my $deadline = time + ($seconds // TIMEOUT);
	while (1) {
		my $left = pack 'i', 0;
		ioctl $self->{sock}, SIOCOUTQ, $left or die "SIOCOUTQ: $!";
		return 1 if unpack('i', $left) == 0;
		return 0 if time >= $deadline;
		sleep 0.002;
	}
}

# Read the socket until SUB says so; false on end of file or after SECONDS.
sub read_until
{
	my ($self, $sub, $seconds) = @_;

	my $deadline = time + ($seconds // TIMEOUT);
	until ($sub->()) {
		my $left = $deadline - time;
		return 0 if $left <= 0;
		my $set = '';
		vec($set, fileno $self->{sock}, 1) = 1;
		select $set, undef, undef, $left;
		next unless vec $set, fileno $self->{sock}, 1;
		my $n = sysread $self->{sock}, $self->{in}, 65536,
		    length $self->{in};
		return 0 unless $n;
	}
	return 1;
}

# Whether the peer has closed, waiting at most SECONDS for it.
sub closed
{
	my ($self, $seconds) = @_;

	my $deadline = time + $seconds;
	$self->read_until(sub { 0 }, $seconds);
	return time < $deadline;
}

# The answer to the request under way; without END_REQUEST its {ended} is 0.
sub response
{
	my ($self, $seconds) = @_;

	my %r = (out => '', err => '', ended => 0);
	$self->read_until(sub {
		while (length $self->{in} >= 8) {
			my (undef, $type, $id, $len, $pad) =
			    unpack 'CCnnC', $self->{in};
			last if length $self->{in} < 8 + $len + $pad;
			my $content = substr $self->{in}, 8, $len;
			substr($self->{in}, 0, 8 + $len + $pad) = '';
			$r{out} .= $content if $type == FCGI_STDOUT;
			$r{err} .= $content if $type == FCGI_STDERR;
			if ($type == FCGI_END) {
				@r{qw(app_status protocol)} =
				    unpack 'NC', $content;
				$r{ended} = 1;
				return 1;
			}
		}
		return 0;
	}, $seconds);
	return parse_cgi(\%r);
}

# Split CGI output ({out}) into {status} {headers} {body}.
sub parse_cgi
{
	my ($r) = @_;

	my ($head, $body) = split /\r?\n\r?\n/, $r->{out}, 2;
	$r->{body} = $body // '';
	$r->{headers} = {};
	$r->{status} = defined $head && length $head ? 200 : 0;
	for my $line (split /\r?\n/, $head // '') {
		my ($name, $value) = $line =~ /^([^:\s]+):\s*(.*)$/ or next;
		$name = lc $name;
		$r->{status} = 0 + ($value =~ /^(\d+)/)[0] if $name eq 'status';
		$r->{headers}{$name} = exists $r->{headers}{$name} ?
		    "$r->{headers}{$name}\n$value" : $value;
	}
	return $r;
}

1;
