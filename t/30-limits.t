#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Limits: streams, users, addresses, methods, sizes, and who may connect.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Prometheus;
use Relay;

use POSIX ();

# Run a program as another user; its exit code, undef where we may not.
sub as_nobody
{
	my (@argv) = @_;

	if ($> != 0) {
		return undef if system 'sudo -n -u nobody true 2>/dev/null';
		system qw(sudo -n -u nobody), @argv;
		return $? >> 8;
	}
	my $nobody = getpwnam 'nobody';
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		$) = "$nobody $nobody";
		POSIX::setgid($nobody);
		POSIX::setuid($nobody);
		exec @argv or POSIX::_exit(9);
	}
	waitpid $pid, 0;
	return $? >> 8;
}

my $r = Relay->new(env => { STOCKROOM_MAX_STREAMS => 8,
    STOCKROOM_USER_STREAMS => 3, STOCKROOM_BASE => '/stock' });
$r->app(head => 0);

# Of one user, and of all.
my @st = map { $r->joined(user => 1) } 1 .. 3;
my $more = $r->stream(user => 1);
my $bye = $more->wait_for('disconnect');
is $more->wait_status, 200, 'one too many of a user: a stream that says so';
is $bye->{data}{code}, 'full', 'and why';
cmp_ok $bye->{data}{retry}, '>', 0, 'and when to try again';
ok $more->wait_end, 'and ends';
my ($t, $sid) = $r->ticket(user => 1);
my ($name) = map { $_->{events}[0]{data}{sid} } $st[0];
my $same = $r->joined(user => 1, sid => $name);
ok $st[0]->wait_end, 'one of the same page replaces the older';
push @st, $same, map { $r->joined(user => $_) } 2 .. 6;
is $r->metric('streams'), 8, 'all places are taken';
my ($once) = $r->ticket(user => 9);
$more = $r->stream(ticket => $once, query => 1);
is $more->wait_for('disconnect')->{data}{code}, 'full', 'no more for others';
is $r->push(beat => scalar $r->ticket(user => 1))->{status}, 429,
    'nor with pages that have no stream';
is $r->push(beat => scalar $r->ticket(user => 2))->{status}, 204,
    'who has few pages may have such a one';
$_->close for @st;
ok $r->wait_for(sub { $r->metric('streams') == 0 }), 'places are free';
ok $r->joined(ticket => $once, query => 1),
    'and the ticket in the address was not used up';

# Addresses, with the prefix and without.
my $st = $r->joined(user => 1);
for my $base ('', '/stock') {
	is $r->relay_http('POST', "$base/push/beat",
	    ticket => $st->{ticket})->{status}, 204, "$base/push/beat";
}
my %allow = ('/push/stream' => 'GET', '/push/poll' => 'GET',
    '/push/cursor' => 'POST', '/push/beat' => 'POST',
    '/push/lease' => 'POST', '/push/leave' => 'POST',
    '/healthz' => 'GET', '/metrics' => 'GET');
for my $path (sort keys %allow) {
	for my $method (qw(GET POST PUT DELETE)) {
		next if $method eq $allow{$path};
		my $res = $r->relay_http($method, $path);
		is $res->{status}, 405, "$method $path";
		is $res->{headers}{allow}, $allow{$path}, 'says what is';
	}
}
for my $path ('/', '/push', '/push/', '/push/streams', '/push/cursor/',
    '/stock', '/stock/', '/stockpush/beat', '/api/v1/health') {
	my $res = $r->relay_http('GET', $path);
	is $res->{status}, 404, "no $path";
	is $res->{json}{type}, '/problems/not-found', 'as a problem';
}
my $health = $r->relay_http('GET', '/healthz');
is $health->{status}, 200, 'healthz';
is $health->{json}{status}, 'ok', 'is well';
is $health->{json}{position}, Relay::EPOCH . ':0', 'and knows where we are';
my $metrics = $r->relay_http('GET', '/metrics');
like $metrics->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4},
    'metrics in the text format';
is_deeply(Prometheus->read($metrics->{body})->complaints, [],
    'and without a fault');

# Requests that are none.
for my $text ("GET\r\n\r\n", "\0" x 100, 'x' x 100000,
    "GET /push/stream HTTP/1.1\r\n\r\n",
    "POST /push/beat HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nA: " . 'y' x 8000 . "\r\n\r\n") {
	my $sock = IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM(),
	    Peer => $r->push_socket);
	local $SIG{PIPE} = 'IGNORE';
	syswrite $sock, $text;
	my ($answer, $set) = ('', '');
	vec($set, fileno $sock, 1) = 1;
	# Some are waited for to go on; none of them may be answered well.
	sysread $sock, $answer, 1000 if select $set, undef, undef, 0.3;
	unlike $answer, qr{^HTTP/1\.1 [25]}, 'refused: ' .
	    ($text =~ /^([ -~]{1,40})/ ? $1 : 'bytes');
}
is $r->relay_http('GET', '/healthz')->{status}, 200, 'nothing is harmed';

# Who may connect: somebody else's process may not, to either socket.
my $try = 'use IO::Socket::UNIX; ' .
    'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 3; ' .
    'syswrite $s, $ARGV[1]; my $t = <$s>; exit(defined $t ? 1 : 0)';
chmod 0777, $r->push_socket, $r->event_socket;
for my $case ([$r->push_socket,
    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
    [$r->event_socket, '{"query":"presence","room":"x","id":1}' . "\n"]) {
	my @argv = ($^X, '-e', $try, @$case);
	system @argv;
	is $? >> 8, 1, 'our own process gets an answer';
	next unless defined(my $code = as_nobody(@argv));
	is $code, 0, 'a foreign one does not';
	like $r->log_text('relay'), qr/refused a connection to the/,
	    'which is said';
}
$r->spawn('second', ["$r->{build}/stockroom-relay"],
    env => { STOCKROOM_PEERS => 'no-such-user' });
is $r->reap('second') >> 8, 78, 'peers have to exist';
like $r->log_text('second'), qr/no-such-user/, 'the unknown one is named';
delete $r->{proc}{second};

$r->finish;
done_testing;
