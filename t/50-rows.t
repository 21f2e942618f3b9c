#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Rows hold still under the reader's hand, whatever others do.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('rows.mjs', demo => 1);
done_testing;
