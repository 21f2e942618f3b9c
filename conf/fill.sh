#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# fill.sh FROM TO NAME=VALUE...: copy the files of the folder FROM to TO, those
# that end in .in without that and with each @NAME@ filled in.
#
# One that holds @PREFIX@ is made twice: as NAME.conf, for a site of its own,
# and as NAME-stock.conf, below /stock, with the lines that begin with
# @BELOW@.  @FILE@ is its own name.  @LISTEN_HTTP2@ and @HTTP2@ are how the
# nginx that is here wants HTTP/2 (NGINX_VERSION=1.22 stands for another).
set -eu
umask 022

from=$1 to=$2
shift 2

# What sed takes as it is, on the right side of s|||.
quoted()
{
	printf '%s' "$1" | sed 's/[\\&|]/\\&/g'
}

# "http2 on" is known from 1.25.1; the older way draws a warning from then on.
http2()
{
	PATH=$PATH:/usr/sbin
	version=${NGINX_VERSION:-$(nginx -v 2>&1 | sed 's|.*/||')} || :
	newest=$(printf '%s\n' 1.25.1 "$version" | sort -V | tail -n 1)
	case $version in
	[0-9]*) ;;
	*) newest=1.25.1 ;;
	esac
	if [ "$newest" = "$version" ]; then
		echo 's|@LISTEN_HTTP2@||g;s|@HTTP2@|http2 on;|g'
	else
		echo 's|@LISTEN_HTTP2@| http2|g'
		echo 's|@HTTP2@|# From nginx 1.25 on: "http2 on;", and no' \
		    '"http2" above.|g'
	fi
}

fill=$(http2)
for pair; do
	fill="$fill
s|@${pair%%=*}@|$(quoted "${pair#*=}")|g"
done

# fill_in FILE NAME PREFIX BELOW
fill_in()
{
	sed -e "s|@FILE@|$2|g" -e "s|@PREFIX@|$3|g" -e "$4" -e "$fill" \
	    "$1" >"$to/$2"
	! grep -n '@[A-Z][A-Z_0-9]*@' "$to/$2" >&2 || {
		echo "fill.sh: $1 holds a name without a value" >&2
		exit 1
	}
}

mkdir -p "$to"
for file in "$from"/*; do
	name=${file##*/}
	case $name in
	*.in)
		name=${name%.in}
		fill_in "$file" "$name" '' '/^@BELOW@/d'
		! grep -q @PREFIX@ "$file" ||
			fill_in "$file" "${name%.conf}-stock.conf" /stock \
			    's|^@BELOW@||'
		;;
	*)
		cat "$file" >"$to/$name"
		;;
	esac
done
