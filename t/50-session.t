#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Sessions on the page: who is refused, what a viewer may, a plain name on
# plain HTTP, reloads, signing out, users who are disabled, old tickets.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;

Browser::on_server('session.mjs', demo => 1);
done_testing;
