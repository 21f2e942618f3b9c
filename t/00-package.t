#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# debian/ says the same as the rest of the tree: one version everywhere, the
# libraries that bootstrap installs, every file in the tarball, whose the
# third-party code is, and where it comes from.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Slurp qw(slurp);

chdir "$FindBin::RealBin/.." or die "..: $!";

my ($version) = slurp('configure.ac') =~ /^AC_INIT\(\[\w+\], \[([\d.]+)\]/m;
ok $version, 'configure.ac has a version';
my ($news) = slurp('CHANGES') =~ /^(\d[\d.]*)$/m;
is $news, $version, 'CHANGES begins with it';
my ($debian) = slurp('debian/changelog') =~ /^stockroom \(([^)]+)\)/;
is $debian, $version, 'debian/changelog begins with it';
my ($page) = slurp('htdocs/package.json') =~ /"version": "([^"]+)"/;
is $page, $version, 'htdocs/package.json has it';

my $control = slurp('debian/control');
my ($needs) = $control =~ /^Build-Depends: ((?:.*\n)(?: .*\n)*)/m;
my ($installed) = slurp('bootstrap') =~ /^packages_build="([^"]*)"/m;
for my $lib (grep { /^lib\w.*-dev$/ && $_ ne 'libc6-dev' }
    split ' ', $installed) {
	like $needs, qr/(?<![\w-])\Q$lib\E(?![\w-])/,
	    "Build-Depends has $lib";
}

my $make = slurp('Makefile.am');
for my $file (sort grep { -f } -e '.git' ? split(/\n/,
    `git ls-files debian`) : glob('debian/* debian/source/*')) {
	like $make, qr/(?<!\S)\Q$file\E(?!\S)/, "$file is in the tarball";
}

# Each pattern of a Files: field stands for names as in a shell.
my @owned = map { my $glob = quotemeta $_; $glob =~ s/\\\*/.*/g; qr/^$glob$/ }
    grep { $_ ne '*' } map { split }
    slurp('debian/copyright') =~ /^Files: (.*)$/mg;
for my $file (slurp('htdocs/vendor.sha256') =~ /^\S+\s+\*?(\S+)$/mg) {
	ok((grep { "htdocs/vendor/$file" =~ $_ } @owned),
	    "debian/copyright knows $file");
}

# A build downloads nothing: it says what is missing instead.
my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/$_" or die "$_: $!" for qw(debian htdocs);
copy($_, "$dir/$_") or die "$_: $!"
    for qw(debian/rules htdocs/vendor.sh htdocs/vendor.sha256);
chmod 0755, "$dir/htdocs/vendor.sh";
my $said = `env -u MAKEFLAGS -u MAKELEVEL make -C '$dir' \\
    -f debian/rules override_dh_auto_configure 2>&1`;
isnt $?, 0, 'without third-party code there is no build';
like $said, qr{run htdocs/vendor\.sh .*make dist},
    '... and it says where it is';

done_testing;
