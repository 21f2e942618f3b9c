#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What nginx tells the app of a request: no more than it should believe, and
# who has signed in at nginx, by each way that the site's file shows.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Echo;
use Scene;
use Slurp qw(spew);
use Stockroom;

my $tree = Nginx::install(Stockroom::build());

# A server with that site, and Echo in the app's place.
sub site
{
	my (%opt) = @_;

	my $s = Stockroom->new(app => 0, users => {}, nginx => {
	    tree => $tree, site => 'site-tls', %opt });
	$s->{echo} = Echo->start($s->app_socket);
	return $s;
}

sub told
{
	my ($s, @args) = @_;

	my $r = fetch($s, @args, "$s->{url}api/v1/health?a=b%20c");
	return $r->{status} == 200 ? $r->{json} : { status => $r->{status} };
}

# -- as it is

my $s = site();
my $p = told($s, '-H', 'Proxy: http://evil.example/', '-H',
    'Remote-User: admin', '-H', 'REMOTE_USER: admin', '-H',
    'X-Remote-User: admin', '-H', 'X-Forwarded-For: 203.0.113.9', '-u',
    'admin:guess', '-H', 'Host: stock.lan');
is($p->{REQUEST_METHOD}, 'GET', 'the method');
is($p->{REQUEST_URI}, '/api/v1/health?a=b%20c', 'the address as it came');
is($p->{QUERY_STRING}, 'a=b%20c', 'its query');
is($p->{HTTPS}, 'on', 'that it came by TLS');
is($p->{REMOTE_ADDR}, '127.0.0.1', 'from where, whatever a client says');
is($p->{HTTP_HOST}, 'stock.lan', 'to which host');
ok(!$p->{HTTP_PROXY}, 'a client cannot set HTTP_PROXY');
is($p->{REMOTE_USER}, undef, 'nor say who it is: nobody has checked');
$p = told($s, '-H', 'Authorization: Bearer sr_x', '--http1.1', '-d', '{}',
    '-H', 'Content-Type: application/json');
is($p->{HTTP_AUTHORIZATION}, 'Bearer sr_x', 'tokens pass');
is($p->{REQUEST_METHOD}, 'POST', 'a body');
is($p->{CONTENT_LENGTH}, 2, 'has its length');
is($p->{CONTENT_TYPE}, 'application/json', 'and type');
is($p->{SERVER_PROTOCOL}, 'HTTP/1.1', 'by HTTP/1.1, too');
$s->finish;

# -- behind a proxy

my $from = '203.0.113.9';
for (['127.0.0.1', $from], ['192.0.2.1', '127.0.0.1']) {
	my ($proxy, $seen) = @$_;
	$s = site(site => 'site-plain', edit => sub {
		Nginx::uncomment('set_real_ip_from')->($_[0]) =~
		    s/192\.0\.2\.1/$proxy/r });
	$p = told($s, '-H', "X-Forwarded-For: $from");
	is($p->{REMOTE_ADDR}, $seen, "whom $proxy names, told by 127.0.0.1");
	is($p->{HTTPS}, undef, 'that it came by TLS is not known here');
	$s->finish;
}

# -- auth_basic

$s = site(edit => Nginx::uncomment('auth_basic'));
spew("$s->{dir}/etc/stockroom.htpasswd",
    'ana:' . `openssl passwd -apr1 stockroom`);
is(told($s)->{status}, 401, 'auth_basic: nobody gets in without a name');
is(told($s, '-u', 'ana:guess')->{status}, 401, 'nor with a wrong password');
$p = told($s, '-u', 'ana:stockroom');
is($p->{REMOTE_USER}, 'ana', 'ana does');
is($p->{HTTP_AUTHORIZATION}, undef, 'her password stays with nginx');
$p = told($s, '-X', 'OPTIONS', '-H', 'Origin: https://other.example',
    '-H', 'Access-Control-Request-Headers: authorization', '-H',
    'Access-Control-Request-Method: GET');
is($p->{REQUEST_METHOD}, 'OPTIONS', 'a preflight is for the app');
is($p->{HTTP_ORIGIN}, 'https://other.example', 'with its origin');
is($p->{HTTP_ACCESS_CONTROL_REQUEST_METHOD}, 'GET', 'and its wish');
is($p->{REMOTE_USER}, undef, 'of nobody');
is(fetch($s, $s->{url})->{status}, 401, 'nor are the pages for everybody');
is(fetch($s, '-u', 'ana:stockroom', $s->{url})->{status}, 200,
    'but for ana');
for my $how ('Bearer sr_x', 'bearer sr_x') {
	$p = told($s, '-H', "Authorization: $how");
	is($p->{HTTP_AUTHORIZATION}, $how, "a script's token is asked later");
	is($p->{REMOTE_USER}, undef, 'and is nobody here');
}
is(told($s, '-H', 'Authorization: BasicBearer x')->{status}, 401,
    'what only looks like one is not');
my $guess = 'Authorization: Basic YWRtaW46Z3Vlc3M=';	# admin:guess
for my $two ([$guess, 'Authorization: Bearer sr_x'],
    ['Authorization: Bearer sr_x', $guess]) {
	$p = told($s, map { ('-H', $_) } @$two);
	is($p->{REMOTE_USER}, undef, "$two->[0] and another: nobody");
}
$p = fetch($s, '-H', 'Authorization: Bearer v1.x.y', "$s->{url}push/poll");
is($p->{status}, 503, 'the relay judges tickets itself');
is(fetch($s, '-d', 'v1.x.y', "$s->{url}push/leave")->{status}, 502,
    'also those that a closing page sends, without a header');
$s->finish;

# -- auth_request

my $port = Nginx::free_port();
$s = site(edit => sub { Nginx::uncomment('auth_request /')->($_[0]) =~
    s/127\.0\.0\.1:4180/127.0.0.1:$port/gr }, others => <<"END");
server {
	listen 127.0.0.1:$port;
	location = /oauth2/auth {
		if (\$http_cookie !~ "who=(\\w+)") {
			return 401;
		}
		add_header X-Auth-Request-User \$1 always;
		return 202;
	}
	location = /oauth2/sign_in {
		return 200 "sign in\\n";
	}
}
END
is(fetch($s, "$s->{url}api/v1/health")->{body}, "sign in\n",
    'auth_request: somebody unknown does not reach the app');
is(fetch($s, $s->{url})->{body}, "sign in\n", 'but where to sign in');
is(fetch($s, '-b', 'who=ana', $s->{url})->{headers}{'cache-control'},
    'no-cache', 'ana sees the page');
is(told($s, '-b', 'who=ana')->{REMOTE_USER}, 'ana', 'and is ana');
is(told($s, '-b', 'who=ana', '-H', 'X-Auth-Request-User: admin')
    ->{REMOTE_USER}, 'ana', 'whatever she says');
$p = told($s, '-H', 'Authorization: Bearer sr_x');
is($p->{HTTP_AUTHORIZATION}, 'Bearer sr_x', "a script's token passes");
is($p->{REMOTE_USER}, undef, 'and is nobody here');
$p = told($s, '-H', 'Authorization: Bearer sr_x', '-H',
    'X-Auth-Request-User: admin');
is($p->{REMOTE_USER}, undef, 'not even by saying so');
is(fetch($s, '-d', 'v1.x.y', "$s->{url}push/leave")->{status}, 502,
    'the relay judges tickets here, too');
$s->finish;

done_testing;
