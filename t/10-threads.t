#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Who writes: the group commit's own tests under ThreadSanitizer, which sees
# what a thread reads that another may be writing, be it ever so seldom.

use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Stockroom;

my $build = Stockroom::build();
my $source = "$FindBin::Bin/..";
my $dir = File::Temp->newdir(TMPDIR => 1);

# What configure has found.
open my $fh, '<', "$build/Makefile" or die "Makefile: $!\n";
my %made = map { /^(\w+) = (.*)$/ ? ($1 => $2) : () } <$fh>;

# PROGRAM of sources, of which TEXT may be one in its place.
sub compile
{
	my ($program, $writer) = @_;

	my @sources = ($writer, map { "$source/$_" } qw(t/unit/db.c
	    fcgi-app/db.c fcgi-app/db-lock.c fcgi-app/schema.c));
	return system("$made{CC} -fsanitize=thread -g -O1 -std=gnu11" .
	    " -include '$build/config.h' -I'$source' -I'$source/fcgi-app'" .
	    " -I'$build'" .
	    " $made{JSON_CFLAGS} $made{SQLITE_CFLAGS} $made{CMOCKA_CFLAGS}" .
	    " -o '$program' @sources '$build/libshared.a'" .
	    " $made{SQLITE_LIBS} $made{JSON_LIBS} $made{SODIUM_LIBS}" .
	    " $made{CMOCKA_LIBS} -lpthread");
}

# What it says; without random addresses, which older ones cannot bear.
sub said
{
	my ($program) = @_;

	my $said = `setarch -R '$program' 2>&1`;
	return ($?, $said);
}

is(compile("$dir/good", "$source/fcgi-app/db-write.c"), 0, 'it compiles');
my ($status, $said) = said("$dir/good");
is($status, 0, 'the tests pass') or diag $said;
unlike($said, qr/WARNING: ThreadSanitizer/, 'no two threads at one place');
like($said, qr/^ok \d+ - test_storm$/m, 'all at once among them');

# A writer that looks before it is told.
open $fh, '<', "$source/fcgi-app/db-write.c" or die "db-write.c: $!\n";
my $text = do { local $/; <$fh> };
ok($text =~ s/^\tbatch_finish\(\);\n\K\twriter_sleep\(me\);$/
    \twhile (!me->judged)\n\t\twriter_sleep(me);/mx, 'a fault is planted');
open $fh, '>', "$dir/db-write.c" or die "db-write.c: $!\n";
print $fh $text;
close $fh or die "db-write.c: $!\n";
is(compile("$dir/bad", "$dir/db-write.c"), 0, 'it compiles, too');
($status, $said) = said("$dir/bad");
like($said, qr/WARNING: ThreadSanitizer: data race/, 'and it is seen');

done_testing;
