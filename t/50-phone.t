#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The pages on a phone: sizes, fingers, the keyboard.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('phone.mjs', demo => 1);
done_testing;
