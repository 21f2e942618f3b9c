#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A page on another origin, in real browsers: it reads, writes and listens
# with a bearer token.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;
use Nginx;
use Stockroom;

my $page = Nginx::free_port();
my $s = Stockroom->new(relay => 1, nginx => 1, users => { ana => 'editor' },
    env => { ALLOW_ORIGINS => "http://127.0.0.1:$page" });
$s->post('/inventory/items', { sku => 'CORS-1', name => 'a', quantity => 1 },
    token => $s->token('ana'));
Browser::run("cors.mjs $_ $page", "http://127.0.0.1:$s->{port}/",
    token => sub { return $s->token('ana') }) for qw(chromium firefox);
$s->finish;
done_testing;
