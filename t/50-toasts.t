#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What others change, told calmly: toasts that count, the list of what
# happened, mute, and what a screen reader hears.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('toasts.mjs', demo => 1);
done_testing;
