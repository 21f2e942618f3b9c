#!/bin/bash
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# run.sh [SECONDS [TARGET...]]: fuzz each target for so long with libFuzzer
# (clang and its compiler-rt), under AddressSanitizer and
# UndefinedBehaviorSanitizer, STOCKROOM_FUZZ_JOBS (1) at a time.  Begins with
# the corpus and with what earlier runs found.  Before that, a fault is planted
# into the parser of each target in turn (plant.pl), and must be found.  A
# finding is kept in build-fuzz/found, and makes the end a failure.
#
# run.sh merge [TARGET...]: what earlier runs found that reaches more is added
# to the corpus, as few and small files as will do.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=${STOCKROOM_FUZZ_DIR:-$PWD/build-fuzz}
jobs=${STOCKROOM_FUZZ_JOBS:-1}
seconds=${1:-600}
shift || :
sanitize=-fsanitize=address,undefined
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address"
flags+=",undefined -fno-sanitize-recover=all"
finding='^SUMMARY: (libFuzzer: deadly signal|[A-Za-z]+Sanitizer: )'

command -v clang >/dev/null || {
	echo "fuzz: this needs clang and libclang-rt-dev" >&2
	exit 77
}
mkdir -p "$dir/found"
cd "$dir"
# What programs that abort leave behind goes with us.
memory=/dev/shm
[ -w "$memory" ] || memory=/tmp
TMPDIR=$(mktemp -d "${TMPDIR:-$memory}/stockroom-fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
[ -e Makefile ] || "$top/configure" -q CC=clang CFLAGS="$flags"
make -s libapp.a libshared.a librelay.a t/fuzz/driver LDFLAGS="$sanitize"
if [ $# -eq 0 ]; then
	set -- "$top"/t/fuzz/corpus/*/
fi

# fuzz PROGRAM TARGET SECONDS ARGUMENT...
fuzz() {
	local program=$1 target=$2 seconds=$3
	shift 3
	STOCKROOM_FUZZ=$target "$program" -max_total_time="$seconds" \
	    -print_final_stats=1 -verbosity=1 -timeout=20 \
	    -rss_limit_mb=2048 "$@"
}

# A target for so long; how it went.
run() {
	local target=$1
	mkdir -p "work/$target"
	if fuzz t/fuzz/driver "$target" "$seconds" \
	    -artifact_prefix="found/$target-" "work/$target" \
	    "$top/t/fuzz/corpus/$target" >"$target.log" 2>&1; then
		echo "fuzz: $target: $(awk '/number_of_executed/ { n = $2 }
			/peak_rss/ { print n " inputs, " $2 " MB" }' \
			"$target.log")"
		return 0
	fi
	tail -n 40 "$target.log"
	echo "fuzz: $target: a finding in $dir/found" >&2
	return 1
}

# With a fault in its own parser alone a target must find something: a broken
# promise or a sanitizer's report, not a program that does not start or is
# slow.  Without the fault the same input must be no finding.
planted() {
	local target log
	for target; do
		"$top/t/fuzz/plant.pl" "$dir" driver planted "$target" \
		    "address,undefined,fuzzer"
		rm -rf planted-work
		mkdir -p planted-work/corpus
		log=$target-planted.log
		fuzz ./planted "$target" 120 -artifact_prefix=planted-work/ \
		    planted-work/corpus "$top/t/fuzz/corpus/$target" \
		    >"$log" 2>&1 || :
		grep -Eq "$finding" "$log" ||
			blind "$target: the planted fault is not found" "$log"
		log=$target-sound.log
		fuzz t/fuzz/driver "$target" 0 planted-work/*-* \
		    >"$log" 2>&1 ||
			blind "$target: a finding without the fault" "$log"
	done
	rm -rf planted planted-work
	echo "fuzz: every planted fault is found"
}

# The end: what is found says nothing.
blind() {
	tail -n 40 "$2"
	echo "fuzz: $1" >&2
	exit 1
}

if [ "$seconds" = merge ]; then
	for target; do
		target=$(basename "$target")
		mkdir -p "work/$target"
		fuzz t/fuzz/driver "$target" 0 -set_cover_merge=1 \
		    -max_len=2048 "$top/t/fuzz/corpus/$target" \
		    "work/$target" >"$target-merge.log" 2>&1
		du -sb "$top/t/fuzz/corpus/$target"
	done
	exit 0
fi

set -- "${@%/}"
set -- "${@##*/}"
planted "$@"
failed=
for target; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n || failed=yes
	done
	run "$target" &
done
while [ "$(jobs -p | wc -l)" -gt 0 ]; do
	wait -n || failed=yes
done
[ -z "$failed" ]
