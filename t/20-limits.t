#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# How often one may: guesses at passwords by account and address, writes by
# user and token; what is told of it, and that it holds over processes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Check;
use FastCGI;
use Stockroom;

my $s = Stockroom->new(
	users => { ana => 'editor', ben => 'editor' },
	env => {
		STOCKROOM_SIGNIN_FAILURES => 3, STOCKROOM_SIGNIN_ADDRESS => 6,
		STOCKROOM_SIGNIN_ACCOUNT => 8, STOCKROOM_SIGNIN_WINDOW => 600,
		STOCKROOM_USER_WRITES => 20,
	});

$s->sign_in($_) for qw(ana ben);

# A try to sign in from an address.
sub try
{
	my ($from, $user, $password, %opt) = @_;

	return $s->post('/session', { username => $user,
	    password => $password }, %opt,
	    params => { REMOTE_ADDR => $from },
	    headers => { 'Sec-Fetch-Site' => 'same-origin',
	    %{ $opt{headers} // {} } });
}

# The statuses of so many guesses.
sub guess
{
	my ($n, @args) = @_;

	return join ' ', map { try(@args[0, 1], "guess $_")->{status} }
	    1 .. $n;
}

# RateLimit as [name, left, seconds until full].
sub left
{
	return [($_[0]{headers}{ratelimit} // '') =~
	    /^"([a-z]+)";r=(\d+);t=(\d+)$/];
}

# -- an account from one address

my $r = try('192.0.2.1', 'ana', 'wrong');
is_problem($r, 401, 'a wrong password');
is($r->{headers}{'ratelimit-policy'}, '"signin";q=3;w=600',
    'RateLimit-Policy tells how many tries there are');
is_deeply([@{ left($r) }[0, 1]], ['signin', 2], 'RateLimit, how many are left');
is(guess(3, '192.0.2.1', 'ana'), '401 401 429', 'three tries, and no more');
$r = try('192.0.2.1', 'ana', 'stockroom');
is_problem($r, 429, 'nor is the right password looked at');
my $wait = $r->{headers}{'retry-after'};
ok($wait > 190 && $wait <= 200, 'a third of the window until the next')
    or diag($wait);
like($r->{json}{detail}, qr/in $wait seconds/, 'the same in words');
is_deeply(left($r)->[1], 0, 'RateLimit: none is left');
is_status(try('192.0.2.2', 'ana', 'stockroom'), 201,
    'from another address the account signs in');
is_status(try('192.0.2.1', 'ben', 'stockroom'), 201,
    'as does another account from there');
is_problem(try('192.0.2.1', 'ANA', 'stockroom'), 429,
    'the name in another case is the same account');
is(guess(4, '192.0.2.3', 'no such one'), '401 401 401 429',
    'an account that is not there is the same');

# -- what a client says of its address counts for nothing

is(join(' ', map { try('192.0.2.1', 'ana', 'x', headers => {
    'X-Forwarded-For' => "198.51.100.$_", Forwarded => "for=198.51.100.$_",
    'X-Real-IP' => "198.51.100.$_" })->{status} } 1 .. 2),
    '429 429', 'X-Forwarded-For and the like change nothing');

# -- a success forgets the failures before it, from this address

is(guess(2, '192.0.2.4', 'ben'), '401 401', 'two failures');
$r = try('192.0.2.4', 'ben', 'stockroom');
is_status($r, 201, 'a success');
is(left($r)->[1], 3, 'all tries are back');
is(guess(2, '192.0.2.4', 'ben'), '401 401', 'two failures again');

# -- IPv6: a network of 64 bits is one client

is(guess(2, '2001:db8:1:2::1', 'ana'), '401 401', 'two from IPv6');
is(guess(2, '2001:db8:1:2:ffff::9', 'ana'), '401 429',
    'another address of the same /64 shares them');
is(guess(1, '::ffff:192.0.2.1', 'ana'), '429', 'a mapped one is IPv4');

# -- an address for all accounts

is(guess(1, '192.0.2.7', "user $_"), '401', "account $_") for 1 .. 6;
$r = try('192.0.2.7', 'user 7', 'guess');
is_problem($r, 429, 'six failures of an address close it');
is($r->{headers}{'ratelimit-policy'}, '"address";q=6;w=600',
    'and its policy says so');

# -- an account from many addresses, and its owner's

is_status(try('203.0.113.1', 'ben', 'stockroom'), 201, 'ben, at home');
# Two were made before it signed in from that address: eight in all.
my @got = map { guess(1, "198.51.100.$_", 'ben') } 1 .. 9;
is("@got", '401 401 401 401 401 401 429 429 429',
    'guesses from many addresses');
$r = try('198.51.100.77', 'ben', 'stockroom');
is_problem($r, 429, 'close the account for addresses that it never used');
is($r->{headers}{'ratelimit-policy'}, '"account";q=8;w=600', 'by its policy');
is_status(try('203.0.113.1', 'ben', 'stockroom'), 201,
    'but its owner still signs in at home');

# -- many at once get no further than one after the other

my @at_once = map {
	my $c = FastCGI->connect($s->app_socket) or die;
	my $body = '{"username":"herd","password":"x"}';
	$c->begin->params([$s->params('POST', '/api/v1/session',
	    type => 'application/json', body => $body,
	    params => { REMOTE_ADDR => '192.0.2.20' },
	    headers => { 'Sec-Fetch-Site' => 'same-origin' })]);
	$c->stdin($body)->stdin('');
	$c;
} 1 .. 8;
@got = sort map { $_->response->{status} } @at_once;
is("@got", '401 401 401 429 429 429 429 429', 'eight guesses at once');

# -- other processes, and the next start, know of it

is(guess(2, '192.0.2.30', 'eve'), '401 401', 'two failures');
is(try('192.0.2.30', 'eve', 'x', via => 'cgi')->{status}, 401,
    'the third in another process, a plain CGI program');
$r = try('192.0.2.30', 'eve', 'x', via => 'cgi');
is_problem($r, 429, 'which refuses the fourth');
ok($r->{headers}{'retry-after'} > 1, 'and tells for how long');
$s->restart('app');
is(guess(1, '192.0.2.30', 'eve'), '429', 'as the app does after a restart');

# -- what was typed where the name belongs is nowhere to be read

is(guess(1, '192.0.2.40', 'hunter2-hunter2'), '401', 'a password as name');
for my $file (glob "$s->{dir}/stockroom.db*") {
	open my $fh, '<:raw', $file or next;
	local $/;
	unlike(scalar <$fh>, qr/hunter2/, $file =~ s{.*/}{}r .
	    ' does not hold it');
}

# -- Retry-After is true

$s->stop('app');
$s->{env}{STOCKROOM_SIGNIN_WINDOW} = 10;
$s->start('app');
# However long each takes; times are those that a busy machine cannot bend.
my ($asked, $refused) = (0, undef);
for (1 .. 20) {
	$asked = time;
	$refused = try('192.0.2.50', 'zoe', 'x');
	last if $refused->{status} == 429;
}
my $start = time;
$wait = $refused->{headers}{'retry-after'} // 0;
ok($wait >= 1 && $wait <= 4, 'a few seconds') or diag($wait);
my ($early, $sent) = (0, 0);
while (time < $start + 60) {
	$sent = time;
	$r = try('192.0.2.50', 'zoe', 'x');
	last if $r->{status} != 429;
	$early = $sent - $start;
	sleep 0.05;
}
my $late = time - $asked;
is_status($r, 401, 'the next try is looked at');
ok($early <= $wait, 'no later than it was told')
    or diag("told $wait, still refused after $early");
ok($late > $wait - 1, 'and not before') or diag("told $wait, after $late");

# -- writes

my %ana = (as => 'ana');
is_status($s->post('/inventory/items', { sku => 'A', name => 'a' }, %ana),
    201, 'an item');
sub change
{
	my ($n, @who) = @_;

	return $s->patch('/inventory/items/A', { name => "n$n" }, @who);
}
my (@writes, $last);
for my $n (1 .. 60) {
	push @writes, change($n, %ana);
	last if $writes[-1]{status} != 200;
	$last = $n;
}
is($writes[0]{headers}{'ratelimit-policy'}, '"writes";q=20;w=60',
    'writes have a policy, too');
ok(left($writes[0])->[1] <= 18, 'two of twenty have gone');
ok(@writes >= 20, 'twenty in a minute are let through')
    or diag(scalar @writes);
$r = $writes[-1];
is_problem($r, 429, 'more are not');
ok($r->{headers}{'retry-after'} >= 1 && $r->{headers}{'retry-after'} <= 3,
    'they come back evenly');
is($s->get('/inventory/items/A', %ana)->{json}{name}, "n$last",
    'a refused one has changed nothing');
is_status($s->get('/inventory/items', %ana), 200, 'reading goes on');
is_status(change(30, as => 'ben'), 200, 'others write');
is_status(change(31, token => $s->token('ana')), 200,
    'as does a token of the same user');
$r = $s->get('/session', %ana);
ok(!exists $r->{headers}{ratelimit}, 'reads are not counted');
is_status($s->delete('/session', %ana), 204, 'nor is signing out');
my $until = time + 30;
while (time < $until && ($r = change(40, token => $s->token('ben')))) {
	last if $r->{status} == 429;
}
is_problem($r, 429, "a token's own writes run out as well");
$wait = $r->{headers}{'retry-after'};
$start = time;
$early = 0;
while ($r->{status} == 429 && time < $start + 60) {
	sleep 0.05;
	$sent = time;
	$r = change(41, token => $s->token('ben'));
	$early = $sent - $start if $r->{status} == 429;
}
is_status($r, 200, 'until one is back');
ok($early <= $wait, 'when it was said to be');

# -- under plain CGI the processes count together

my $n = 0;
while ($n < 40) {
	$r = change($n++, token => $s->token('ana'), via => 'cgi');
	last if $r->{status} != 200;
}
is_problem($r, 429, 'plain CGI: writes run out over processes');
ok($n > 20, 'after twenty') or diag($n);
ok($r->{headers}{'retry-after'} >= 1, 'Retry-After');
$s->stop('app');
$s->{env}{STOCKROOM_USER_WRITES} = 0;
$r = change(50, token => $s->token('ana'), via => 'cgi');
is_status($r, 200, '0 is no limit');
ok(!exists $r->{headers}{ratelimit}, 'and nothing is said of one');

$s->finish;
done_testing;
