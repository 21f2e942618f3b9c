#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The page as it is installed: through TLS and HTTP/2, below a prefix, with
# what is kept for good, in Chromium and in Firefox.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;
use Stockroom;

my $tree = Nginx::install(Stockroom::build());
my $htdocs = "$tree" . Nginx::datadir($tree) . '/htdocs';
my ($v) = glob "$htdocs/v/*";

my $s = Stockroom->new(demo => 1, relay => 1, nginx => { tree => $tree,
    site => 'site-tls', prefix => '/a/lager' });
# The certificate's key, for Chromium.
chomp($ENV{STOCKROOM_SPKI} = `openssl x509 -in $s->{dir}/fullchain.pem \\
    -pubkey -noout | openssl pkey -pubin -outform der |
    openssl dgst -sha256 -binary | openssl base64`);
Browser::run('hosting.mjs', "https://127.0.0.1:$s->{tls_port}/a/lager/",
    # Take the build away, as an installation does, and bring it back.
    away => sub { return rename($v, "$htdocs/another") ? 1 : 0 },
    back => sub { return rename("$htdocs/another", $v) ? 1 : 0 },
    # How often it was asked for what matches.
    asked => sub {
	my ($what) = @_;
	return scalar(() = $s->log_text('access') =~ /"GET $what /g);
    });
$s->finish;
done_testing;
