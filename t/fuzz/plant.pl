#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# plant.pl BUILD MAIN OUT TARGET [SANITIZE]: make the program OUT (of MAIN:
# replay, or driver for libFuzzer) from what the build directory holds, but
# with a fault planted into the parser of TARGET, which must find it.  A harness
# that is blind, or runs past its parser, is found so.  No other parser has a
# fault, since targets run through each other's.  TARGET "none" plants nothing,
# but compiles each of the files anew as well: what is found then is no fault.
# Flags may be given to -fsanitize.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";

use Slurp qw(slurp);

# Target, file, and what of it becomes what.
my @plants = (
	# the value may fill the room, and its NUL lies behind it
	['cookie', 'fcgi-app/request-parse.c', 'if (len >= size)',
	    'if (len > size)'],
	# a quote within quotes is written once
	['csv', 'fcgi-app/csv.c', q{if (*text == '"')}, q{if (*text == '\a')}],
	# what is written is not what is meant
	['event', 'shared/event.c', '(long long)oldest);',
	    '(long long)oldest + 1);'],
	# a body may be anything
	['head', 'fcgi-app/request.c',
	    'if (!json_object_is_type(rq->body, json_type_object))', 'if (0)'],
	# the ring takes what it was not to get yet
	['ingest', 'push-relay/ingest.c', 'if (ev->seq > wanted) {',
	    'if (ev->seq > wanted + 1) {'],
	# a number may be too small
	['json', 'shared/json.c',
	    '!read_int(obj, &value) || value < min || value > max',
	    '!read_int(obj, &value) || value > max'],
	# the list has room for one key less than is read
	['key', 'shared/ticket-file.c', 'if (count == TICKET_KEYS_MAX ||',
	    'if (count > TICKET_KEYS_MAX ||'],
	# the relay is told what it cannot read
	['link', 'fcgi-app/link.c', 'event_put_app(&l->out, l->log.epoch,',
	    'event_put_app(&l->out, l->path,'],
	# one more than may be
	['list', 'fcgi-app/item-list.c', '1, LIST_LIMIT_MAX, &limit',
	    '0, LIST_LIMIT_MAX, &limit'],
	# an address with a user is an origin
	['origin', 'shared/origin.c', 'LETTERS DIGITS "-._"',
	    'LETTERS DIGITS "-._@"'],
	# what is no number is the number -1
	['position', 'push-relay/ask.c', 'out = strtoll(text, NULL, 10)',
	    'out = -strtoll(text, NULL, 10)'],
	# refused without a word
	['post', 'push-relay/post.c',
	    'return call_refuse_body(c, st, &in->err);', 'return st;'],
	# a control character comes out of an escape
	['query', 'fcgi-app/request-parse.c',
	    'if ((unsigned char)c < 0x20 || c == 0x7f)', "if (c == '\\0')"],
	# lengths that lie are let through to libfcgi
	['request', 'fcgi-app/preview.c', "if (sum > len - at)\n" .
	    "\t\t\treturn PREVIEW_BAD;", "if (sum > len - at)\n" .
	    "\t\t\treturn PREVIEW_GOOD;"],
	# a name may be empty
	['settings', 'shared/conf-file.c', 'if (n == 0 || line[n]',
	    'if (line[n]'],
	# user 0 has a ticket
	['ticket', 'shared/ticket.c', 'JSON_REQUIRED, 1, INT64_MAX',
	    'JSON_REQUIRED, 0, INT64_MAX'],
	# signing out leads to another site
	['value', 'shared/conf-check.c', q{text[1] != '/' && }, ''],
);

my ($build, $main, $out, $target, $sanitize) = @ARGV;
@ARGV >= 4 or die "usage: plant.pl BUILD MAIN OUT TARGET [SANITIZE]\n";
my $top = abs_path(dirname(__FILE__) . '/../..');

# What the makefile of the build directory says.
my %make = slurp("$build/Makefile") =~ /^(\w+) = ((?:.*\\\n)*.*)$/mg;
my $dir = tempdir(CLEANUP => 1);
my %source;
for (@plants) {
	my ($name, $file, $from, $to) = @$_;
	next if $name ne $target && $target ne 'none';
	my $text = slurp("$top/$file");
	my $at = index $text, $from;
	die "$name: \"$from\" is not in $file, or more than once\n"
	    if $at < 0 || index($text, $from, $at + 1) >= 0;
	substr($text, $at, length $from) = $to if $target ne 'none';
	$source{$file} = $text;
}
%source or die "$target: there is no fault to plant\n";

sub run { system(@_) == 0 or die "failed: @_\n" }

my @cc = split ' ', $ENV{CC} // $make{CC};
my @flags = ('-g', '-O1', '-D_GNU_SOURCE', "-I$top", "-I$build",
	$sanitize ? ("-fsanitize=$sanitize", '-fno-sanitize-recover=all') : (),
	map { split ' ', $make{$_} // '' }
	    qw(SANITIZE_CFLAGS JSON_CFLAGS SODIUM_CFLAGS SQLITE_CFLAGS
	    MHD_CFLAGS));
my @objects;
for my $file (sort keys %source) {
	my $name = basename($file, '.c');
	open my $fh, '>', "$dir/$name.c" or die "$dir/$name.c: $!\n";
	print $fh "#line 1 \"$top/$file\"\n", $source{$file};
	close $fh;
	run(@cc, @flags, '-iquote', dirname("$top/$file"), '-c', '-o',
	    "$dir/$name.o", "$dir/$name.c");
	push @objects, "$dir/$name.o";
}
# The rest is there: the objects of the program as it is.
my $list = $make{$main eq 'replay' ? 'am_t_fuzz_replay_t_OBJECTS' :
    'am_t_fuzz_driver_OBJECTS'};
1 while $list =~ s/\$\((am__objects_\d+)\)/$make{$1}/;
for my $object ($list =~ m{(\S+)\.\$\(OBJEXT\)}g) {
	my $file = $object =~ s{/(?:t_fuzz_)?replay_t-}{/}r;
	push @objects, "$build/$object.o" unless $source{"$file.c"};
}
run(@cc, $sanitize ? "-fsanitize=$sanitize" : (),
    split(' ', $make{SANITIZE_CFLAGS} // ''), '-o', $out, @objects,
    "$build/librelay.a", "$build/libapp.a", "$build/libshared.a",
    map { split ' ', $make{$_} // '' }
	qw(FCGI_LIBS MHD_LIBS SQLITE_LIBS JSON_LIBS SODIUM_LIBS
	GNUTLS_LIBS SECCOMP_LIBS));
