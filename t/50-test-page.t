#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The collaboration test page plays each scene by hand: transports, cuts,
# away, leases, floods, a long list of people; and nothing is lost.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('test-page.mjs', demo => 1,
    env => { STOCKROOM_USER_STREAMS => 2000 });
done_testing;
