#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# SIGTERM: what runs is finished, and the exit code is 0.

use strict;
use warnings;

use Fcntl qw(O_NONBLOCK O_RDWR);
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep time);

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' });
my $items = '/inventory/items';
my @ana = (token => $s->token('ana'));

sub half_a_request
{
	my ($body, %opt) = @_;

	my $c = FastCGI->connect($s->app_socket, %opt) or die;
	$c->begin->params([$s->params('POST', "/api/v1$items",
	    body => $body, type => 'application/json',
	    headers => { Authorization => "Bearer $ana[1]" })]);
	$c->stdin(substr $body, 0, 5);
	return $c;
}

# Until the app has taken the connection in: others are served meanwhile.
sub taken_in
{
	is($s->get('/health')->{status}, 200, 'others are served meanwhile');
}

# -- the app

for my $signal (qw(TERM INT)) {
	my $body = qq({"sku":"$signal-1","name":"x"});
	my $c = half_a_request($body);
	my $idle = FastCGI->connect($s->app_socket, keep => 1);
	my $kept = FastCGI->connect($s->app_socket, keep => 1);
	$kept->begin->params([$s->params('GET', '/api/v1/health')])
	    ->stdin('');
	is($kept->response->{status}, 200, 'a kept connection');
	taken_in();
	$s->kill('app', $signal);
	ok(!$s->wait_for(sub { !$s->running('app') }, 0.3),
	    "SIG$signal waits for what runs");
	$c->stdin(substr $body, 5)->stdin('');
	my $r = $c->response(10);
	is($r->{status}, 201, "SIG$signal: the request is finished") or
	    diag($r->{out});
	my $started = time;
	is($s->reap('app', 10), 0, "SIG$signal: exit code 0");
	cmp_ok(time - $started, '<', 5, 'without waiting for idle peers');
	ok(!-S $s->app_socket || !FastCGI->connect($s->app_socket),
	    'nobody listens any more');
	$s->start('app');
	is($s->get("$items/$signal-1", @ana)->{status}, 200,
	    "SIG$signal: what was answered is there");
}

# One that still has a slow request to finish leaves its place to the next.
my $slow_body = '{"sku":"SLOW-1","name":"x"}';
my $slow = half_a_request($slow_body);
taken_in();
$s->kill('app', 'TERM');
ok($s->wait_for(sub { !FastCGI->connect($s->app_socket) }, 10),
    'an app that ends takes no more');
$s->{proc}{old} = delete $s->{proc}{app};
$s->start('app');
$slow->stdin(substr $slow_body, 5)->stdin('');
is($slow->response(10)->{status}, 201, 'it finishes its slow request');
is($s->reap('old', 10), 0, 'and ends');
$s->{proc}{old}{may_end} = 1;
is($s->get("$items/SLOW-1", @ana)->{status}, 200,
    'the next one can still be reached');

# A request that comes in the very moment of the end: the app, which is held
# up, finds both at once.
my $moment = FastCGI->connect($s->app_socket);
taken_in();
$s->kill('app', 'STOP');
$s->kill('app', 'TERM');
$moment->begin->params([$s->params('GET', '/api/v1/health')])->stdin('');
$s->kill('app', 'CONT');
is($moment->response(10)->{status}, 200, 'a request beside the signal');
is($s->reap('app', 10), 0, 'is served before the end');
$s->start('app');

# A signal in the very moment of the start, when the app has its first threads
# and serves nobody yet: its log is full, and it waits to write its first line.
my $full = $s->log_file('early');
mkfifo($full, 0600) or die "mkfifo: $!";
sysopen my $log, $full, O_RDWR | O_NONBLOCK or die "$full: $!";
for my $bytes (4096, 1) {
	1 while syswrite $log, 'x' x $bytes;
}
$s->stop('app');
my $early = $s->spawn('early', ["$s->{build}/stockroom-app", '--socket',
    $s->app_socket], env => { STOCKROOM_SANDBOX => 'off' });
ok($s->wait_for(sub { 2 < (() = glob "/proc/$early/task/*") }, 10),
    'an app that starts');
$s->kill('early', 'TERM');
1 while sysread $log, my $old, 65536;
is($s->reap('early', 10), 0, 'ends as well');
$s->{proc}{early}{may_end} = 1;
unlink $full;
$s->start('app');

# A request whose peer never goes on does not hold the end up for ever.
my $stuck = half_a_request('{"sku":"STUCK-1","name":"x"}');
taken_in();
$s->kill('app', 'TERM');
is($s->reap('app', 40), 0, 'a stuck peer does not keep the app from ending');
$stuck->close;
$s->start('app');
is($s->get("$items/STUCK-1", @ana)->{status}, 404, 'nothing came of it');

# Writers at work: what was answered is there, and nothing else.
$s->post($items, { sku => 'SUM-1', name => 'x' }, @ana);
my $go = "$s->{dir}/go";
my @got = parallel(5, sub {
	my ($i) = @_;
	if ($i == 4) {
		$s->wait_for(sub { -e $go }, 10);
		kill 'TERM', $s->pid('app');
		return 0;
	}
	my $done = 0;
	for (1 .. 2000) {
		my $r = $s->post("$items/SUM-1/adjustments", { delta => 1 },
		    @ana);
		$done++ if $r->{status} == 200;
		last if $r->{status} == 0;
		if ($done == 20) {
			open my $fh, '>', $go;
		}
	}
	return $done;
});
is($s->reap('app', 20), 0, 'ended in the midst of writers');
my $sum = 0;
$sum += $_ // 0 for @got;
cmp_ok($sum, '>=', 20, 'they had done something');
$s->start('app');
is($s->get("$items/SUM-1", @ana)->{json}{quantity}, $sum,
    'each write that was answered is there, and none that was not');

# A write that waits, and its peer goes: who was told nothing may have asked
# again, and been refused.
sub posts { return scalar(() = $s->log_text('app') =~ / method=POST /g) }

for (['LEAVES', sub { $_[0]->close }, 404,
	'nothing is done for a peer that has gone'],
    ['ENDS', sub { shutdown $_[0]{sock}, 1 }, 200,
	'one that has only ended what it says is served']) {
	my ($sku, $go, $status, $test) = @$_;

	my $body = qq({"sku":"$sku","name":"x"});
	my $c = half_a_request($body);
	taken_in();
	my $before = posts();
	$s->kill('app', 'STOP');
	$c->stdin(substr $body, 5)->stdin('');
	$go->($c);
	$s->kill('app', 'CONT');
	ok($s->wait_for(sub { posts() > $before }, 10), "it has come: $sku");
	is($s->get("$items/$sku", @ana)->{status}, $status, $test);
}

# Peers that go away while they are being answered.
for (1 .. 20) {
	my $c = FastCGI->connect($s->app_socket) or next;
	$c->begin->params([$s->params('GET', "/api/v1$items?limit=500",
	    headers => { Authorization => "Bearer $ana[1]" })])->stdin('');
	$c->close;
}
is($s->get('/health')->{status}, 200, 'peers that go do no harm');

# Killed outright: its socket is in the way no longer than a start takes.
$s->kill('app', 'KILL');
$s->reap('app');
ok(-S $s->app_socket, 'a killed app leaves its socket');
$s->start('app');
is($s->get("$items/SUM-1", @ana)->{json}{quantity}, $sum,
    'the next one takes its place');

# A second app on the same socket is told so, and the first goes on.
$s->spawn('second', ["$s->{build}/stockroom-app", '--socket',
    $s->app_socket]);
my $status = $s->reap('second', 20);
ok(defined $status && $status >> 8 && !($status & 127),
    'a second app on one socket ends with an error');
$s->{proc}{second}{dirty} = 1;
is($s->get('/health')->{status}, 200, 'the first one serves on');

# -- the relay

my @streams = map { $s->open_stream(as => 'ana') } 1 .. 10;
ok(Stream->wait_all(\@streams, sub { $_->count('room_joined') }),
    'ten streams');
my $half = IO::Socket::UNIX->new(Peer => $s->push_socket);
syswrite $half, "GET /push/str";
my $started = time;
$s->kill('relay', 'TERM');
is($s->reap('relay', 15), 0, 'the relay ends with exit code 0');
cmp_ok(time - $started, '<', 5, 'soon');
ok(Stream->wait_all(\@streams, sub { $_->{ended} }), 'every stream ends');
is(scalar(grep { !$_->count('disconnect') } @streams), 0,
    'and was told so');
my ($bye) = $streams[0]->named('disconnect');
ok($bye && $bye->{data}{code} && defined $bye->{data}{retry},
    'with a code and when to come back');
$_->close for @streams;

$s->start('relay');
$s->wait_joined;
my $st = $s->open_stream(as => 'ana');
ok($st->wait_for('room_joined'), 'the next relay serves');
$s->kill('relay', 'KILL');
$s->reap('relay');
$s->start('relay');
$s->wait_joined;
$st = $s->open_stream(as => 'ana');
ok($st->wait_for('room_joined'), 'after a kill as well');
$s->spawn('second', ["$s->{build}/stockroom-relay"]);
$status = $s->reap('second', 20);
ok(defined $status && $status >> 8 && !($status & 127),
    'a second relay on one socket ends with an error');
$s->{proc}{second}{dirty} = 1;
$s->post("$items/SUM-1/adjustments", { delta => 1 }, @ana);
ok($st->wait_for('inventory_changed'), 'the first one serves on');

# -- settings that are wrong: one line, exit code 78

for my $bad (['STOCKROOM_LOG_LEVEL', 'loud'], ['STOCKROOM_BASE', 'stock/'],
    ['STOCKROOM_PALETTE', 'red'], ['STOCKROOM_PEERS', 'no-such-user-here'],
    ['STOCKROOM_SESSION_HOURS', '0']) {
	my ($name, $value) = @$bad;
	for my $prog (qw(stockroom-app stockroom-relay)) {
		$s->spawn('wrong', ["$s->{build}/$prog",
		    $prog =~ /app/ ? ('--socket', "$s->{dir}/w.sock") : ()],
		    env => { $name => $value,
		    STOCKROOM_EVENT_SOCKET => "$s->{dir}/w1.sock",
		    STOCKROOM_PUSH_SOCKET => "$s->{dir}/w2.sock" });
		my $status = $s->reap('wrong', 20) // -1;
		is($status >> 8, 78, "$prog: $name=$value: exit code 78");
		my @lines = split /\n/, $s->log_text('wrong');
		is(scalar(grep { /\Q$name\E/ } @lines), 1,
		    'one line names it') or diag(@lines);
		unlink $s->log_file('wrong');
		$s->{proc}{wrong}{dirty} = 1;
		$s->stop('wrong');
	}
}

$s->finish;
done_testing;
