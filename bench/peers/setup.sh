#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# Install the peers of package-lock.json into bench/peers/node_modules, unless
# those of this very lock file are there.
set -eu
cd "$(dirname "$0")"
cmp -s package-lock.json node_modules/.installed && exit
# Standard output is the table's.
exec >&2
npm ci --ignore-scripts --no-audit --no-fund
# The one that is no JavaScript, from its source; node's headers come with it.
npm rebuild --build-from-source --nodedir=/usr better-sqlite3
cp package-lock.json node_modules/.installed
