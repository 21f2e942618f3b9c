#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# install.sh TO: install the page from this script's folder into the folder TO.
#
# All but the pages goes below TO/v/HASH/, where HASH is made of the names and
# contents of what is there; the pages are stamped with it.  So whatever a
# browser has once got from there it may keep for good, and what it asks for
# is of one build, or nothing: those of other builds are removed.
set -eu
umask 022

from=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
to=$1
mkdir -p "$to"
to=$(CDPATH= cd -- "$to" && pwd)

cd "$from"
files=$(find css js vendor icon.svg -type f | LC_ALL=C sort)
hash=$(for file in $files; do
	sha256sum "$file"
done | sha256sum | cut -c 1-12)

for file in $files; do
	mkdir -p "$to/v/$hash/$(dirname "$file")"
	cat "$file" >"$to/v/$hash/$file"
done
ours='css/|js/|icon\.svg"'
# Only now the pages that lead there, each whole at once.
cat load.js >"$to/load.js"
for page in *.html; do
	sed -E "s,(href|src)=\"((\.\./)*)($ours),\1=\"\2v/$hash/\4,g" \
	    "$page" >"$to/$page.new"
	mv "$to/$page.new" "$to/$page"
done
for old in "$to"/v/*; do
	[ "$old" = "$to/v/$hash" ] || rm -rf "$old"
done
