#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# make bench: what Stockroom costs, beside what does the same or nothing at
# all, as one table.  README says what its rows mean.
#
#	STOCKROOM_BUILD=build bench/bench.pl [NAME ...]
#
# A NAME is one of those below, or what several begin with.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../t/lib";

use Bench;
use Durable;
use Floods;
use Growth;
use Page;
use Push;
use Rest;

$SIG{PIPE} = 'IGNORE';
exit Bench::run([
	['push-direct', \&Push::direct],
	['push-nginx', \&Push::through_nginx],
	['push-flood', \&Push::flood],
	['push-crowd', \&Push::crowd],
	['push-wake', \&Push::wake],
	['rest-read', \&Rest::reading],
	['rest-write', \&Durable::writing],
	['page-first', \&Page::first],
	['page-paint', \&Page::paint],
	['page-idle', \&Page::idle],
	['floods', \&Floods::floods],
	['growth', \&Growth::growing],
], @ARGV);
