#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# The page's rules, without a browser: t/js/*.test.js under node's own test
# runner.  Its report is TAP already; that of a file is one test here.
set -u

dir=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
count=0 failed=0
log=$(mktemp "${TMPDIR:-/tmp}/stockroom-js.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT

for file in "$dir"/js/*.test.js; do
	count=$((count + 1))
	name=$(basename "$file")
	if node --test --test-reporter=tap "$file" >"$log" 2>&1 &&
	    grep -q '^# pass [1-9]' "$log"; then
		echo "ok $count - $name: $(sed -n 's/^# pass //p' "$log") tests"
	else
		failed=1
		sed 's/^/# /' "$log"
		echo "not ok $count - $name"
	fi
done
echo "1..$count"
exit $failed
