#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# axe-core has nothing to say against any page in any state, light and dark,
# wide and 360 px narrow.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('axe.mjs full', demo => 1);
Browser::on_server('axe.mjs empty');
done_testing;
