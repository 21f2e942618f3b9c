#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# The release tarball: builds from a read-only source tree with warnings as
# errors, installs, uninstalls, and leaves nothing behind.  Its own tests are
# not run here, since this is one of them.
echo 1..1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "${STOCKROOM_BUILD:-build}" \
    distcheck TESTS= check_PROGRAMS= >"$log" 2>&1; then
	echo "ok 1 - make distcheck"
else
	tail -n 40 "$log" | sed 's/^/# /'
	echo "not ok 1 - make distcheck"
	exit 1
fi
