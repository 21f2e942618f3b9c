#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The presence bar: me first, as many avatars as fit, the list behind "+N",
# the way to somebody's row, a crowd of 1,000, and nobody blinks.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('people.mjs', demo => 1,
    env => { STOCKROOM_USER_STREAMS => 2000 });
done_testing;
