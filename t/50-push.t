#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The page behind an Apache that takes no streams: its events come by a port
# of the relay's own, another origin for the browser, or by polls only.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Apache;
use Browser;
use Nginx;
use Stockroom;

my $tree = Nginx::install(Stockroom::build());

sub behind_apache
{
	my ($env, $way, $push, @browsers) = @_;

	my $port = Nginx::free_port();
	my $s = Stockroom->new(app => 0, demo => 1, env => {
	    STOCKROOM_PEERS => Apache::user(),
	    STOCKROOM_ORIGIN => "http://127.0.0.1:$port", %$env });
	$s->{port} = $port;
	Apache::start($s, tree => $tree, app => 'proxy', site => 'site',
	    plain => 1, push => $push);
	Browser::run("push.mjs $_ $way", "http://127.0.0.1:$port/")
	    for @browsers;
	$s->finish;
}

my $own = Nginx::free_port();
behind_apache({ STOCKROOM_LISTEN => "127.0.0.1:$own",
    STOCKROOM_PUSH_URL => "http://127.0.0.1:$own/push" },
    $own, "http://127.0.0.1:$own", qw(chromium firefox));
behind_apache({ STOCKROOM_TRANSPORT => 'poll', STOCKROOM_POLL_HOLD => 1 },
    'poll', undef, 'chromium');
done_testing;
