# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# How a test talks to its Stockroom: requests over FastCGI, through nginx or
# as plain CGI, requests to the relay, streams.  Stockroom.pm is one.

package Client;

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time);

use FastCGI;
use OpenApi;
use Poll;
use Stream;

our $json = JSON::PP->new->utf8->canonical->allow_nonref;

# CGI parameters as nginx sends them, as a list.
sub params
{
	my ($self, $method, $uri, %opt) = @_;

	my ($path, $query) = split /\?/, $uri, 2;
	my $body = $opt{body} // '';
	my %p = (
		GATEWAY_INTERFACE => 'CGI/1.1', SERVER_SOFTWARE => 'test',
		SERVER_PROTOCOL => 'HTTP/1.1', REQUEST_METHOD => $method,
		REQUEST_URI => $uri, DOCUMENT_URI => $path,
		SCRIPT_NAME => '', QUERY_STRING => $query // '',
		CONTENT_LENGTH => length $body ? length $body : '',
		CONTENT_TYPE => $opt{type} // '', SERVER_NAME => 'stock.lan',
		SERVER_PORT => 80, REMOTE_ADDR => '127.0.0.1',
		REMOTE_PORT => 4711, HTTP_HOST => 'stock.lan',
	);
	my %h = %{ $opt{headers} // {} };
	for (keys %h) {
		my $name = 'HTTP_' . uc $_ =~ tr/-/_/r;
		$p{$name} = $h{$_};
	}
	my %over = %{ $opt{params} // {} };
	@p{keys %over} = values %over;
	return ((map { $_ => $p{$_} } grep { defined $p{$_} } sort keys %p),
	    @{ $opt{more_params} // [] });
}

# One request.  Options: as (a user: his session's cookie), token, json (a
# body to encode) or body (bytes), type, headers, params (FastCGI parameters
# that replace ours; undef drops one), more_params (a list sent after them),
# key (Idempotency-Key), via ('fcgi', 'nginx', 'cgi'), timeout.
# Returns {status, headers (names in lower case), body, json}.
sub request
{
	my ($self, $method, $path, %opt) = @_;

	my $uri = $path =~ m{^/(/.*)$}s ? $1 : "$self->{base}/api/v1$path";
	my %h;
	if (defined $opt{as}) {
		$h{Cookie} = $self->sign_in($opt{as});
		$h{'Sec-Fetch-Site'} = 'same-origin';
	}
	$h{Authorization} = "Bearer $opt{token}" if defined $opt{token};
	$h{'Idempotency-Key'} = $opt{key} if defined $opt{key};
	%h = (%h, %{ $opt{headers} // {} });
	delete $h{$_} for grep { !defined $h{$_} } keys %h;
	my $body = exists $opt{json} ? $json->encode($opt{json}) :
	    $opt{body} // '';
	my $type = exists $opt{type} ? $opt{type} :
	    exists $opt{json} || exists $opt{body} ? 'application/json' :
	    undef;
	my $via = $opt{via} // ($self->plain_nginx ? 'nginx' :
	    $self->{app} ? 'fcgi' : 'cgi');
	my $send = "send_$via";
	my $r = $self->$send($method, $uri, %opt, headers => \%h,
	    body => $body, type => $type);
	$r->{json} = eval { $json->decode($r->{body}) }
	    if ($r->{headers}{'content-type'} // '') =~ /json/;
	$self->check_described($method, $path, $r);
	return $r;
}

# Whether nginx runs, and without TLS, which this client does not speak.
sub plain_nginx
{
	my ($self) = @_;

	return $self->{proc}{nginx} && !$self->{tls};
}

# Note what openapi.json does not say of an answer of the app's.
sub check_described
{
	my ($self, $method, $path, $r) = @_;

	return if $path =~ m{^//} || !$r->{headers}{'x-request-id'} ||
	    $method eq 'HEAD' || (exists $r->{ended} && !$r->{ended});
	OpenApi::load($self->top);
	push @{ $self->{trouble} }, grep { !$self->{said}{$_}++ }
	    map { "openapi.json: $_" }
	    OpenApi::complaints($method, $path, $r);
}

sub get { my ($s, $p, @o) = @_; return $s->request('GET', $p, @o) }
sub delete { my ($s, $p, @o) = @_; return $s->request('DELETE', $p, @o) }
sub post { my ($s, $p, $j, @o) = @_;
	return $s->request('POST', $p, json => $j, @o) }
sub patch { my ($s, $p, $j, @o) = @_;
	return $s->request('PATCH', $p, json => $j, @o) }

sub send_fcgi
{
	my ($self, $method, $uri, %opt) = @_;

	return FastCGI::request($self->app_socket,
	    [$self->params($method, $uri, %opt)], $opt{body},
	    timeout => $opt{timeout}) //
	    { status => 0, headers => {}, body => '' };
}

# Run the app as a plain CGI program between two handles; its number.
sub cgi_process
{
	my ($self, $in, $out, %p) = @_;

	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	delete $ENV{$_} for grep { /^(STOCKROOM_|ALLOW_ORIGIN)/ } keys %ENV;
	@ENV{keys %{ $self->{env} }} = values %{ $self->{env} };
	@ENV{keys %p} = values %p;
	POSIX::dup2(fileno $in, 0);
	POSIX::dup2(fileno $out, 1);
	open STDERR, '>>', $self->log_file('cgi');
	# As Apache does: RFC 3875, section 4.4.
	my @argv = $p{QUERY_STRING} =~ /=/ ? () :
	    split /\+/, $p{QUERY_STRING};
	exec "$self->{build}/stockroom-app", @argv or POSIX::_exit(127);
}

# Plain CGI: a process of its own for this request.
sub send_cgi
{
	my ($self, $method, $uri, %opt) = @_;

	my ($in, $out) = map { File::Temp->new(DIR => $self->{dir}) } 1, 2;
	print $in $opt{body};
	$in->flush;
	seek $in, 0, 0;
	waitpid $self->cgi_process($in, $out,
	    $self->params($method, $uri, %opt)), 0;
	my $status = $?;
	open my $fh, '<:raw', $out->filename or die;
	local $/;
	my $r = FastCGI::parse_cgi({ out => scalar <$fh> // '' });
	$r->{exit} = $status;
	return $r;
}

sub send_nginx
{
	my ($self, $method, $uri, %opt) = @_;

	my %h = %{ $opt{headers} };
	$h{'Content-Type'} = $opt{type} if defined $opt{type};
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $self->{port});
	return http($sock, $method, $uri, {
	    Host => "127.0.0.1:$self->{port}", %h }, $opt{body},
	    $opt{timeout});
}

# A request to the relay itself, past nginx.
sub relay_http
{
	my ($self, $method, $path, %opt) = @_;

	my $sock = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Peer => $self->push_socket);
	my %h = %{ $opt{headers} // {} };
	$h{Authorization} = "Bearer $opt{ticket}" if defined $opt{ticket};
	$h{'Content-Type'} = $opt{type} // 'application/json'
	    if exists $opt{json} || exists $opt{body};
	my $r = http($sock, $method, $path, { Host => 'localhost', %h },
	    exists $opt{json} ? $json->encode($opt{json}) :
	    $opt{body} // '', $opt{timeout});
	$r->{json} = eval { $json->decode($r->{body}) };
	return $r;
}

# HTTP/1.1 on a connected socket, one request, then closed.  Status 0: no
# answer.
sub http
{
	my ($sock, $method, $uri, $headers, $body, $seconds) = @_;

	my $r = { status => 0, headers => {}, body => '' };
	return $r unless $sock;
	local $SIG{PIPE} = 'IGNORE';
	my %h = (%$headers, Connection => 'close');
	$h{'Content-Length'} //= length $body
	    if length $body || $method =~ /^(POST|PATCH|PUT)$/;
	my $bytes = "$method $uri HTTP/1.1\r\n" . join('', map {
	    "$_: $h{$_}\r\n" } sort keys %h) . "\r\n" . $body;
	my $deadline = time + ($seconds // 30);
	while (length $bytes) {
		my $n = syswrite $sock, $bytes or last;
		substr($bytes, 0, $n) = '';
	}
	my $in = '';
	while ((my $left = $deadline - time) > 0) {
		vec(my $set = '', fileno $sock, 1) = 1;
		next unless select $set, undef, undef, $left;
		last unless sysread $sock, $in, 65536, length $in;
	}
	my ($head, $rest) = split /\r\n\r\n/, $in, 2;
	my ($first, @lines) = split /\r\n/, $head // '';
	return $r unless ($first // '') =~ m{^HTTP/1\.\d (\d+)};
	$r->{status} = 0 + $1;
	for (@lines) {
		my ($name, $value) = /^([^:]+):\s*(.*)$/ or next;
		$name = lc $name;
		$r->{headers}{$name} = exists $r->{headers}{$name} ?
		    "$r->{headers}{$name}\n$value" : $value;
	}
	if (($r->{headers}{'transfer-encoding'} // '') =~ /chunked/i) {
		while ($rest =~ s/\A([0-9a-fA-F]+)[^\r\n]*\r\n//) {
			my $len = hex $1 or last;
			$r->{body} .= substr $rest, 0, $len, '';
			$rest =~ s/\A\r\n//;
		}
	} else {
		$r->{body} = $rest // '';
	}
	return $r;
}

# The cookie of a user's session, signed in once.
sub sign_in
{
	my ($self, $user, %opt) = @_;

	return $self->{cookie}{$user} if $self->{cookie}{$user} &&
	    !$opt{again};
	my $r = $self->post('/session', { username => $user,
	    password => $self->PASSWORD },
	    headers => { 'Sec-Fetch-Site' => 'same-origin' });
	die "sign-in of $user: $r->{status} $r->{body}"
	    unless $r->{status} == 201;
	my ($cookie) = ($r->{headers}{'set-cookie'} // '') =~ /^([^;]+)/
	    or die "no cookie for $user\n";
	return $self->{cookie}{$user} = $cookie;
}

# -- streams -------------------------------------------------------------

# Join the room; what the app answered (ticket, sid, position, ...).
sub join_room
{
	my ($self, %opt) = @_;

	my %body = (room => $opt{room} // $self->room);
	defined $opt{$_} and $body{$_} = $opt{$_} for qw(name ticket);
	my $r = $self->post('/inventory/collaboration/join', \%body,
	    as => $opt{as}, token => $opt{token});
	die "join: $r->{status} $r->{body}" unless $r->{status} =~ /^20[01]$/;
	return $r->{json};
}

# A stream of a join's answer (join => ...), or join first (as/token/name);
# through nginx when it runs.  Options of Stream->open are passed on.
# {join} of the stream is the answer of the join.
sub open_stream
{
	my ($self, %opt) = @_;

	my $join = delete $opt{join} // $self->join_room(%opt);
	delete @opt{qw(as token name room ticket)};
	my $st = Stream->open($self->stream_address(delete $opt{via}),
	    ticket => $join->{ticket}, %opt) or die "no stream: $!\n";
	$st->{join} = $join;
	return $st;
}

# The same by long-polling; a Poll has the face of a Stream.
sub open_poll
{
	my ($self, %opt) = @_;

	my $join = delete $opt{join} // $self->join_room(%opt);
	delete @opt{qw(as token name room ticket)};
	my $p = Poll->open($self->stream_address(delete $opt{via}, 'poll'),
	    ticket => $join->{ticket}, %opt) or die "no poll: $!\n";
	$p->{join} = $join;
	return $p;
}

# Where streams are opened, or polls go to.
sub stream_address
{
	my ($self, $via, $what) = @_;

	$via //= $self->plain_nginx ? 'nginx' : 'relay';
	$what //= 'stream';
	return $via eq 'nginx' ? (port => $self->{port},
	    path => "$self->{base}/push/$what") :
	    (unix => $self->push_socket, path => "/push/$what");
}

1;
