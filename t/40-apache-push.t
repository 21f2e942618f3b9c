#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# How events come to pages past an Apache that holds a worker for each open
# request: by a port of the relay's own, at no worker's cost, or by short
# polls, where more pages than workers make all of them slower, and lock out
# none.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Apache;
use Nginx;
use Scene;
use Stockroom;

use constant { WORKERS => 25, PAGES => 40 };

my $tree = Nginx::install(Stockroom::build());
my $host = Nginx::HOST;

sub through
{
	my ($site, $env, %opt) = @_;

	my $s = Stockroom->new(app => 0, env => {
	    STOCKROOM_PEERS => Apache::user(),
	    $site eq 'prefix' ? (STOCKROOM_BASE => '/stock') : (), %$env });
	$s->{bearer} = $s->token('ana');
	@{ $s->{env} }{qw(STOCKROOM_TLS_CERT STOCKROOM_TLS_KEY)} =
	    ("$s->{dir}/fullchain.pem", "$s->{dir}/privkey.pem")
	    if $site eq 'site';
	return Apache::start($s, tree => $tree, app => 'proxy',
	    site => $site, workers => WORKERS, %opt);
}

# What CLASS->open(ADDRESS) makes of each of so many pages; all are in.
sub crowd
{
	my ($s, $class, @address) = @_;

	my @pages = map {
		my $join = $s->join_room(token => $s->{bearer},
		    via => 'fcgi', name => "page $_");
		$class->open(@address, ticket => $join->{ticket},
		    position => $join->{position});
	} 1 .. PAGES;
	ok(Stream->wait_all(\@pages, sub { $_->count('room_joined') }, 20),
	    PAGES . ' pages are in the room');
	return @pages;
}

# A change is seen by all of them within SECONDS.
sub all_see
{
	my ($s, $pages, $seconds) = @_;

	my $seen = $pages->[0]->count('inventory_changed');
	my $from = time;
	is($s->post('/inventory/items', { sku => 'N-' . $seen, name => 'n' },
	    token => $s->{bearer}, via => 'fcgi')->{status}, 201, 'a change');
	ok(Stream->wait_all($pages,
	    sub { $_->count('inventory_changed') > $seen }, $seconds),
	    'reaches all of them');
	diag(sprintf 'a change in %d pages: %.3f s', PAGES, time - $from);
}

# How long a page takes to come through Apache meanwhile, at most MOST.
sub page_within
{
	my ($s, $pages, $most) = @_;

	my $from = time;
	my $page = Stream->open(port => $s->{port}, path => '/stock/load.js');
	Stream->wait_until([@$pages, $page], sub { $page->{status} }, $most);
	is($page->{status}, 200, 'Apache has time for other things');
	diag(sprintf 'another request beside them: %.3f s', time - $from);
}

# -- a port of its own, TLS and all

{
	my $port = Nginx::free_port();
	my $s = through('site', { STOCKROOM_LISTEN => "127.0.0.1:$port",
	    STOCKROOM_ORIGIN => "https://$host",
	    STOCKROOM_PUSH_URL => "https://$host:$port/push" },
	    push => "https://$host:$port");
	push @{ $s->{curl} }, '--connect-to', "$host:$port:127.0.0.1:$port";
	my $seen = scene($s, label => 'own port');
	is($seen->{join}{stream}, "https://$host:$port/push/stream",
	    'a join says where the stream is');
	is($seen->{join}{poll}, "https://$host:$port/push/poll",
	    'and where polls go');
	like(fetch($s, $s->{url})->{headers}{'content-security-policy'},
	    qr{; connect-src 'self' https://\Q$host\E:$port;},
	    'the page may go there, and nowhere else');
	is(fetch($s, "$s->{url}push/poll")->{status}, 404,
	    'there is no way through Apache');
	my @ask = ('-X', 'OPTIONS', '-H',
	    'Access-Control-Request-Method: POST', '-H',
	    'Access-Control-Request-Headers: authorization,content-type',
	    "https://$host:$port/push/cursor");
	my $r = fetch($s, '-H', "Origin: https://$host", @ask);
	is($r->{status}, 204, 'its preflight is answered');
	is($r->{headers}{'access-control-allow-origin'}, "https://$host",
	    'the page may');
	$r = fetch($s, '-H', 'Origin: https://elsewhere.example', @ask);
	is($r->{headers}{'access-control-allow-origin'}, undef,
	    'another one may not');
	$s->finish;
}

# -- a port of its own: no workers

{
	my $port = Nginx::free_port();
	my $s = through('prefix', { STOCKROOM_LISTEN => "127.0.0.1:$port",
	    STOCKROOM_ORIGIN => "http://$host",
	    STOCKROOM_PUSH_URL => "http://$host:$port/push" },
	    push => "http://$host:$port");
	my @pages = crowd($s, 'Stream', port => $port);
	all_see($s, \@pages, 5);
	page_within($s, \@pages, 5);
	# A worker whose answer is out is busy for another moment.
	ok($s->wait_for(sub { Apache::busy($s) == 0 }, 10),
	    PAGES . ' streams hold none of the workers');
	$_->close for @pages;
	$s->finish;
}

# -- short polls, of more pages than there are workers

{
	my $s = through('prefix', { STOCKROOM_TRANSPORT => 'poll',
	    STOCKROOM_POLL_HOLD => 1 });
	my @pages = crowd($s, 'Poll', port => $s->{port},
	    path => '/stock/push/poll');
	for (1 .. 3) {
		page_within($s, \@pages, 15);
		all_see($s, \@pages, 15);
	}
	is(scalar(grep { $_->{ended} } @pages), 0, 'none is turned away');
	$_->close for @pages;
	$s->finish;
}

done_testing;
