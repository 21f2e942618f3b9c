#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The checklist that people used to go through by hand, line by line: the
# test page, then the inventory page in two windows.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('checklist.mjs', demo => 1);
done_testing;
