#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The FastCGI socket: how it is handed over, and peers that are slow, idle,
# foreign or talk nonsense.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

use Check;
use Stockroom;

my %users = (users => { ana => 'editor' });
my $items = '/inventory/items';

# -- sockets that others have opened

for my $how (qw(fd0 activate)) {
	my $s = Stockroom->new(%users, app => $how);
	is_status($s->get('/health'), 200, "$how: serves");
	is_status($s->post($items, { sku => 'F-1', name => 'x' },
	    token => $s->token('ana')), 201, "$how: writes");
	my @got = parallel(8, sub {
		return $s->get("$items/F-1", token => $s->token('ana'))
		    ->{status};
	});
	is_deeply(\@got, [(200) x 8], "$how: several at once");
	$s->finish;
}

# -- kept connections

my $s = Stockroom->new(%users, relay => 1,
    args => { app => ['--threads', 4] });
my @ana = (token => $s->token('ana'));
my @health = $s->params('GET', '/api/v1/health');

my $c = FastCGI->connect($s->app_socket, keep => 1);
for (1 .. 3) {
	$c->begin->params(\@health)->stdin('');
	is($c->response->{status}, 200, "request $_ on one connection");
}
$c->close;
$c = FastCGI->connect($s->app_socket);
$c->begin->params(\@health)->stdin('');
is($c->response->{status}, 200, 'not to be kept');
ok($c->closed(5), 'is closed after the answer');
is($c->{in}, '', 'and nothing comes after it');

# -- a peer that does not close when it is told all keeps no thread: libfcgi's
# own wait for it is a minute here

{
	my $s = Stockroom->new(%users, args => { app => ['--threads', 1] },
	    env => { LIBFCGI_OS_CLOSE_POLL_TIMEOUT => 60_000 });
	my @open;
	for my $n (1 .. 3) {
		push @open, FastCGI->connect($s->app_socket);
		$open[-1]->begin->params(\@health)->stdin('');
		is($open[-1]->response(20)->{status}, 200,
		    "peer $n is answered while those before it are open");
	}
	ok($open[0]->closed(5), 'by us they are closed');
	$_->close for @open;
	$s->finish;
}

# -- idle peers, more of them than threads

my @idle = map { FastCGI->connect($s->app_socket, keep => 1) } 1 .. 12;
for (@idle[0 .. 5]) {
	$_->begin->params(\@health)->stdin('');
	is($_->response->{status}, 200, 'a peer that will be idle');
}
# Some have begun to say something.
$_->raw("\x01") for @idle[6, 7];
$_->begin for @idle[8, 9];
my $started = time;
my $r = $s->get('/health');
is_status($r, 200, 'twelve idle peers do not stop four threads');
cmp_ok(time - $started, '<', 15, 'nor for long');
is_status($s->post($items, { sku => 'F-2', name => 'x' }, @ana), 201,
    'nor writing');
$_->close for @idle;

# -- nonsense

sub is_alive
{
	my ($what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $r = $s->get('/health');
	is($r->{status}, 200, "alive after $what");
	ok($s->running('app'), "the same process after $what");
}

my $begin = pack 'CCnnCC nCx5', 1, 1, 1, 8, 0, 0, 1, 0;
my $name = 'A' x 200;
my %nonsense = (
	'text' => "GET / HTTP/1.0\r\n\r\n",
	'zeroes' => "\0" x 4096,
	'ones' => "\xff" x 4096,
	'another version' => pack('CCnnCC', 9, 1, 1, 8, 0, 0) . "\0" x 8,
	'an unknown type' => pack('CCnnCC', 1, 99, 1, 0, 0, 0),
	'an unknown role' => pack('CCnnCC nCx5', 1, 1, 1, 8, 0, 0, 7, 0),
	'a short begin' => pack('CCnnCC', 1, 1, 1, 2, 0, 0) . "\0\1",
	'parameters first' => pack('CCnnCC', 1, 4, 1, 0, 0, 0),
	'a body first' => pack('CCnnCC', 1, 5, 1, 4, 0, 0) . 'abcd',
	'an end from us' => $begin . pack('CCnnCC', 1, 3, 1, 8, 0, 0) .
	    "\0" x 8,
	'two begins' => $begin . $begin,
	'another id' => $begin . pack('CCnnCC', 1, 4, 77, 0, 0, 0),
	'a cut parameter' => $begin . pack('CCnnCC', 1, 4, 1, 3, 0, 0) .
	    "\x05\x05A" . pack('CCnnCC', 1, 4, 1, 0, 0, 0),
	'a parameter of 2 GiB' => $begin . pack('CCnnCC', 1, 4, 1, 9, 0, 0) .
	    "\xff\xff\xff\xff\x01abcd" . pack('CCnnCC', 1, 4, 1, 0, 0, 0),
	'a value of 2 GiB' => $begin . pack('CCnnCC', 1, 4, 1, 6, 0, 0) .
	    "\x01\xff\xff\xff\xffA" . pack('CCnnCC', 1, 4, 1, 0, 0, 0),
	'a nameless parameter' => $begin . pack('CCnnCC', 1, 4, 1, 3, 0, 0) .
	    "\x00\x01A" . pack('CCnnCC', 1, 4, 1, 0, 0, 0) .
	    pack('CCnnCC', 1, 5, 1, 0, 0, 0),
	'no parameters' => $begin . pack('CCnnCC', 1, 4, 1, 0, 0, 0) .
	    pack('CCnnCC', 1, 5, 1, 0, 0, 0),
	'a management question' => pack('CCnnCC', 1, 9, 0, 17, 0, 0) .
	    "\x0f\x00FCGI_MAX_CONNS0",
	'an abort first' => pack('CCnnCC', 1, 2, 1, 0, 0, 0),
	'padding alone' => $begin . pack('CCnnCC', 1, 4, 1, 0, 255, 0) .
	    "\0" x 255,
);
for my $what (sort keys %nonsense) {
	my $c = FastCGI->connect($s->app_socket) or next;
	$c->raw($nonsense{$what});
	shutdown $c->{sock}, 1;
	ok($c->closed(20), "$what: the connection ends");
	$c->close;
	is_alive($what);
}
# The same, and the peer goes away in the midst of it.
srand 42;
for my $round (1 .. 200) {
	my $c = FastCGI->connect($s->app_socket) or next;
	my $bytes = $begin . join '', map { chr int rand 256 }
	    1 .. int rand 300;
	$c->raw($round % 2 ? $bytes : substr $bytes, 16);
	$c->close;
}
is_alive('200 peers of random bytes');

# Many and large parameters.
my @many = @health;
push @many, "HTTP_X_$_", $name for 1 .. 2000;
$c = FastCGI->connect($s->app_socket);
$c->begin->params(\@many)->stdin('');
like($c->response->{status}, qr/^(200|4\d\d)$/, '2000 parameters');
is_alive('2000 parameters');
$c = FastCGI->connect($s->app_socket);
$c->begin->params([@health, HTTP_X => 'x' x (8 << 20)])->stdin('');
my $large = $c->response(20);
isnt($large->{status}, 500, 'a parameter of 8 MiB');
is_alive('a parameter of 8 MiB');
$s->stop('app');
$s->start('app');

# -- peers of other users: not a byte is read from them

# Connect to PATH as another user and send BYTES; what came back, or "refused".
sub as_another
{
	my ($path, $bytes) = @_;

	my $ask = 'use IO::Socket::UNIX; $SIG{PIPE} = "IGNORE"; alarm 20;' .
	    'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0])' .
	    ' or do { print "refused"; exit };' .
	    'syswrite $s, pack "H*", $ARGV[1];' .
	    'my $in = ""; 1 while sysread $s, $in, 4096, length $in;' .
	    'print length $in ? "answered" : "closed";';
	my @perl = ($^X, '-e', $ask, $path, unpack 'H*', $bytes);
	my $nobody = getpwnam('nobody');
	if ($> == 0) {
		my $pid = open my $fh, '-|';
		if (!$pid) {
			$) = "65534 65534";
			POSIX::setgid(65534);
			POSIX::setuid($nobody);
			exec { $perl[0] } @perl or POSIX::_exit(127);
		}
		return scalar <$fh> // '';
	}
	if (system('sudo -n -u nobody true 2>/dev/null') == 0) {
		open my $fh, '-|', 'sudo', '-n', '-u', 'nobody', @perl or die;
		return scalar <$fh> // '';
	}
	# Nobody else can be had: then the modes alone must do.
	return (stat $path)[2] & 07 ? 'open to all' : 'refused';
}

my $request = $begin . join '', map { FastCGI::record($_->[0], 1, $_->[1]) }
    [4, join '', map { FastCGI::pair($health[2 * $_], $health[2 * $_ + 1]) }
    0 .. @health / 2 - 1], [4, ''], [5, ''];
my %socket = (app => [$s->app_socket, $request],
    push => [$s->push_socket, "GET /healthz HTTP/1.1\r\nHost: x\r\n" .
    "Connection: close\r\n\r\n"],
    event => [$s->event_socket, qq({"query":"presence","room":"inventory_m) .
    qq(anagement","id":1}\n)]);
for my $which (sort keys %socket) {
	my ($path, $bytes) = @{ $socket{$which} };
	is((stat $path)[2] & 07, 0, "$which socket: nothing for others");
	is(as_another($path, $bytes), 'refused',
	    "$which socket: another user cannot connect");
	# Even where the modes would let him.
	chmod 0666, $path if $> == 0 ||
	    system('sudo -n -u nobody true 2>/dev/null') == 0;
	like(as_another($path, $bytes), qr/^(closed|refused)$/,
	    "$which socket: his user id does not");
	chmod 0660, $path;
}
is_alive('foreign peers');
is_status($s->get('/inventory/collaboration/presence?room=' . $s->room,
    @ana), 200, 'the relay too');
$s->finish;

# Whom the settings name may.
$s = Stockroom->new(%users, env => { STOCKROOM_PEERS => 'nobody' });
chmod 0666, $s->app_socket;
like(as_another($s->app_socket, $request), $> == 0 ||
    system('sudo -n -u nobody true 2>/dev/null') == 0 ? qr/^answered$/ :
    qr/./, 'STOCKROOM_PEERS names the web server');
$s->finish;

done_testing;
