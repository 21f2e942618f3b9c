#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Under a service manager: passed sockets, by name; word of what is going on;
# signs of life that come from what works; and no request refused by a
# restart.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Check;
use Stockroom;

my $s = Stockroom->new(app => 0, relay => 0, users => { ana => 'editor' });
my $dir = $s->{dir};
my $app_sock = Service::listener($s->app_socket);
my $push_sock = Service::listener($s->push_socket);
my $event_sock = Service::listener($s->event_socket);
my $other = Service::listener("$dir/other.sock");
my $m = Service->new("$dir/notify.sock");
my $abstract = Service->new("\@stockroom-test-$$");
my @app = ("$s->{build}/stockroom-app");
my @relay = ("$s->{build}/stockroom-relay");
my @token = (token => $s->token('ana'));

# -- the relay: its sockets by name, word of its state, signs of life

sub start_relay
{
	$s->spawn('relay', \@relay, listen => [event => $event_sock,
	    other => $other, push => $push_sock], notify => $abstract,
	    watchdog => 0.4, @_);
	$abstract->wait_for(qr/^READY=1$/m, 30) or die $s->log_text('relay');
}

start_relay();
pass 'the relay says that it is ready';
is $s->relay_http('GET', '/healthz')->{status}, 200, 'it serves "push"';
like $s->log_text('relay'), qr/no use for a socket named .*other/,
    'an unknown name is said';
cmp_ok $abstract->signs(2), '>=', 6, 'signs of life';
$s->kill('relay', 'STOP');
$s->wait_for(sub { $abstract->signs(0.5) == 0 }, 10);
is $abstract->signs(1), 0, 'none from a stopped one';
$s->kill('relay', 'CONT');
ok $abstract->wait_for(qr/^WATCHDOG=1$/m, 10), 'again when it goes on';
$s->kill('relay', 'TERM');
ok $abstract->wait_for(qr/^STOPPING=1$/m, 10), 'it says that it ends';
is $s->reap('relay', 10), 0, 'and does';
ok -S $s->push_socket, 'a passed socket stays';
ok -S $s->event_socket, 'both do';
start_relay();
pass 'the next one takes them';

# -- the app: by name among others; alone without one; signs of life

sub start_app
{
	my (%opt) = @_;

	$s->spawn('app', [@app, @{ $opt{args} // [] }], notify => $m,
	    listen => [other => $other, app => $app_sock], %opt);
	$m->wait_for(qr/^READY=1$/m, 30) or die $s->log_text('app');
}

$s->{app} = 'activate';
start_app(watchdog => 0.6, args => [qw(--threads 2)]);
pass 'the app says that it is ready';
is $s->get('/health')->{status}, 200, 'it serves "app"';
$s->wait_joined;
pass 'it finds the relay by "event"';
cmp_ok $m->signs(2), '>=', 4, 'signs of life';
$s->post('/inventory/items', { sku => "N-$_", name => 'long',
    notes => 'n' x 2000 }, @token) for 1 .. 200;
# A peer that does not read its answer, which is more than a socket holds.
sub deaf
{
	my $c = FastCGI->connect($s->app_socket);
	$c->begin->params([$s->params('GET',
	    '/api/v1/inventory/items?limit=200',
	    headers => { Authorization => "Bearer $token[1]" })])->stdin('');
	return $c;
}
my @stuck = deaf();
ok $s->wait_for(sub { $m->signs(1) >= 2 }, 10), 'one thread of two is busy';
push @stuck, deaf();
ok $s->wait_for(sub { $m->signs(1) == 0 }, 10),
    'no sign when all threads hang';
like $s->log_text('app'), qr/all 2 threads are busy/, 'which is logged';
$stuck[1]->close;
ok $m->wait_for(qr/^WATCHDOG=1$/m, 10), 'again when one gets done';
$stuck[0]->close;
$s->kill('app', 'TERM');
ok $m->wait_for(qr/^STOPPING=1$/m, 10), 'it says that it ends';
is $s->reap('app', 10), 0, 'and does';
ok -S $s->app_socket, 'the passed socket stays';

start_app(listen => $app_sock);
is $s->get('/health')->{status}, 200, 'one socket needs no name';
ok !$m->signs(1), 'and no signs are given that nobody wants';
$s->stop('app');
start_app(listen => [whatever => $app_sock]);
is $s->get('/health')->{status}, 200, 'or has any';
$s->stop('app');

# What cannot be: one line, and an exit code.
for my $bad ([[app => $m->{sock}], 'a datagram socket', 78],
    [[map { ("n$_" => $other) } 1 .. 9], 'too many', 78],
    [[a => $other, b => $other], 'none of ours', 64]) {
	my ($listen, $what, $code) = @$bad;
	unlink $s->log_file('wrong');
	$s->spawn('wrong', \@app, listen => $listen);
	is +($s->reap('wrong', 20) // -1) >> 8, $code, "$what: exit $code";
	like $s->log_text('wrong'), qr/LISTEN_FD|nothing to listen/,
	    'and is told';
	$s->{proc}{wrong}{dirty} = 1;
	$s->stop('wrong');
}
$s->spawn('wrong', [qw(/bin/sh -c), 'export LISTEN_PID=1; exec "$@"', 'sh',
    @app], listen => [app => $app_sock]);
is +($s->reap('wrong', 20) // -1) >> 8, 64,
    'sockets for another process are not taken';
$s->{proc}{wrong}{dirty} = 1;
$s->stop('wrong');

# -- restarts under constant requests: none fails

start_app(args => [qw(--threads 8)]);
$s->wait_joined;
$s->start('nginx');
my $join = $s->join_room(@token);
my $st = $s->open_stream(join => $join);
ok $st->wait_for('room_joined'), 'a page is there';
my $until = "$dir/until";

# A connection that was taken is served when its request comes, a little late.
my $late = FastCGI->connect($s->app_socket);
is $s->get('/health')->{status}, 200, 'it was taken in';
$s->kill('app', 'TERM');
ok $m->wait_for(qr/^STOPPING=1$/m, 10), 'the app ends';
sleep 0.2;
$late->begin->params([$s->params('GET', '/api/v1/health')])->stdin('');
is $late->response(10)->{status}, 200, 'the late request is served';
is $s->reap('app', 10), 0, 'then it ends';
$late = IO::Socket::UNIX->new(Peer => $s->push_socket);
is $s->relay_http('GET', '/healthz')->{status}, 200, 'likewise';
$s->kill('relay', 'TERM');
ok $abstract->wait_for(qr/^STOPPING=1$/m, 10), 'the relay ends';
sleep 0.05;	# of the 0.5 that it waits for those who are idle
my $r = Client::http($late, 'GET', '/push/poll', { Host => 'relay',
    Authorization => "Bearer $join->{ticket}" }, '');
is $r->{status}, 200, 'the late request is served';
like $r->{body}, qr/"shutdown"/, 'a poll is told to come back';
is $s->reap('relay', 10), 0, 'then it ends';
start_app(args => [qw(--threads 8)]);
start_relay();
$s->wait_joined;

# Requests one after the other until the file is there, in a process of its
# own; what failed goes to a file.
sub hammer
{
	my ($name, $send) = @_;

	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	open my $out, '>', "$dir/$name.result" or POSIX::_exit(1);
	my ($n, @failed) = (0);
	until (-e $until) {
		my $r = $send->($n++);
		push @failed, "$r->{status} $r->{body}"
		    unless $r->{status} =~ /^2|^429$/;
	}
	print $out "$n\n", map { s/\s+/ /gr . "\n" } @failed;
	close $out;
	POSIX::_exit(0);
}

sub via_nginx
{
	my ($method, $path, $body) = @_;

	return Client::http(IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $s->{port}), $method, $path, { Host => 'stock.lan',
	    Authorization => "Bearer $join->{ticket}",
	    'Content-Type' => 'application/json' }, $body // '');
}

my %job = (
	(map { ("read$_" => sub { $s->get('/inventory/items?limit=5',
	    @token) }) } 1 .. 2),
	(map { my $i = $_; ("write$i" => sub { $s->post('/inventory/items',
	    { sku => "R$i-$_[0]", name => 'x' }, @token) }) } 1 .. 2),
	beat => sub { via_nginx('POST', '/push/beat', '{"state":"active"}') },
	poll => sub { via_nginx('GET', '/push/poll') },
);
my @pids = map { hammer($_, $job{$_}) } sort keys %job;
for (1 .. 8) {
	for my $name (qw(app relay)) {
		$s->kill($name, 'TERM');
		is $s->reap($name, 20), 0, "$name: restart $_";
		start_app(args => [qw(--threads 8)]) if $name eq 'app';
		next if $name eq 'app';
		start_relay();
	}
	sleep 0.05;
}
open my $fh, '>', $until or die;
waitpid $_, 0 for @pids;
for my $name (sort keys %job) {
	open my $in, '<', "$dir/$name.result" or die "$name: $!";
	chomp(my ($n, @failed) = <$in>);
	cmp_ok $n, '>', 3, "$name: requests";
	is scalar @failed, 0, "none of $n failed" or diag @failed;
}
$s->finish;
done_testing;
