#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# vendor.sh [--check]: bring the page's third-party code into vendor/, beside
# this script, and check it against vendor.sha256.  Nothing is downloaded
# when vendor/ is already right.  --check only checks: 0 right, 1 not.
set -eu
umask 022

dir=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
vendor=$dir/vendor

right()
{
	[ -d "$vendor" ] &&
	    (cd "$vendor" && sha256sum --check --quiet --strict \
	    "$dir/vendor.sha256") 2>/dev/null >&2
}

case ${1-} in
--check)
	right && exit 0
	echo "vendor.sh: vendor/ differs from vendor.sha256" >&2
	exit 1
	;;
'')
	;;
*)
	echo "usage: vendor.sh [--check]" >&2
	exit 64
	;;
esac

right && exit 0

# npm writes only here.
tmp=$(mktemp -d "${TMPDIR:-/tmp}/stockroom-vendor.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

cp "$dir/package.json" "$dir/package-lock.json" "$tmp/"
(cd "$tmp" && npm ci --ignore-scripts --no-audit --no-fund --silent \
    --cache "$tmp/cache") || {
	echo "vendor.sh: npm ci failed" >&2
	exit 1
}

from=$tmp/node_modules
mkdir "$tmp/vendor"
cp "$from/eventsource-parser/dist/index.js" "$tmp/vendor/eventsource-parser.js"
cp "$from/eventsource-parser/LICENSE" "$tmp/vendor/eventsource-parser.LICENSE"

# Source maps are not shipped: drop the lines that would ask for them.
for file in "$tmp/vendor/"*.js; do
	sed '/^\/\/# sourceMappingURL=/d' "$file" >"$file.new"
	mv "$file.new" "$file"
done

rm -rf "$vendor"
mv "$tmp/vendor" "$vendor"
right || {
	echo "vendor.sh: what npm brought differs from vendor.sha256" >&2
	exit 1
}
