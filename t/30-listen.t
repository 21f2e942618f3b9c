#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The relay's own port: what it serves, plain and with TLS, what strangers
# may do there, a renewed certificate, and starts that fail.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Fcntl qw(F_SETFD);
use IO::Socket::INET;
use IO::Socket::IP;
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(time sleep);

use Relay;

my $listen = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
my $port = $listen->sockport;
close $listen;

my $r = Relay->new(idle => 1, env => {
    STOCKROOM_ORIGIN => 'https://stock.example.com',
    STOCKROOM_REQUEST_TIME => 1, STOCKROOM_ADDRESS_CONNECTIONS => 8,
    STOCKROOM_MAX_STREAMS => 20, STOCKROOM_LOG_LEVEL => 3 });
my $dir = $r->{dir};
my ($cert, $key) = ("$dir/cert.pem", "$dir/key.pem");

# A certificate of its own, of TYPE, named NAME.
sub make_certificate
{
	my ($name, @type) = @_;

	system("openssl req -x509 -nodes -days 2 -subj /CN=$name " .
	    '-addext subjectAltName=IP:127.0.0.1 ' .
	    "-newkey @type -keyout $dir/$name.key -out $dir/$name.crt " .
	    '2>/dev/null') == 0 or die "openssl req\n";
	return ("$dir/$name.crt", "$dir/$name.key");
}

# Put files in the place of the relay's, as certbot's hook would.
sub install
{
	my ($from_cert, $from_key) = @_;

	for ([$from_cert, $cert], [$from_key, $key]) {
		my ($from, $to) = @$_;
		system('cp', $from, "$to.new") == 0 or die "cp\n";
		rename "$to.new", $to or die "rename: $!\n";
	}
}

sub connect_port
{
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port);
}

# All that comes on a socket until it is closed, or for SECONDS.
sub slurp
{
	my ($sock, $seconds) = @_;

	my ($text, $until) = ('', time + ($seconds // 10));
	while ((my $left = $until - time) > 0) {
		vec(my $set = '', fileno $sock, 1) = 1;
		next unless select $set, undef, undef, $left;
		sysread $sock, $text, 65536, length $text or return $text;
	}
	return "$text(open)";
}

# What a request, as it is, is answered.
sub raw
{
	my ($text, $seconds) = @_;

	my $sock = connect_port() or return '(refused)';
	local $SIG{PIPE} = 'IGNORE';
	syswrite $sock, $text;
	return slurp($sock, $seconds);
}

# The same to the port, as Client::http gives it.
sub http
{
	my ($method, $path, %opt) = @_;

	my %h = (Host => "127.0.0.1:$port", %{ $opt{headers} // {} });
	$h{Authorization} = "Bearer $opt{ticket}" if $opt{ticket};
	return Client::http(connect_port(), $method, $path, \%h,
	    $opt{body} // '');
}

sub curl
{
	my (@args) = @_;

	open my $fh, '-|', qw(curl -s -m 10 --cacert), $cert, @args
	    or die "curl: $!\n";
	local $/;
	my $text = <$fh> // '';
	close $fh;
	return wantarray ? ($text, $? >> 8) : $text;
}

# The name of the certificate that a new connection sees.
sub served_name
{
	my $text = `openssl s_client -connect 127.0.0.1:$port </dev/null \\
	    2>/dev/null`;
	return $text =~ /^subject=.*CN\s*=\s*(\S+)/m ? $1 : '';
}

sub address { return (port => $port, path => '/push/stream') }

# ---- plain

$r->{args}{relay} = ['--listen', "127.0.0.1:$port"];
$r->start('relay');
my $app = $r->app(head => 0);
my $near = $r->joined(user => 1);
my ($far) = $r->ticket(user => 2);
my $st = Stream->open(address(), ticket => $far);
ok $st->wait_for('room_joined'), 'a stream opens on the port';
ok $near->wait_for(sub { $_->{event} eq 'user_joined' }),
    'and is seen on the socket';
$app->change(1);
is $_->wait_for('inventory_changed')->{data}{seq}, 1, 'both hear of a change'
    for $near, $st;
ok !exists $st->{headers}{'strict-transport-security'},
    'a plain port does not speak of TLS';
my ($t, $sid) = $r->ticket(user => 3);
my $p = Poll->open(port => $port, path => '/push/poll', ticket => $t);
ok $p->wait_for('room_joined'), 'a poll on the port';
$app->change(2);
is $p->wait_for('inventory_changed')->{data}{seq}, 2, 'hears of a change';
is http('POST', '/push/beat', ticket => $t, body => '')->{status}, 204,
    'a beat';
is http('POST', '/push/beat', body => '')->{status}, 401,
    'none without a ticket';
for my $path ('/healthz', '/metrics') {
	is http('GET', $path)->{status}, 404, "$path is not for strangers";
	is http('OPTIONS', $path)->{status}, 404, 'in no way';
	is $r->relay_http('GET', $path)->{status}, 200, 'but on the socket';
}

# What comes by the one is at once with those who listen at the other.
for (['A', $st, $near], ['B', $near, $st]) {
	my ($row, $from, $to) = @$_;
	my $ticket = $from == $st ? $far : $from->{ticket};
	is http('POST', '/push/lease', ticket => $ticket, body =>
	    qq({"action":"take","row":"$row"}))->{status}, 200, "lease $row"
	    if $from == $st;
	is $r->push(lease => $ticket, { action => 'take', row => $row })
	    ->{status}, 200, "lease $row" if $from == $near;
	ok $to->wait_for(sub { $_->{event} eq 'lease_changed' &&
	    $_->{text} =~ /"$row"/ }, 5), 'is heard of';
}

# Requests that another server might read in another way.
my $beat = "POST /push/beat HTTP/1.1\r\nHost: x\r\n";
my %bad = (
	'a length and chunks' => $beat . "Content-Length: 5\r\n" .
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	'two lengths' => $beat . "Content-Length: 0\r\nContent-Length: 5\r\n" .
	    "\r\nabcde",
	'two hosts' => $beat . "Host: y\r\nContent-Length: 0\r\n\r\n",
	'two tickets' => $beat . "Authorization: Bearer a\r\n" .
	    "Authorization: Bearer b\r\nContent-Length: 0\r\n\r\n",
	'a control' => $beat . "X-A: a\x01b\r\nContent-Length: 0\r\n\r\n",
	'a name with a space' => $beat . "X A: b\r\nContent-Length: 0\r\n\r\n",
	'no host' => "GET /push/poll HTTP/1.1\r\n\r\n",
);
for my $name (sort keys %bad) {
	# With a good one behind it, which must not be answered.
	my $got = raw("$bad{$name}GET /push/poll HTTP/1.1\r\nHost: x\r\n\r\n");
	like $got, qr{\A(HTTP/1\.1 400 |\z)}, "$name: refused";
	unlike $got, qr/\(open\)/, 'and the connection is closed';
	my $n = () = $got =~ m{HTTP/1\.1 \d}g;
	# libmicrohttpd 0.9.75 says the head of its own answer twice.
	cmp_ok $n, '<=', $name eq 'no host' ? 2 : 1, 'one answer at most';
}
for my $path ('/push/poll%00', '/push%00/poll', '/push/%00poll') {
	is http('GET', $path)->{status}, 404, "no $path";
}
like raw("GET /push/poll HTTP/1.1\r\nHost: x\r\nA: " . 'y' x 20000 .
    "\r\n\r\n"), qr{\A(HTTP/1\.1 431 |\z)}, 'headers without end';
my $long = http('POST', '/push/beat', ticket => $t, body => 'x' x 5000);
is $long->{status}, 413, 'a body too large';
is http('GET', '/push/poll', headers => { Cookie => 'x' x 6000 })->{status},
    401, 'a cookie of 6 kB has room where no proxy takes it away';

# Those who send nothing, or a letter now and then, and one in between.
my $start = time;
my $silent = connect_port();
my $slow = connect_port();
my $kept = connect_port();
syswrite $kept, "GET /push/poll HTTP/1.1\r\nHost: x\r\n\r\n";
my $answered = '';
$r->wait_for(sub {
	sysread $kept, $answered, 1000, length $answered;
	return $answered =~ /status":401/;
});
like $answered, qr/status":401/, 'a connection is kept after an answer';
my ($sent, $ended) = (0, 0);
my $head = "GET /push/poll HTTP/1.1\r\nHost: x\r\nX: " . 'y' x 1000;
$r->wait_for(sub {
	local $SIG{PIPE} = 'IGNORE';
	vec(my $set = '', fileno $slow, 1) = 1;
	return $ended = 1 if select($set, undef, undef, 0.1) &&
	    !sysread $slow, my $byte, 1;
	syswrite $slow, substr $head, $sent++, 1;
	return 0;
}, 10);
ok $ended, 'a letter now and then is not enough';
is slurp($silent), '', 'silence neither';
is slurp($kept), '', 'nor to rest after an answer';
cmp_ok time - $start, '<', 8, 'in time';
$app->change(3);
is $st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == 3 })->{data}{seq}, 3, 'a stream stays';

# One address has 8 places; the stream and a poll have two of them.
$p->close;
my @many = map { connect_port() } 1 .. 12;
my @cut = grep { slurp($_, 0.2) eq '' } @many[7 .. 11];
cmp_ok scalar @cut, '>=', 4, 'one address has its places, and no more';
is $r->relay_http('GET', '/healthz')->{status}, 200,
    'the socket does not suffer';
close $_ for @many;
ok $r->wait_for(sub { http('GET', '/push/poll')->{status} == 401 }),
    'and places again';

# Places for streams are shared.
my @more = map { $r->stream(user => $_) } 10 .. 30;
ok $r->wait_for(sub { $r->metric('streams') == 20 }), 'all are taken';
my $full = Stream->open(address(), ticket => scalar $r->ticket(user => 40));
is $full->wait_for('disconnect')->{data}{code}, 'full',
    'all streams together are counted';
$_->close for @more;
$r->kill('relay', 'HUP');
is $r->relay_http('GET', '/healthz')->{status}, 200,
    'SIGHUP ends nothing where there is no certificate';
unlike $r->log_text('relay'), qr{old certificate}, 'and is no error';

# The end says so to both; one that rests has half a second left, in which
# nobody comes any more.
$kept = connect_port();
syswrite $kept, "GET /push/poll HTTP/1.1\r\nHost: x\r\n\r\n";
sysread $kept, $answered, 1000;
$r->kill('relay', 'TERM');
ok $r->wait_for(sub { $r->log_text('relay') =~ /message=stopping/ }),
    'it is ending';
ok !connect_port(), 'the port is closed';
$r->{proc}{relay}{may_end} = 1;
$r->stop('relay');
is $_->wait_for('disconnect')->{data}{code}, 'shutdown', 'told of the end'
    for $near, $st;

# ---- TLS

my @first = make_certificate('first', 'ec -pkeyopt ec_paramgen_curve:P-256');
my @second = make_certificate('second', 'rsa:2048');
install(@first);
$r->{args}{relay} = [];
@{ $r->{env} }{qw(STOCKROOM_LISTEN STOCKROOM_TLS_CERT STOCKROOM_TLS_KEY)} =
    ("127.0.0.1:$port", $cert, $key);
$r->start('relay');
$app = $r->app(head => 3);
$app->wait_for('replay_from');
$app->change(1 .. 3);

# A stream by TLS, with a ticket of USER.
sub secure_stream
{
	my ($user) = @_;

	return Stream->open(curl => ['--cacert', $cert],
	    url => "https://127.0.0.1:$port/push/stream",
	    ticket => scalar $r->ticket(user => $user));
}

my @secure = map { secure_stream($_) } 1 .. 3;
ok $_->wait_for('room_joined'), 'a stream by TLS' for @secure;
my $url = "https://127.0.0.1:$port/push";
my $text = curl('-i', "$url/poll");
like $text, qr{\AHTTP/1\.1 401 }, 'a request by TLS';
like $text, qr/^strict-transport-security: max-age=\d+\r$/mi,
    'the browser is to come back by TLS';
like $text, qr/^x-content-type-options: nosniff\r$/mi, 'nosniff';
$t = $r->ticket(user => 5);
like curl('-i', '-H', "Authorization: Bearer $t",
    '--data-binary', '{"state":"active"}', "$url/beat"),
    qr{^HTTP/1\.1 204 }m, 'a beat by TLS';
$app->change(4);
is $_->wait_for('inventory_changed')->{data}{seq}, 4, 'a change by TLS'
    for @secure;
# More than fits a record, or the socket's buffer.
$app->change(5 .. 1500);
ok(Stream->wait_all(\@secure, sub {
	$_->count('inventory_changed') == 1497 }, 20), 'many changes by TLS');
is_deeply [map { $_->{data}{seq} } $secure[0]->named('inventory_changed')],
    [4 .. 1500], 'in order';
is((curl('--tls-max', '1.1', '--ciphers', 'DEFAULT:@SECLEVEL=0',
    "$url/poll"))[1], 35, 'TLS 1.1 is too old');
is((curl('--tls-max', '1.2', "$url/poll"))[1], 0, 'TLS 1.2 is not');
is raw("GET /push/poll HTTP/1.1\r\nHost: x\r\n\r\n") =~ /\AHTTP/ ? 1 : 0, 0,
    'plain HTTP is not answered there';
$start = time;
$silent = connect_port();
slurp($silent);
cmp_ok time - $start, '<', 8, 'who does not even shake hands is cut off';

# A renewed certificate, and one that is no good.
is served_name(), 'first', 'the first certificate';
install(@second);
is served_name(), 'first', 'stays until it is told';
$r->kill('relay', 'HUP');
ok $r->wait_for(sub { served_name() eq 'second' }),
    'SIGHUP brings the second one, of another kind';
install($first[0], $second[1]);
$r->kill('relay', 'HUP');
ok $r->wait_for(sub { $r->log_text('relay') =~
    /old certificate stays.*not the certificate's/ }),
    'a key that does not belong to it is said';
is served_name(), 'second', 'and changes nothing';
install(@second);
$app->change(1501);
is $_->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == 1501 })->{data}{seq}, 1501, 'the streams went on'
    for @secure;
my $later = secure_stream(6);
ok $later->wait_for('room_joined'), 'a stream by the second certificate';
# A client that goes is noticed, as on the socket.
is $r->metric('streams'), 4, 'four streams';
$secure[0]->close;
ok $r->wait_for(sub { $r->metric('streams') == 3 }), 'then three';
$r->stop('relay');
is $_->wait_for('disconnect')->{data}{code}, 'shutdown',
    'told of the end by TLS' for @secure[1, 2], $later;

# ---- a socket that was passed

$listen = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1',
    ReuseAddr => 1) or die "listen: $!\n";
$port = $listen->sockport;
delete $r->{env}{STOCKROOM_LISTEN};
$r->start('relay', listen => $listen, env => { LISTEN_FDNAMES => 'listen' });
is served_name(), 'second', 'a passed socket gets TLS as well';
$r->stop('relay');
close $listen;

# ---- starts that fail

# The exit code and what was said of a start with these settings.
sub start_fails
{
	my ($env, @args) = @_;

	my $log = "failed" . ++$r->{failed};
	$r->spawn($log, ["$r->{build}/stockroom-relay", @args], env => $env);
	$r->reap($log);
	my $status = delete($r->{proc}{$log})->{status} // -1;
	return ($status >> 8, $r->log_text($log));
}

my $at = "127.0.0.1:$port";
my $other = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
open my $fh, '>', "$dir/text" or die;
print $fh "no certificate\n";
close $fh;
for (
	['a key only', 78, qr/TLS_CERT.* is missing/,
	    { STOCKROOM_LISTEN => $at, STOCKROOM_TLS_CERT => '' }],
	['a certificate only', 78, qr/TLS_KEY.* is missing/,
	    { STOCKROOM_LISTEN => $at, STOCKROOM_TLS_KEY => '' }],
	['no such file', 78, qr{\Q$dir\E/none: No such file},
	    { STOCKROOM_LISTEN => $at, STOCKROOM_TLS_KEY => "$dir/none" }],
	['no certificate', 78, qr{\Q$dir\E/text: holds no certificate},
	    { STOCKROOM_LISTEN => $at, STOCKROOM_TLS_CERT => "$dir/text" }],
	['no key', 78, qr{\Q$dir\E/text: holds no private key},
	    { STOCKROOM_LISTEN => $at, STOCKROOM_TLS_KEY => "$dir/text" }],
	['not a pair', 78, qr/first\.key: the key is not the certificate's/,
	    { STOCKROOM_LISTEN => $at, STOCKROOM_TLS_KEY => $first[1] }],
	['not an address', 78, qr/STOCKROOM_LISTEN.*localhost:80.*numeric/,
	    { STOCKROOM_LISTEN => 'localhost:80' }],
	['taken', 73, qr/Address already in use/,
	    { STOCKROOM_LISTEN => '127.0.0.1:' . $other->sockport }],
	['not an address', 78, qr/STOCKROOM_LISTEN/, {}, '--listen', '::1'],
	['no address', 64, qr/usage/, {}, '--listen'],
) {
	my ($name, $want, $pattern, $env, @args) = @$_;
	my ($code, $said) = start_fails($env, @args);
	is $code, $want, "$name: exit code";
	like $said, $pattern, 'and why';
	unlike $said, qr/message="ready/, 'and nothing else';
}

# IPv6, and IPv4 on the same one.
$r->{env}{STOCKROOM_LISTEN} = "[::]:$port";
$r->start('relay');
for my $host ('::1', '127.0.0.1') {
	ok(IO::Socket::IP->new(PeerHost => $host, PeerPort => $port),
	    "listening on $host");
}

$r->finish;
done_testing;
