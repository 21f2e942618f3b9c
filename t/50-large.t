#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The page with 20,000 items, in Chromium and Firefox: first rows, scrolling,
# others' changes, filters.  Its figures are in the diagnostics.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('large.mjs', items => 20000);
done_testing;
