#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Pages of other origins: those that the settings name may use everything with
# a bearer token, and nothing else that they bring counts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $items = '/inventory/items';
my $app = 'https://app.example.com';
my $shop = 'https://north.shop.lan';
my $evil = 'https://north.shop.lan.evil.example';
my %users = (users => { ana => 'editor', vera => 'viewer' });

my $s = Stockroom->new(%users, relay => 1, env => {
	ALLOW_ORIGINS => "$app, http://tool.lan:3000",
	ALLOW_ORIGIN_REGEX => 'https://[a-z]+\.shop\.lan',
});
my $token = $s->token('ana');
my @routes = routes($s);

sub cors_of
{
	my ($r) = @_;

	return { map { $_ => $r->{headers}{$_} }
	    grep { /^access-control-/ } keys %{ $r->{headers} } };
}

# An answer that pages of ORIGIN may read, or ('') none that they may.
sub is_open
{
	my ($r, $origin, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($r->{headers}{vary}, 'Origin', "$name: varies with the origin");
	is_deeply(cors_of($r), $origin eq '' ? {} : {
	    'access-control-allow-origin' => $origin,
	    'access-control-expose-headers' => 'ETag, Location, Retry-After, ' .
	    'X-Request-Id, RateLimit, RateLimit-Policy' }, $name);
}

sub preflight
{
	my ($path, $origin, $method, @opt) = @_;

	return $s->request('OPTIONS', $path, headers => { Origin => $origin,
	    'Access-Control-Request-Method' => $method,
	    'Access-Control-Request-Headers' => 'authorization' }, @opt);
}

# -- the preflight, for every route

my %methods;
push @{ $methods{ $_->{path} } }, $_->{method} for @routes;
for my $route (@routes) {
	my $path = $route->{path} =~ s/\{sku\}/NO-SUCH/r;
	my $want = join ', ', sort @{ $methods{ $route->{path} } };
	my $r = preflight($path, $app, $route->{method});
	my $h = $r->{headers};
	my $name = "preflight of $route->{method} $route->{path}";
	is_status($r, 204, $name);
	is($r->{body} . ($h->{'content-length'} // ''), '', "$name: no body");
	is($h->{'access-control-allow-origin'}, $app, "$name: the origin");
	is(join(', ', sort grep { $_ ne 'HEAD' } split /, /,
	    $h->{'access-control-allow-methods'} // ''), $want,
	    "$name: the methods");
	is($h->{'access-control-allow-headers'},
	    'Authorization, Content-Type, Idempotency-Key, If-Match',
	    "$name: the headers");
	is($h->{'access-control-max-age'}, 7200, "$name: holds two hours");
	is($h->{vary}, 'Origin', "$name: varies with the origin");
	ok(!exists $h->{'access-control-allow-credentials'},
	    "$name: no credentials");
}
is(preflight($items, $_, 'POST')->{headers}{'access-control-allow-origin'},
    $_, "preflight from $_") for $shop, 'http://tool.lan:3000',
    'HTTPS://APP.example.com:443';
for my $no ($evil, 'null', '', 'http://app.example.com', "$app:8443",
    "$app/", "$app, $shop", 'http://tool.lan', 'https://x.y.shop.lan') {
	my $r = preflight($items, $no, 'POST');
	is_status($r, 204, "preflight from \"$no\"");
	is_deeply(cors_of($r), {}, "... lets nothing in");
	is($r->{headers}{vary}, 'Origin', '... varies with the origin');
}

# -- OPTIONS without any of it

my $r = $s->request('OPTIONS', $items);
is_status($r, 204, 'OPTIONS');
is($r->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', 'says the methods');
is_open($r, '', 'OPTIONS');
is_status($s->request('OPTIONS', $items, body => '{}'), 204,
    'OPTIONS with a body');
is_problem($s->request('OPTIONS', '/nowhere'), 404, 'OPTIONS of nothing');
$r = $s->request('OPTIONS', $items, headers => { Origin => $app });
is_open($r, $app, 'OPTIONS that is no preflight');

# -- every answer, errors too

my @with = (token => $token, headers => { Origin => $app });
my %answer = (
	'a list' => $s->get($items, @with),
	'a new item' => $s->post($items, { sku => 'C-1', name => 'a' }, @with),
	'one item' => $s->get("$items/C-1", @with),
	'HEAD' => $s->request('HEAD', "$items/C-1", @with),
	'a change' => $s->patch("$items/C-1", { name => 'b' }, @with),
	'who am I' => $s->get('/session', @with),
	'presence' => $s->get('/inventory/collaboration/presence', @with),
	'a join' => $s->post('/inventory/collaboration/join', {}, @with),
	'health' => $s->get('/health', headers => { Origin => $app }),
	'sign-in' => $s->get('/sign-in', headers => { Origin => $app }),
	'a conflict' => $s->post($items, { sku => 'C-1', name => 'a' }, @with),
	'unknown fields' => $s->post($items, { foo => 1 }, @with),
	'no JSON' => $s->request('POST', $items, body => '{', @with),
	'no type' => $s->request('POST', $items, body => '{}', type => 'a/b',
	    @with),
	'no such item' => $s->get("$items/NONE", @with),
	'no such path' => $s->get('/nowhere', @with),
	'no such method' => $s->delete($items, @with),
	'a stale version' => $s->patch("$items/C-1", { name => 'c' },
	    token => $token, headers => { Origin => $app,
	    'If-Match' => '"v1234567"' }),
	'a role too low' => $s->post($items, { sku => 'C-2', name => 'a' },
	    token => $s->token('vera'), headers => { Origin => $app }),
	'a bad token' => $s->get($items, token => 'sr_' . 'B' x 43,
	    headers => { Origin => $app }),
	'nobody' => $s->get($items, headers => { Origin => $app }),
	'twice a header' => $s->get($items, @with, more_params =>
	    [HTTP_HOST => 'other.lan']),
	'gone' => $s->delete("$items/C-1", @with),
);
my %status = ('a new item' => 201, 'a conflict' => 409, 'no JSON' => 400,
    'no such path' => 404, 'no such method' => 405, 'no type' => 415,
    'unknown fields' => 422, 'a stale version' => 412, 'nobody' => 401,
    'a role too low' => 403, 'a bad token' => 401, 'twice a header' => 400,
    'no such item' => 404, 'gone' => 204);
for my $name (sort keys %answer) {
	is_status($answer{$name}, $status{$name} // 200, $name);
	is_open($answer{$name}, $app, $name);
}
ok($answer{'a new item'}{headers}{location}, 'what is exposed is there');

# -- a repeated write answers whom it is asked by

my @key = (token => $token, key => 'cors-1');
my $body = { sku => 'C-3', name => 'a' };
is_open($s->post($items, $body, @key, headers => { Origin => $app }), $app,
    'the first time');
is_open($s->post($items, $body, @key, headers => { Origin => $shop }), $shop,
    'again, from another origin');
is_open($s->post($items, $body, @key, headers => { Origin => $evil }), '',
    'again, from a stranger');
is_open($s->post($items, $body, @key), '', 'again, from a script');

# -- nothing but a token counts

my $cookie = $s->sign_in('ana');
for my $origin ($app, $shop) {
	my @ambient = (headers => { Origin => $origin, Cookie => $cookie });
	for my $path ($items, '/session', '/inventory/changes?since=0') {
		$r = $s->get($path, @ambient);
		is_problem($r, 401, "GET $path with a cookie from $origin");
		is_open($r, $origin, 'the page may see that');
	}
	is_problem($s->post($items, { sku => 'C-4', name => 'a' }, @ambient),
	    401, "POST with a cookie from $origin");
	is_problem($s->delete('/session', @ambient), 401, 'sign out');
	is_problem($s->post('/session', { username => 'ana',
	    password => 'stockroom' }, headers => { Origin => $origin }), 403,
	    "nobody is signed in from $origin");
	is_status($s->get('/session', token => $token, headers => {
	    Origin => $origin, Cookie => 'stockroom_session=' . 'B' x 43 }),
	    200, 'the token counts, whatever comes with it');
}
is_status($s->get('/session', headers => { Cookie => $cookie }), 200,
    'the session is still there');

# -- one request at a time

$r = $s->get($items, @with, via => 'cgi');
is_status($r, 200, 'plain CGI');
is_open($r, $app, 'plain CGI');
$s->finish;

# -- by default nobody else

$s = Stockroom->new(%users);
for my $origin ($app, 'null', 'http://stock.lan') {
	$r = $s->get($items, token => $s->token('ana'),
	    headers => { Origin => $origin });
	is_status($r, 200, "by default: a token from $origin");
	is_open($r, '', "by default: $origin");
	$r = preflight($items, $origin, 'GET');
	is_status($r, 204, "by default: preflight from $origin");
	is_deeply(cors_of($r), {}, '... lets nothing in');
}
is_open($s->get($_), '', "by default: $_") for '/health', '/nowhere', $items;
$s->finish;

# -- a wrong expression is named before anything starts

for my $prog (qw(stockroom-app stockroom-relay)) {
	local %ENV = (PATH => $ENV{PATH},
	    ALLOW_ORIGIN_REGEX => 'https://(app');
	my $said = `'$s->{build}/$prog' 2>&1 </dev/null`;
	is($? >> 8, 78, "$prog: exit code of a bad expression");
	is($said, "stockroom: ALLOW_ORIGIN_REGEX: \"https://(app\" is not " .
	    'allowed: empty, or a POSIX extended regular expression of at ' .
	    "most 500 bytes, without back-references (Unmatched ( or \\()\n",
	    "$prog: one line says so");
}
done_testing;
