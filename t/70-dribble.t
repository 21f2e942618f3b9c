#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Peers that say or hear a byte now and then hold nothing for long, and what
# they say is bounded.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Socket qw(SHUT_WR);
use Test::More;
use Time::HiRes qw(sleep time);

use Check;
use FastCGI;
use Preload;
use Stockroom;

use constant { THREADS => 4, ASK => 1, ENDS => 8, PATIENT => 40 };

my $s = Stockroom->new(users => { ana => 'editor' }, env => {
	STOCKROOM_REQUEST_TIME => ASK, STOCKROOM_QUERY_TIME => 1,
	STOCKROOM_USER_WRITES => 0 },
	args => { app => ['--threads', THREADS] });
my @ana = (token => $s->token('ana'));
my $items = '/inventory/items';
my @health = $s->params('GET', '/api/v1/health');

# A POST of this body, its parameters sent.
sub ask
{
	my ($body, $path) = @_;

	my $c = FastCGI->connect($s->app_socket, keep => 1) or die;
	return $c->begin->params([$s->params('POST', '/api/v1' .
	    ($path // $items),
	    body => $body, type => 'application/json',
	    headers => { Authorization => "Bearer $ana[1]" })]);
}

# Call SUB on every connection, now and then, until all have ended or the
# time is over; the seconds that it took.
sub dribble
{
	my ($conns, $sub) = @_;

	my $start = time;
	while (time < $start + 60) {
		$sub->($_) for @$conns;
		last unless grep { !$_->closed(0.05) } @$conns;
	}
	return time - $start;
}

# -- bodies

my $body = '{"sku":"D-1","name":"' . 'x' x 150 . '"}';
my @slow = map { ask($body) } 1 .. THREADS;
my $at = 0;
my $took = dribble(\@slow, sub { $_[0]->stdin(substr $body, $at++, 1)
    if $at < length $body });
cmp_ok($took, '<', 15, 'bodies that come byte by byte are not waited for');
my $r = $slow[0]->response(1);
is($r->{status}, 408, 'they are answered 408');
like($r->{body}, qr/did not come in whole within 1 seconds/, 'and told why');
is_status($s->get("$items/D-1", @ana), 404, 'nothing was made of it');
@slow = map { ask($body) } 1 .. THREADS;
$took = dribble(\@slow, sub { });
cmp_ok($took, '<', 15, 'nor those that never come');
is($slow[0]->response(1)->{status}, 408, 'they are answered, too');
my $c = ask($body);
$c->stdin($_) for split //, $body;
$c->stdin('');
is($c->response->{status}, 201, 'a byte a record, at once, is a body');

# -- parameters

my $bytes = FastCGI::record(1, 1, pack 'nCx5', 1, 1) . join '',
    map { FastCGI::record(4, 1, $_) } join('', map { FastCGI::pair(
    @health[2 * $_, 2 * $_ + 1]) } 0 .. $#health / 2), '';
@slow = map { FastCGI->connect($s->app_socket) } 1 .. THREADS;
$at = 0;
$took = dribble(\@slow, sub { $_[0]->raw(substr $bytes, $at++, 1) });
cmp_ok($took, '<', 15, 'parameters are not waited for, either');
is($slow[0]->response(1)->{status}, 0, 'and end without an answer');
$c = FastCGI->connect($s->app_socket);
$c->{id} = 1;
$c->raw($_) for unpack '(a5)*', $bytes;
$c->stdin('');
is($c->response->{status}, 200, 'five bytes a write, at once, is a request');
$c = FastCGI->connect($s->app_socket);
$c->{id} = 1;
$c->raw(substr $bytes, 0, -8);
shutdown $c->{sock}, SHUT_WR;
my $start = time;
ok($c->closed(10), 'a peer that goes in the midst of them is let go');
cmp_ok(time - $start, '<', ASK, 'at once');

sub with_header
{
	my ($size) = @_;

	my $c = FastCGI->connect($s->app_socket);
	$c->begin->params([@health, HTTP_X => 'x' x $size])->stdin('');
	return $c->response(10);
}
is(with_header(60000)->{status}, 200, 'headers of 60 KB');
$r = with_header(66000);
is($r->{status}, 431, 'headers of 66 KB are too large');
ok($r->{ended}, 'in an answer that is whole');
is(eval { $Client::json->decode($r->{body})->{status} }, 431, 'a problem');

# -- answers

for my $n (1 .. 200) {
	my $r = $s->post($items, { sku => "N-$n", name => 'long',
	    notes => 'n' x 2000 }, @ana);
	die "item: $r->{status}" unless $r->{status} == 201;
}
@slow = map {
	my $c = FastCGI->connect($s->app_socket);
	$c->begin->params([$s->params('GET', "/api/v1$items?limit=200",
	    headers => { Authorization => "Bearer $ana[1]" })])->stdin('');
	$c;
} 1 .. THREADS;
$start = time;
ok($slow[0]->read_until(sub { length $slow[0]{in} }, 10), 'an answer begins');
my %heard;
my $other = FastCGI->connect($s->app_socket);
$other->begin->params(\@health)->stdin('');
while (time < $start + 60 && !$other->read_until(sub { length $other->{in} },
    0.1)) {
	for my $c (@slow) {
		sysread $c->{sock}, my $bytes, 512;
		$heard{$c} += length($bytes // '');
	}
}
is($other->response(5)->{status}, 200,
    'who hears answers byte by byte is not waited for');
$took = time - $start;
cmp_ok($took, '<', ENDS + 20, 'for long');
cmp_ok($took, '>', ASK, 'though for longer than for asking');

# -- bodies that have begun to come, three times as many as threads

$_->close for @slow;
$s->stop('app');
$s->{env}{STOCKROOM_REQUEST_TIME} = PATIENT;
$s->start('app');
# A piece takes far more of that buffer than it has bytes.
$c = ask(my $pieces = '{"sku":"D-5","name":"x","notes":"' . 'x' x 900 . '"}');
$c->stdin($_) for split //, $pieces;
$c->stdin('');
is($c->response->{status}, 201, 'a short body in a thousand pieces is read');
@slow = map { ask($body)->stdin('{"sku"') } 1 .. 3 * THREADS;
$start = time;
is_status($s->get('/health'), 200, 'bodies to come');
is_status($s->post($items, { sku => 'D-2', name => 'x' }, @ana), 201,
    'and a body that has');
cmp_ok(time - $start, '<', PATIENT / 2, 'need no thread');
# Longer than the socket's buffer: such a one has to be read to come at all.
my $long = '{"sku":"D-3","notes":"' . 'x' x 800_000 . '"}';
my @long = map { ask($long)->stdin(substr $long, 0, 70_000) } 1 .. 3 * THREADS;
$start = time;
is_status($s->get('/health'), 200, 'long bodies to come');
is_status($s->post($items, { sku => 'D-4', name => 'x' }, @ana), 201,
    'and a short one');
cmp_ok(time - $start, '<', PATIENT / 2, 'leave some threads to others');
$_->close for @long;
is_status($s->post($items, { sku => 'D-3', notes => 'x' x 800_000 }, @ana),
    422, 'when they go, another long one is read');
cmp_ok(time - $start, '<', PATIENT / 2, 'in its turn');
$_->stdin(substr $body, 6)->stdin('') for @slow;
is_deeply([map { $_->response->{status} } @slow], [(409) x @slow],
    'and the others are answered when they have come');

# -- a body that comes slower than a slow database may answer

$s->stop('app');
my $shim = Preload::build('t/fault/slow-steps.c', $s->{dir});
$s->start('app', env => { LD_PRELOAD => $shim,
    ASAN_OPTIONS => 'detect_leaks=0:verify_asan_link_order=0' });
my $join = '{"room":"' . $s->room . '"' . ' ' x 80_000 . '}';
$c = ask($join, '/inventory/collaboration/join');
$c->stdin(substr $join, 0, 70_000);
is_status($s->get('/health'), 200, 'a long body is being read');
sleep 1.5;	# longer than STOCKROOM_QUERY_TIME
$c->stdin(substr $join, 70_000)->stdin('');
$r = $c->response(30);
is($r->{status}, 200, 'the time for the database begins behind it') or
    diag($r->{body});
$start = time;
is_problem($s->get("$items?limit=200", @ana, timeout => 30), 503,
    'where it is over a list ends');
cmp_ok(time - $start, '<', 15, 'before its end');
$s->{env}{STOCKROOM_REQUEST_TIME} = ASK;
$s->restart('app');

# -- plain CGI

pipe my $in, my $write or die;
pipe my $read, my $out or die;
my $pid = $s->cgi_process($in, $out, $s->params('POST', "/api/v1$items",
    body => $body, type => 'application/json',
    headers => { Authorization => "Bearer $ana[1]" }));
close $in;
close $out;
$start = time;
my ($text, $done) = ('', 0);
$SIG{PIPE} = 'IGNORE';
while (!$done && time < $start + 60) {
	syswrite $write, ' ';
	vec(my $set = '', fileno $read, 1) = 1;
	next unless select $set, undef, undef, 0.1;
	$done = !sysread $read, $text, 4096, length $text;
}
waitpid $pid, 0;
is($?, 0, 'plain CGI: the process ends');
cmp_ok(time - $start, '<', 15, 'in time');
is(FastCGI::parse_cgi({ out => $text })->{status}, 408, 'with 408');

is_status($s->get('/health'), 200, 'all is well');
$s->finish;
done_testing;
