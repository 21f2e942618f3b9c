#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The inventory page under one person's hands: keyboard, hostile text, search,
# dialogs, drafts, reduced motion, phones, a flood, nothing there at all.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('behaviour.mjs demo', demo => 1);
Browser::on_server('behaviour.mjs empty');
done_testing;
