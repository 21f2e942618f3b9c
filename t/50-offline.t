#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Edits made while the server is away wait in the browser, outlive it, and
# are sent once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;
use Stockroom;

my $s = Stockroom->new(demo => 1, relay => 1, nginx => 1);
Browser::run('offline.mjs', "http://127.0.0.1:$s->{port}/",
    api => sub {
	my ($user, $method, $path, $body) = @_;
	my $r = $s->request($method, $path, token => $s->token($user),
	    $body ? (json => $body) : ());
	return { status => $r->{status}, body => $r->{json} };
    },
    stop => sub { $s->stop($_) for @_; return 1 },
    start => sub { $s->start($_) for @_; return 1 });
$s->finish;
done_testing;
