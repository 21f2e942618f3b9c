#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The manual pages are well made and whole: every command and option that
# --help shows, every setting with its limits and its default, and nothing
# that does not exist.

use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin qw($RealBin);
use lib "$RealBin/lib";
use Test::More;

use Slurp qw(slurp);

my $top = abs_path("$RealBin/..");
my $build = $ENV{STOCKROOM_BUILD} // "$top/build";
my %pages = map { $_ => slurp("$top/man/$_") }
    qw(stockroom.7 stockroom-api.7 stockroom-app.8 stockroom-relay.8
    stockroomctl.1 stockroom.conf.5);

# What the page says, as plain text on one line.
sub rendered
{
	my ($page) = @_;

	my $text = `mandoc -T utf8 -O width=999 '$top/man/$page' 2>&1`;
	is $?, 0, "$page can be shown";
	$text =~ s/.\x08//g;
	return $text =~ s/\s+/ /gr;
}

# Names that only one of two lists has.
sub differences
{
	my ($one, $other) = @_;
	my %count;

	$count{$_} |= 1 for @$one;
	$count{$_} |= 2 for @$other;
	return grep { $count{$_} != 3 } sort keys %count;
}

# The rows of conf.def: name, default and limits (numbers only).
sub settings
{
	my $text = slurp("$top/shared/conf.def") =~ s{/\*.*?\*/}{}gsr;
	my %rows;

	while ($text =~ /^CONF_TEXT\(\w+, (\w+), \w+, "([^"]*)"/gm) {
		$rows{$1} = { default => $2 };
	}
	while ($text =~ /^CONF_INT\(\w+, (\w+), (\d+), (\d+), (\d+)/gm) {
		$rows{$1} = { default => $4, min => $2, max => $3 };
	}
	return %rows;
}

# ---- form

for my $page (sort keys %pages) {
	my $out = `mandoc -T lint -W warning '$top/man/$page' 2>&1`;
	is $out, '', "$page has no faults";
}
my $make = slurp("$top/Makefile.am") =~ s/\\\n/ /gr;
my ($mans) = $make =~ /^dist_man_MANS\s*=(.*)/m;
is_deeply [differences([split ' ', $mans // ''],
    [map { "man/$_" } keys %pages])], [], 'all of them are installed';
is_deeply [differences([map { s{.*/}{}r } glob "$top/man/*"],
    [keys %pages])], [], 'there are no others';

# ---- options and commands

my %settings = settings();
cmp_ok scalar keys %settings, '>', 10, 'there are settings';
for my $program (qw(stockroom-app stockroom-relay stockroomctl)) {
	my $help = `'$build/$program' --help 2>&1`;
	is $?, 0, "$program --help";
	for my $name (sort keys %settings) {
		like $help, qr/^  \Q$name=$settings{$name}{default}\E$/m,
		    "$program --help shows $name";
	}
	my ($own) = $help =~ /^(.*?)\bSettings,/ms;
	my @options = $own =~ /--([a-z][a-z-]+)/g;
	# Those that every command takes have no line of their own.
	push @options, 'json' if $program eq 'stockroomctl';
	# Those of the synopsis "--help | --version" share one macro.
	push @options, 'help', 'version';
	my ($page) = grep { /^\Q$program\E\.\d$/ } sort keys %pages;
	my @described = $pages{$page} =~ /\bFl -([a-z][a-z-]+)/g;
	push @described, $pages{$page} =~ /\| -([a-z][a-z-]+)/g;
	is_deeply [differences(\@options, \@described)], [],
	    "$page has the options of --help, and no others";
	my $version = `'$build/$program' --version 2>&1`;
	like $version, qr/^\Q$program\E \d+\.\d+\.\d+\n\z/,
	    "$program --version";
}

# A command's line in --help and its item in the page say the same.
my $help = `'$build/stockroomctl' --help`;
my %synopsis = $help =~ /^  ([a-z]+ [a-z]+)\b *(.*)$/gm;
my %item = $pages{'stockroomctl.1'} =~ s/\\\n/ /gr =~
    /^\.It Cm ([a-z]+ [a-z]+)\b *(.*)$/gm;
cmp_ok scalar keys %synopsis, '>', 5, 'stockroomctl has commands';
is_deeply [differences([keys %synopsis], [keys %item])], [],
    'stockroomctl.1 describes the commands of --help, and no others';
for my $command (sort keys %synopsis) {
	is_deeply [($item{$command} // '') =~ /Fl -([a-z-]+)/g],
	    [$synopsis{$command} =~ /--([a-z-]+)/g],
	    "stockroomctl.1: the options of $command";
	my $own = `'$build/stockroomctl' $command --help`;
	is_deeply [$own =~ /^  --([a-z-]+)/gm],
	    [$synopsis{$command} =~ /--([a-z-]+)/g, 'json', 'help'],
	    "$command --help explains them";
}

# ---- settings

my $conf = $pages{'stockroom.conf.5'};
is_deeply [differences([keys %settings],
    [$conf =~ /^\.It Ev (\w+)$/gm])], [],
    'stockroom.conf.5 describes every setting, and no others';
my %text = map { $_ => rendered($_) } sort keys %pages;
for my $name (sort keys %settings) {
	my $row = $settings{$name};
	my ($item) = $conf =~ /^\.It Ev \Q$name\E\n(.*?)^\.(?:It|El)\b/ms;
	if (!defined $item) {
		fail "stockroom.conf.5 says something of $name";
		next;
	}
	$item =~ s/\n/ /g;
	if (defined $row->{max} && $row->{max} > 1) {
		like $item, qr/\b$row->{min} to $row->{max}\b/,
		    "stockroom.conf.5 has the limits of $name";
	}
	# The palette is too long to be repeated.
	next if length $row->{default} > 60;
	like $item, $row->{default} eq '' ? qr/\bEmpty\b/ :
	    qr/default\b.*\Q$row->{default}\E/,
	    "stockroom.conf.5 has the default of $name";
}
like $text{'stockroom.conf.5'}, qr/status 78/,
    'stockroom.conf.5 says what wrong values do';

# What the pages refer to of ours is there.
for my $page (sort keys %pages) {
	my %seen;
	while ($pages{$page} =~ /^\.Xr (stockroom\S*) (\d)/gm) {
		ok exists $pages{"$1.$2"}, "$page refers to $1($2)"
		    if !$seen{$1}++;
	}
}
done_testing;
