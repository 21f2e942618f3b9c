#!/bin/bash
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# run.sh [SECONDS [TARGET...]]: fuzz each target for so long with libFuzzer
# (clang and its compiler-rt), under AddressSanitizer and
# UndefinedBehaviorSanitizer.  Begins with the corpus and with what earlier
# runs found; a finding ends it, and is kept in build-fuzz/found.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=${STOCKROOM_FUZZ_DIR:-$PWD/build-fuzz}
seconds=${1:-600}
shift || :
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address"
flags+=",undefined -fno-sanitize-recover=all"

mkdir -p "$dir/found"
cd "$dir"
[ -e Makefile ] || "$top/configure" -q CC=clang CFLAGS="$flags"
make -s libapp.a libshared.a librelay.a t/fuzz/driver \
    LDFLAGS="-fsanitize=address,undefined"
if [ $# -eq 0 ]; then
	set -- "$top"/t/fuzz/corpus/*/
fi
for target; do
	target=$(basename "$target")
	mkdir -p "work/$target"
	echo "fuzz: $target for $seconds s"
	STOCKROOM_FUZZ=$target t/fuzz/driver -max_total_time="$seconds" \
	    -print_final_stats=1 -verbosity=1 -timeout=10 -rss_limit_mb=1024 \
	    -artifact_prefix="found/$target-" "work/$target" \
	    "$top/t/fuzz/corpus/$target" >"$target.log" 2>&1 || {
		tail -n 40 "$target.log"
		echo "fuzz: $target: a finding in $dir/found" >&2
		exit 1
	}
	grep -E 'stat::(number_of_executed_units|peak_rss)' "$target.log"
done
