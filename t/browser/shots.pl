#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# t/browser/shots.pl DIR: pictures of every state of every page, to look at.

use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use Test::More;

use Browser;

my $dir = shift // die "usage: t/browser/shots.pl DIR\n";
mkdir $dir;
$dir = abs_path($dir);
Browser::on_server("shots.mjs full $dir", demo => 1);
Browser::on_server("shots.mjs empty $dir");
done_testing;
