#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The page's connection: ten tabs on one, polls where streams do not get
# through, and the way back after crashes, freezes, refusals and outages.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server("transport.mjs $_", demo => 1) for qw(chromium firefox);
done_testing;
