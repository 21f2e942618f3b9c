#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Pages of other origins at the relay: which may read what, preflights, and
# what is so without any setting; on the socket and on the relay's own port.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Test::More;

use Relay;

my $listen = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
my $port = $listen->sockport;
close $listen;

my @good = ('https://stock.example.com', 'https://STOCK.example.com:443',
    'https://shop.example.com', 'https://a.shop.lan', 'https://b2.shop.lan');
my @foreign = ('http://stock.example.com', 'https://stock.example.com:8443',
    'https://stock.example.com.evil.lan', 'https://evil.lan',
    'https://a.shop.lan.evil.lan', 'https://evil.lan/https://a.shop.lan',
    'null', '', 'https://a.shop.lan https://evil.lan', '*');
my $fields = 'access-control-';

# Answers to requests with an Origin, by the socket or by the port.
sub ask
{
	my ($r, $way, $method, $path, $origin, %opt) = @_;

	my %h = (%{ $opt{headers} // {} });
	$h{Origin} = $origin if defined $origin;
	return $r->relay_http($method, $path, %opt, headers => \%h)
	    if $way eq 'socket';
	$h{Authorization} = "Bearer $opt{ticket}" if $opt{ticket};
	return Client::http(IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port), $method, $path, { Host => 'x', %h },
	    $opt{body} // '');
}

# The answer lets a page of ORIGIN read it, and sends no credentials.
sub allows
{
	my ($res, $origin, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $h = $res->{headers};
	is $h->{"${fields}allow-origin"}, $origin, "$name: allowed";
	is $h->{vary}, 'Origin', 'for this one';
	is $h->{"${fields}expose-headers"}, 'Retry-After, X-Request-Id',
	    'with our headers';
	ok !exists $h->{"${fields}allow-credentials"}, 'without credentials';
}

sub allows_not
{
	my ($res, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @got = grep { /^$fields/ } keys %{ $res->{headers} };
	is "@got", '', "$name: not allowed";
}

my $r = Relay->new(env => { STOCKROOM_ORIGIN => 'https://stock.example.com',
    ALLOW_ORIGINS => 'https://shop.example.com',
    ALLOW_ORIGIN_REGEX => 'https://[a-z0-9]+\.shop\.lan',
    STOCKROOM_LISTEN => "127.0.0.1:$port" });
$r->app(head => 0);
my ($t) = $r->ticket(user => 1);

for my $way ('socket', 'port') {
	for my $origin (@good) {
		allows(ask($r, $way, 'GET', '/push/poll', $origin), $origin,
		    "$way: a refused poll from $origin");
	}
	for my $origin (@foreign) {
		my $res = ask($r, $way, 'GET', '/push/poll', $origin);
		is $res->{status}, 401, 'it is the ticket that counts';
		allows_not($res, "$way: '$origin'");
		is $res->{headers}{vary}, 'Origin', 'for this one';
	}
	allows_not(ask($r, $way, 'GET', '/push/poll'), "$way: no origin");

	# Each address, each of its answers.
	my $page = $good[0];
	my %headers = (Origin => $page);
	my ($mine) = $r->ticket(user => 1);
	my %to = $way eq 'socket' ? (unix => $r->push_socket) :
	    (port => $port);
	my $st = Stream->open(%to, path => '/push/stream', ticket => $mine,
	    headers => \%headers);
	ok $st->wait_for('room_joined'), "$way: a stream from a page";
	allows($st, $page, 'its head');
	for my $post (['beat', '{"state":"active"}', 204],
	    ['cursor', '{"cursor_position":null,"editing_row":null,' .
	    '"editing_field":null,"mode":null}', 204],
	    ['lease', qq({"action":"take","row":"$way"}), 200],
	    ['lease', 'x', 400]) {
		my ($what, $body, $want) = @$post;
		my $res = ask($r, $way, 'POST', "/push/$what", $page,
		    ticket => $mine, body => $body);
		is $res->{status}, $want, "$what: $want";
		allows($res, $page, $what);
	}
	my $beacon = ask($r, $way, 'POST', '/push/leave', $page,
	    body => $mine, headers => { 'Content-Type' => 'text/plain' });
	is $beacon->{status}, 204, 'a beacon needs no preflight';
	allows($beacon, $page, 'a beacon');
	my $p = Poll->open(%to, path => '/push/poll',
	    ticket => scalar $r->ticket(user => 2), headers => \%headers);
	ok $p->wait_for('room_joined'), 'a poll from a page';
	allows(ask($r, $way, 'GET', '/push/poll', $page,
	    ticket => scalar $r->ticket(user => 3)), $page, 'a poll');
	my $refused = Stream->open(%to, path => '/push/stream?position=x',
	    ticket => scalar $r->ticket(user => 4), headers => \%headers);
	ok $refused->wait_for('disconnect'), 'a stream that says why not';
	allows($refused, $page, 'that too');
	allows(ask($r, $way, 'GET', '/nowhere', $page), $page, '404');
	$_->close for $st, $p, $refused;

	# Preflights.
	for (['stream', 'GET'], ['poll', 'GET'], ['cursor', 'POST'],
	    ['beat', 'POST'], ['lease', 'POST'], ['leave', 'POST']) {
		my ($path, $method) = @$_;
		my %want = ("${fields}request-method" => $method,
		    "${fields}request-headers" =>
		    'authorization,content-type');
		my $res = ask($r, $way, 'OPTIONS', "/push/$path", $good[3],
		    headers => \%want);
		is $res->{status}, 204, "preflight of $path";
		is $res->{body}, '', 'without a body';
		is $res->{headers}{allow}, "$method, OPTIONS", 'Allow';
		allows($res, $good[3], 'it');
		is $res->{headers}{"${fields}allow-methods"}, $method,
		    'the method';
		is $res->{headers}{"${fields}allow-headers"},
		    'Authorization, Content-Type, Last-Event-ID, ' .
		    'Cache-Control',
		    'the headers';
		is $res->{headers}{"${fields}max-age"}, 7200, 'to remember';
		allows_not(ask($r, $way, 'OPTIONS', "/push/$path",
		    'https://evil.lan', headers => \%want), "of $path");
	}
	is ask($r, $way, 'OPTIONS', '/push/nowhere', $page)->{status}, 404,
	    'none for what is not there';
}
is ask($r, 'socket', 'GET', '/push/poll', $good[0],
    headers => { 'X-Forwarded-Proto' => 'https',
    'X-Forwarded-Host' => 'evil.lan', Forwarded => 'host=evil.lan' })
    ->{headers}{"${fields}allow-origin"}, $good[0],
    'forwarded names mean nothing';

# Without settings: what is read is left to the browser, and that is no.
$r->stop('relay');
delete @{ $r->{env} }{qw(STOCKROOM_ORIGIN ALLOW_ORIGINS ALLOW_ORIGIN_REGEX)};
$r->start('relay');
like $r->log_text('relay'), qr/no page may use the port: set STOCKROOM_ORIGIN/,
    'a port that no page may use is said';
for my $way ('socket', 'port') {
	for my $origin ($good[0], 'http://localhost', 'https://evil.lan') {
		for my $method ('GET', 'OPTIONS') {
			my $res = ask($r, $way, $method, '/push/poll',
			    $origin);
			allows_not($res, "$way, no settings: $method");
			ok !exists $res->{headers}{vary}, 'nor Vary';
		}
	}
}

$r->finish;
done_testing;
