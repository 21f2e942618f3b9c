#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Floods: those who are slow on purpose, guess passwords, come and go, or never
# read, through nginx as it is installed, at the relay's own port, and through
# Apache.  Ordinary users go on meanwhile, and memory stays under its cap.
#
# Here others wait 5 s at most, on whatever machine and next to whatever else;
# bench/ demands 500 ms of one with nothing else to do.  STOCKROOM_RUNS=10 makes
# each flood ten times as long.  70-flood-judge.t shows that late is seen.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Apache;
use Check;
use Flood;
use Proc;
use Regulars;
use Stockroom;

sub hashes
{
	my $half = int(`nproc` / 2);

	return $half < 1 ? 1 : $half > 4 ? 4 : $half;
}

use constant {
	SECONDS => 3 * ($ENV{STOCKROOM_RUNS} // 1),
	LATE => 5000,		# ms
	FEW => 5,		# times that each kind of request was made
	# KiB of memory of one's own.  The units say MemoryMax=1G; the app may
	# hash four passwords at once, in 64 MiB each, where there are cores.
	MOST => { app => (128 + 64 * hashes()) << 10, relay => 64 << 10,
	    nginx => 64 << 10 },
};

# More descriptors than a shell gives, for us and those whom we start.
system('prlimit', '--pid', $$, '--nofile=4096:') == 0 or die "prlimit\n";

my $build = Stockroom::build();
my $sanitized = Stockroom::sanitized();
my $tree = Nginx::install($build);
my $own = Nginx::free_port();
my @crowd = map { "crowd$_" } 1 .. 8;
my $s = Stockroom->new(relay => 1,
    users => { ana => 'editor', ben => 'editor',
    map { $_ => 'viewer' } @crowd },
    env => { STOCKROOM_LISTEN => "127.0.0.1:$own",
    STOCKROOM_ORIGIN => 'http://stock.example.com' },
    nginx => { tree => $tree, site => 'site-plain' });
my $users = Regulars->new($s);

# -- two who say half of what they have to, and what becomes of them

my $post = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n";
# It says which of them was answered or cut off in time.
my $half = Flood->begin(45, sub {
	my ($until) = @_;

	my (%half, %cut);
	for my $what (qw(headers body)) {
		$half{$what} = IO::Socket::INET->new(PeerPort => $s->{port},
		    PeerAddr => '127.0.0.1');
		syswrite $half{$what}, $what eq 'body' ? "$post\r\n{" : $post;
	}
	for my $what (keys %half) {
		my $left = $until - time;
		vec(my $set = '', fileno $half{$what}, 1) = 1;
		$cut{$what} = select $set, undef, undef,
		    $left > 0 ? $left : 0;
	}
	return \%cut;
});

# Let floods run out; ordinary users must not have noticed much.
sub survives
{
	my ($what, @floods) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $kib = Flood::peaks({ map { $_ => $s->pid($_) }
	    qw(app relay nginx) }, @floods);
	my $f = $users->figures;
	note("$what: ", Regulars::words($f), '; ',
	    join ', ', map { "$_ $kib->{$_} KiB" } sort keys %$kib);
	is("@{ $f->{failed} }", '', "$what: nobody else is refused");
	for (qw(read write event)) {
		cmp_ok($f->{$_}{p99}, '<', LATE, "$what: nor late: $_");
		cmp_ok($f->{$_}{n}, '>', FEW, "$what: nor idle: $_");
	}
	return if $sanitized;
	cmp_ok($kib->{$_}, '<', MOST->{$_}, "$what: memory of $_")
	    for sort keys %$kib;
}

# That a flood was carried out, and each of its requests answered like this.
sub answered
{
	my ($what, $status, $flood) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %said = %{ $flood->{said} };
	is(join(' ', sort keys %said), $status, "$what: none is answered else");
	cmp_ok($said{$status} // 0, '>', FEW, "$what: many are answered");
}

# What has been written to a log since the last call.
my %read;
sub logged
{
	my ($name) = @_;

	my $text = $s->log_text($name);
	my $new = substr $text, $read{$name} // 0;
	$read{$name} = length $text;
	return $new;
}

# -- slow in three ways at both doors, and asking nginx for a file in pieces

sub slow
{
	my ($port, $page, $n) = @_;

	# It says how it stands after five seconds.
	my %opt = (seconds => 2 + SECONDS, connections => $n);
	return (Flood->slow('H', $port, $page, %opt),
	    Flood->slow('B', $port, '/push/cursor', %opt),
	    Flood->slow('X', $port, $page, %opt,
	    args => [qw(-w 10 -y 20 -z 5 -k 3)]));
}

$users->figures;
logged($_) for qw(app relay nginx);
my @slow = (slow($s->{port}, '/inventory/management', 200),
    slow($own, '/push/stream', 100));
my $ranges = Flood->ranges($s->{port}, '/inventory/management',
    seconds => SECONDS, at_once => 2);
survives('slow ones', @slow, $ranges);
is(join(' ', map { $_->{said}{available} // '' } @slow), 'YES ' x 5 . 'YES',
    'nor did the attackers find it down');
for ([heads => @slow[0, 3]], [bodies => @slow[1, 4]],
    [reading => @slow[2, 5]]) {
	my ($what, $nginx, $relay) = @$_;
	cmp_ok($nginx->{said}{connected}, '>', 100, "slow $what: held");
	cmp_ok($relay->{said}{connected}, '>', 50, 'at both doors');
}
answered('ranges', 200, $ranges);
is(logged('nginx'), '', 'none of it fills the error log');

# -- bodies of which much is made

my $big = '{"username":[' . join(',', ('{}') x 300_000) . ']}';
my @large = map { Flood->begin(SECONDS, sub {
	my ($until) = @_;

	my %said;
	while (time < $until) {
		my $r = Client::http(IO::Socket::INET->new(PeerPort =>
		    $s->{port}, PeerAddr => '127.0.0.1'), 'POST',
		    '/api/v1/session', { Host => 'x', 'Content-Type' =>
		    'application/json', 'Sec-Fetch-Site' => 'same-origin' },
		    $big);
		$said{ $r->{status} }++;
	}
	return \%said;
}) } 1 .. 4;
survives('large bodies', @large);
answered('large bodies', 400, $_) for @large;

# -- guesses at passwords from thousands of addresses

my $sign_in = { username => 'ana', password => 'stockroom' };
my @browser = (headers => { 'Sec-Fetch-Site' => 'same-origin' });
is_status($s->post('/session', $sign_in, @browser), 201, 'ana signs in');
$s->stop('app');
$s->{env}{STOCKROOM_SIGNIN_ACCOUNT} = 100_000;
$s->start('app');
$s->wait_joined;
$users->figures;
my $guess = Flood->sign_in($s->{port}, seconds => SECONDS, at_once => 60);
my $ben = Flood->sign_in($s->{port}, seconds => SECONDS, at_once => 10,
    user => 'ben');
ok($s->wait_for(sub { return $s->post('/session', { username => 'x',
    password => 'x' }, @browser, timeout => 1)->{status} == 429 }, 30),
    'strangers wait in vain');
my @again = map { $s->post('/session', $sign_in, @browser)->{status} } 1 .. 4;
is("@again", '201 201 201 201', 'who has been here before signs in meanwhile');
survives('guesses', $guess, $ben);
cmp_ok($guess->{said}{429}, '>', 20, 'most guesses are not even looked at');
cmp_ok($ben->{said}{429}, '>', FEW, 'nor are those at one account');
is_deeply([grep { !/^4(01|29)$/ } map { keys %{ $_->{said} } } $guess, $ben],
    [], 'and none is answered else');

# -- streams that come and go, 200 a second

my @tickets = map { my $who = $_;
    map { $s->join_room(token => $s->token($who), name => "n$_")->{ticket} }
    1 .. 10 } @crowd;
my $witness = $s->open_stream(token => $s->token('ana'), name => 'witness');
$witness->wait_for('room_joined') or die "no room\n";
# All of them are there from here on.
Flood->reconnect($s->{port}, \@tickets, seconds => 1, rate => 200)->wait;

# Files that a process has open.
sub files
{
	my ($name) = @_;

	my @fds = glob '/proc/' . $s->pid($name) . '/fd/*';
	return scalar @fds;
}

# That streams were opened all the time, and that none was refused.
sub begun
{
	my ($flood) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($flood->{said}{refused}, 0, 'none is refused');
	cmp_ok($flood->{said}{begun}, '>', 100, 'and they did what they could');
}

$witness->pump;
my $files = files('relay');
my $kib = Proc::private($s->pid('relay'));
my %seen = map { $_ => $witness->count($_) } qw(user_joined user_left
    presence_update);
logged('relay');
my $back = Flood->reconnect($s->{port}, \@tickets, seconds => SECONDS,
    rate => 200);
survives('200 streams a second', $back);
begun($back);
$witness->pump;
cmp_ok($witness->count($_) - $seen{$_}, '<', 0.1 * $back->{said}{begun},
    "hardly anything is told of it: $_") for sort keys %seen;
ok($s->wait_for(sub { files('relay') <= $files + 20 }, 10),
    'no descriptor is left behind') or diag(files('relay'), " $files");
cmp_ok(Proc::private($s->pid('relay')) - $kib, '<', 2000, 'nor memory')
    unless $sanitized;
my @lines = split /\n/, logged('relay');
cmp_ok(@lines, '<', 2 * $back->{said}{opened} + 100,
    'two lines each in the log') or diag(@lines[0 .. 9]);
my $direct = Flood->reconnect($own, \@tickets, seconds => SECONDS,
    rate => 200);
survives("200 a second at the relay's port", $direct);
begun($direct);

# -- listeners who never read, while much is said

# Each sid at one door: at a second one it would take its own place.
my @deaf = (Flood->deaf($s->{port}, [@tickets[0 .. 39]], seconds => SECONDS),
    Flood->deaf($own, [@tickets[40 .. 79]], seconds => SECONDS));
my $until = time + SECONDS - 1;
my $sku = 0;
while (time < $until) {
	$s->post('/inventory/items', { sku => 'LOUD-' . ++$sku, name => 'x',
	    notes => 'n' x 2000 }, token => $s->token('ben'));
}
survives('who never reads', @deaf);
cmp_ok($sku, '>', FEW, 'who never reads: much is said');
is($_->{said}{begun}, 40, 'to all of them') for @deaf;

# -- more from one address than one may have

$users->end;
my @bodies;
for (1 .. 1100) {
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $s->{port}, LocalAddr => '127.0.0.9') or last;
	syswrite $sock, "$post\r\n{";
	push @bodies, $sock;
}
is(scalar @bodies, 1100, 'a thousand bodies, and a hundred more');
my $refused = 0;
$s->wait_for(sub {
	$refused = grep {
		vec(my $r = '', fileno $_, 1) = 1;
		select $r, undef, undef, 0;
	} @bodies;
	return $refused >= 100;
}, 10);
is($refused, 100, 'the hundred are refused');
is_status($s->get('/health'), 200, 'and other addresses are not');
close $_ for @bodies;

# -- the two of the beginning

my $cut = $half->wait;
ok($cut->{$_}, "half of the $_ is not waited for")
    for qw(headers body);
$s->finish;

# -- Apache hands on what comes: bodies that do so slowly

$s = Stockroom->new(app => 0, users => { ana => 'editor' },
    env => { STOCKROOM_PEERS => Apache::user() });
Apache::start($s, tree => $tree, app => 'proxy', site => 'site', plain => 1,
    workers => 150);
$s->wait_joined;
$users = Regulars->new($s, stream => [unix => $s->push_socket,
    path => '/push/stream']);
$users->figures;
my $slow = Flood->slow('B', $s->{port}, '/api/v1/session', connections => 80,
    seconds => 5 + SECONDS, args => [qw(-f application/json)]);
my $most = Flood::peaks({ app => $s->pid('app') }, $slow);
my $f = $users->figures;
note('slow bodies at Apache: ', Regulars::words($f), "; app $most->{app} KiB");
is("@{ $f->{failed} }", '', 'slow bodies at Apache: nobody else is refused');
cmp_ok($f->{$_}{p99}, '<', LATE, "slow bodies at Apache: nor late: $_")
    for qw(read write event);
cmp_ok($slow->{said}{connected}, '>', 60, 'they did what they could');
cmp_ok($most->{app}, '<', MOST->{app}, 'memory of app') unless $sanitized;
$users->end;
$s->finish;
done_testing;
