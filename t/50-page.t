#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The inventory page by itself: keyboard, conflicts, viewers, hostile text,
# reduced motion, plain names on plain HTTP, phones, nothing there at all.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('behaviour.mjs demo', demo => 1);
Browser::on_server('behaviour.mjs empty');
done_testing;
