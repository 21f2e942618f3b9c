#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The tree's own rules.  A rule is a sub from the tree, a hash of paths and
# texts, to the list of its faults, each "path:line: what".  Next to it stand
# faults planted for a second look at the same tree, so that a rule that has
# gone blind fails too.

use strict;
use warnings;

use Cwd qw(abs_path);
use Encode ();
use File::Find ();
use File::Temp qw(tempdir);
use FindBin qw($RealBin);
use lib "$RealBin/lib";
use Test::More;

use Slurp qw(slurp);

my $top = abs_path($ARGV[0] // "$RealBin/..");
chdir $top or die "$top: $!";

# What git tracks; in a tarball all that is there, but for what was built.
# The inputs that parsers are tried with are no text of ours.
sub paths
{
	my @found;

	return grep { -f && !m{^t/fuzz/corpus/} }
	    split /\0/, `git ls-files -z` if -e '.git';
	File::Find::find({ no_chdir => 1, wanted => sub {
		$File::Find::prune = 1 if m{/(?:node_modules|vendor|build|var|
		    autom4te\.cache|\.deps|stockroom-[\d.]+)$}x && -d;
		push @found, s{^\./}{}r if -f && !m{^\./t/fuzz/corpus/} &&
		    m{^\./(?:fcgi-app|push-relay|
		    shared|htdocs|t|conf|man|bench)/}x && !/\.(?:o|a|log|trs)$/;
	} }, '.');
	return sort @found, grep { -f } qw(README CHANGES LICENSE Makefile.am
	    configure.ac bootstrap);
}

my %tree = map { $_ => slurp($_) } paths();

# ---- helpers

# Faults for each line of TEXT that PATTERN matches.
sub lines_like
{
	my ($path, $text, $pattern, $what) = @_;
	my (@bad, $n);

	for my $line (split /\n/, $text, -1) {
		$n++;
		next if $line !~ $pattern;
		my $it = $1 // '';
		$it = $what =~ s/%s/$it/r;
		push @bad, "$path:$n: $it";
	}
	return @bad;
}

# C with comments blanked and, as asked, strings emptied; lines stay.
sub code
{
	my ($text, $keep_strings) = @_;

	$text =~ s{(/\*.*?\*/|//[^\n]*)|("(?:[^"\\\n]|\\.)*")|
	    ('(?:[^'\\\n]|\\.)*')}{defined $1 ? $1 =~ s/[^\n]+//gr :
	    defined $2 && !$keep_strings ? '""' : $2 // $3}gsex;
	return $text;
}

# Paths of the tree that match, in order.
sub matching
{
	my ($tree, $pattern) = @_;

	return sort grep { $_ =~ $pattern } keys %$tree;
}

# The columns of a line: tabs of 8, characters and not bytes.
sub width
{
	my ($line) = @_;

	$line = eval { Encode::decode('UTF-8', $line, 1) } // $line;
	1 while $line =~ s/\t/' ' x (8 - length($`) % 8)/e;
	return length $line;
}

# The strings of C code, as [line, text].
sub strings
{
	my ($text) = @_;
	my (@found, $n);

	for my $line (split /\n/, code($text, 1)) {
		$n++;
		push @found, map { [$n, $_] } $line =~ /"((?:[^"\\]|\\.)*)"/g;
	}
	return @found;
}

# ---- the rules

my $C = qr/\.(?:c|h)$/;
my $HEADERS = qr{^(?:shared|fcgi-app|push-relay)/.*\.h$};
my $PRODUCT_C = qr{^(?:shared|fcgi-app|push-relay|bench)/.*$C};

# The layers of the app, lowest first; what is not named is a record's file.
# A header and its source share a layer.
my %layer = (
	shared => 0,
	(map { $_ => 1 } qw(db db-inner db-lock db-write schema sql filter
	    backup)),
	# records: 2
	(map { $_ => 3 } qw(request request-parse response route auth idem
	    app accept cgi cors remote-user site link publish keeper metrics
	    signer
	    item-list)),
	api => 4,
	routes => 5,
	main => 6,
	demo => 6,
);

sub layer_of
{
	my ($path) = @_;
	my ($name) = $path =~ m{([^/]+)\.\w+$};

	return 0 if $path =~ m{^shared/};
	return 4 if $name =~ /-api$/;
	return 6 if $name =~ /^ctl\b/;
	return $layer{$name} // 2;
}

# The path that an include of PATH names; undef for generated files.
sub included
{
	my ($path, $name) = @_;
	my ($dir) = $path =~ m{^(.*)/};

	return undef if $name =~ m{(?:^config|-sql|-text)\.h$};
	return $name =~ m{/} ? $name : "$dir/$name";
}

sub layers
{
	my ($tree) = @_;
	my @bad;

	for my $path (matching($tree, qr{^(?:shared|fcgi-app|push-relay)/})) {
		next if $path !~ /\.(?:c|h|def)$/;
		my ($folder) = $path =~ m{^([^/]+)};
		my $n = 0;
		for my $line (split /\n/, $tree->{$path}) {
			$n++;
			next if $line !~ /^\s*#\s*include\s+"([^"]+)"/;
			my $to = included($path, $1) // next;
			my ($other) = $to =~ m{^([^/]+)};
			if (!exists $tree->{$to} && !-f $to) {
				push @bad, "$path:$n: there is no $to";
			} elsif ($other ne $folder && $other ne 'shared') {
				push @bad, "$path:$n: $folder must not know " .
				    $other;
			} elsif ($folder eq 'fcgi-app' &&
			    layer_of($to) > layer_of($path)) {
				push @bad, "$path:$n: $to is a higher layer";
			}
		}
	}
	return @bad;
}

# Foreign libraries: a header's name to the files that may include it.
my %foreign = (
	'sqlite3.h' => qr{^fcgi-app/(?:db|schema|backup)\.c$},
	'fcgiapp.h' => qr{^fcgi-app/(?:request\.h|(?:accept|cgi|request|
	    response|main|route)\.c)$}x,
	'microhttpd.h' => qr{^push-relay/(?:answer|cors|http|longpoll|loop|
	    sse|strict)\.c$}x,
	'gnutls/gnutls.h' => qr{^push-relay/tls\.c$},
	'gnutls/x509.h' => qr{^push-relay/tls\.c$},
	'gnutls/abstract.h' => qr{^push-relay/tls\.c$},
	'seccomp.h' => qr{^shared/sandbox-calls\.c$},
	'sodium.h' => qr{^(?:shared/(?:ticket|ticket-\w+|event)|
	    fcgi-app/(?:auth|user|main|ctl)|push-relay/(?:main|tls))\.c$}x,
);

sub libraries
{
	my ($tree) = @_;
	my @bad;

	for my $path (matching($tree, qr{^(?:shared|fcgi-app|push-relay)/})) {
		my $n = 0;
		for my $line (split /\n/, $tree->{$path}) {
			$n++;
			next if $line !~ /^\s*#\s*include\s+<([^>]+)>/;
			push @bad, "$path:$n: <$1> belongs elsewhere"
			    if $foreign{$1} && $path !~ $foreign{$1};
		}
	}
	return @bad;
}

my $SQL = qr/\b(?:SELECT\s|INSERT\s|UPDATE\s+\w+\s+SET|DELETE\s+FROM|
    (?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX)|VACUUM|PRAGMA|SAVEPOINT|ROLLBACK|
    COMMIT|WHERE\s|ORDER\s+BY)/x;

# SQL is constant text in one place; the database layer adds its pragmas, and
# what measures SQLite alone does without that layer.
sub sql
{
	my ($tree) = @_;
	my @bad;

	for my $path (matching($tree, $PRODUCT_C)) {
		next if $path =~ m{^fcgi-app/(?:db|db-write|schema|backup)\.c$|
		    ^bench/bare-sql\.c$}x;
		for (strings($tree->{$path})) {
			my ($n, $text) = @$_;
			push @bad, "$path:$n: SQL outside sql.def"
			    if $text =~ $SQL;
		}
	}
	return @bad;
}

sub banned_calls
{
	my ($tree) = @_;

	return map { lines_like($_, code($tree->{$_}), qr/(?<![\w.>])(
	    v?sprintf|str(?:cpy|cat|tok|tok_r|ncpy|ncat)|ato[filq]|atoll|
	    system|gets|popen|mktemp|tmpnam|alloca|rand|srand)\s*\(/x,
	    '%s() is not used here') } matching($tree, $C);
}

# Quantities are thousandths.  json-c wants a double beside a number's text.
sub floats
{
	my ($tree) = @_;

	return map { lines_like($_, code($tree->{$_}),
	    qr/\b(float|double)\b/, 'no %s: quantities are integers') }
	    grep { $_ ne 'shared/json.c' }
	    matching($tree, qr{^(?:shared|fcgi-app)/.*$C});
}

sub html_sinks
{
	my ($tree) = @_;

	return (map { lines_like($_, $tree->{$_}, qr/(\binnerHTML|\bouterHTML|
	    \binsertAdjacentHTML|\bdocument\.write|\beval\s*\(|
	    \bnew\s+Function\b)/x, '%s: only text goes into the page') }
	    matching($tree, qr{^htdocs/js/.*\.m?js$})),
	    (map { lines_like($_, $tree->{$_}, qr/<[^>]*\s(on\w+|style)\s*=/,
	    'no %s attribute: the page runs under a strict policy') }
	    matching($tree, qr{^htdocs/.*\.html$}));
}

my $LICENCE = "/*\n * Copyright (c) 2026 The Stockroom developers\n" .
    " * SPDX-License-Identifier: ISC\n */\n";

sub licences
{
	my ($tree) = @_;

	return map { "$_:1: the licence head is missing" } grep {
		my ($start) = $tree->{$_} =~ /^((?:.*\n){0,5})/;
		/\.(?:c|h|def)$/ ? index($tree->{$_}, "$LICENCE\n") != 0 :
		    $start !~ /Copyright \(c\) 2026 The Stockroom developers/ ||
		    $start !~ /SPDX-License-Identifier: ISC/;
	} grep { !m{^t/types/vendor/} } matching($tree,
	    qr{(?:\.(?:c|h|def|t|pm|pl|sh|js|mjs|css|awk)|^bootstrap)$});
}

sub long_lines
{
	my ($tree) = @_;
	my @bad;

	for my $path (matching($tree, qr{(?:\.(?:c|h|t|pm|pl|sh|js|mjs|css|awk)|
	    ^bootstrap|^README|^CHANGES|^Makefile\.am|^configure\.ac|
	    ^man/.*\.\d)$}x)) {
		my ($n, $off) = (0, 0);
		for my $line (split /\n/, $tree->{$path}) {
			$n++;
			$off = 1 if $line =~ m{/\* clang-format off \*/};
			$off = 0 if $line =~ m{/\* clang-format on \*/};
			my $width = width($line);
			push @bad, "$path:$n: $width columns"
			    if !$off && $width > 80;
		}
	}
	return @bad;
}

sub white_space
{
	my ($tree) = @_;
	my @bad;

	for my $path (sort keys %$tree) {
		my $text = $tree->{$path};
		next if $path =~ m{^t/types/vendor/};
		push @bad, lines_like($path, $text, qr/[ \t]$/,
		    'space at the end of the line');
		push @bad, lines_like($path, $text, qr/\r/,
		    'a carriage return');
		push @bad, lines_like($path, $text, qr/^\t* +\t/,
		    'a space before a tab') if $path =~ /\.(?:c|h|def|m?js|t|pm|
		    sh|css|awk)$/x;
		push @bad, lines_like($path, $text, qr/^\t* {8}/,
		    'eight spaces for a tab') if $path =~ /\.(?:m?js|t|pm|sh|
		    css|awk)$/x;
		my $n = $text =~ tr/\n//;
		push @bad, "$path:$n: no newline at the end"
		    if $text ne '' && $text !~ /\n\z/;
		push @bad, "$path:$n: an empty line at the end"
		    if $text =~ /\n\n\z/;
	}
	return @bad;
}

# Text for people and machines alike: UTF-8 without controls.
sub encoding
{
	my ($tree) = @_;
	my @bad;

	for my $path (sort keys %$tree) {
		my $n = 0;
		for my $line (split /\n/, $tree->{$path}) {
			$n++;
			my $copy = $line;
			push @bad, "$path:$n: not UTF-8"
			    if !eval { Encode::decode('UTF-8', $copy, 1); 1 };
			push @bad, "$path:$n: a control character"
			    if $line =~ /[\x00-\x08\x0b-\x1f\x7f]/;
		}
	}
	return @bad;
}

# Promises to do it later, and words of workplaces.  The character classes
# keep this file from finding itself.
sub words
{
	my ($tree) = @_;

	return map { lines_like($_, $tree->{$_}, qr{(\bT[O]DO\b|\bF[I]XME\b|
	    \bX[X]X\b(?!X)|\bH[A]CK\b|\b(?i:not\ im[p]lemented)\b|/wor[k]/|
	    \b(?:DESIG[N]|STYL[E]|PITFALL[S]|REPLACE[D])\.md\b|
	    \b(?i:clau[d]e|chat[g]pt|copilo[t])\b)}x, '"%s"') }
	    grep { !m{^t/types/vendor/} } sort keys %$tree;
}

# A header's guard is its path.
sub guards
{
	my ($tree) = @_;
	my @bad;

	for my $path (matching($tree, $HEADERS)) {
		my $guard = uc($path) =~ s/[^A-Z0-9]/_/gr;
		push @bad, "$path:1: its guard is not $guard"
		    if $tree->{$path} !~ /^\#ifndef\ $guard\n
		    \#define\ $guard$/mx;
	}
	return @bad;
}

# Each header compiles alone: in a copy, when it was planted.
sub headers_alone
{
	my ($tree) = @_;
	my @headers = matching($tree, $HEADERS);
	my $build = $ENV{STOCKROOM_BUILD} // "$top/build";
	my $from = $top;

	if (grep { $tree->{$_} ne ($tree{$_} // '') } @headers) {
		$from = tempdir('stockroom-headers-XXXXXX', TMPDIR => 1,
		    CLEANUP => 1);
		for my $path (keys %$tree) {
			next if $path !~ m{^(\w[\w-]*)/[^/]+\.(?:h|def)$};
			mkdir "$from/$1";
			open my $fh, '>:raw', "$from/$path" or die "$path: $!";
			print $fh $tree->{$path};
			close $fh or die "$path: $!";
		}
	}
	my $flags = `pkg-config --cflags json-c libsodium sqlite3 \\
	    libseccomp libmicrohttpd`;
	my $cc = $ENV{CC} // 'cc';
	my @out = `cd '$from' && $cc -std=gnu11 -D_GNU_SOURCE -I. -I'$build' \\
	    -fsyntax-only -Wall -Wextra -Wno-unused-function -Werror \\
	    ${\($flags =~ s/\n//r)} @headers 2>&1`;
	return () if $? == 0;
	chomp @out;
	my @bad = grep { /^[^: ]+:\d+:.*error/ } @out;
	return @bad ? @bad : ("$cc:0: failed", @out);
}

# A test that nobody runs tests nothing.
sub tests_run
{
	my ($tree) = @_;
	my $make = $tree->{'Makefile.am'};
	my ($programs) = $make =~ /^check_PROGRAMS = ((?:.*\\\n)*.*)/m;
	my @bad;

	for my $path (matching($tree, qr{^t/unit/[^/]+\.c$})) {
		# What has a header is for the tests beside it.
		next if exists $tree->{ $path =~ s{c\z}{h}r };
		my $test = $path =~ s/\.c$/.t/r;
		push @bad, "$path:1: $test is not among check_PROGRAMS"
		    if $programs !~ /\Q$test\E\b/;
	}
	for my $path (matching($tree, qr{^t/[^/]+\.t$})) {
		push @bad, "$path:1: not in Makefile.am"
		    if $make !~ /\Q$path\E\b/;
		push @bad, "$path:1: the name is not NN-words.t"
		    if $path !~ m{^t/\d\d-[a-z0-9-]+\.t$};
		push @bad, "$path:1: begins without #!"
		    if $tree->{$path} !~ /^#!/;
		push @bad, "$path:1: is not executable"
		    if -f $path && !-x $path;
	}
	return @bad;
}

# ---- looking

my $head = "$LICENCE\n";
my @rules = (
	['includes point to lower layers only', \&layers,
	    'shared/planted.c' => "#include \"fcgi-app/db.h\"\n",
	    'push-relay/planted.c' => "\n\n#include \"fcgi-app/item.h\"\n",
	    'fcgi-app/db.c' => "#include \"item.h\"\n",
	    'fcgi-app/item.c' => "#include \"request.h\"\n",
	    'fcgi-app/response.h' => "#include \"api.h\"\n",
	    'fcgi-app/planted.h' => "#include \"ctl.h\"\n",
	    'fcgi-app/item.h' => "#include \"missing.h\"\n"],
	['foreign libraries stay in their files', \&libraries,
	    'fcgi-app/item.c' => "\n#include <sqlite3.h>\n",
	    'push-relay/room.c' => "#include <microhttpd.h>\n",
	    'shared/buf.h' => "# include <sodium.h>\n",
	    'fcgi-app/item-api.c' => "#include <fcgiapp.h>\n",
	    'shared/sandbox.c' => "#include <seccomp.h>\n"],
	['SQL is in sql.def and the schema', \&sql,
	    'fcgi-app/item.c' => "\tx = \"SELECT 1\";\n",
	    'fcgi-app/user.c' => "/*\n */ f(\"\", \"DELETE FROM user\");\n"],
	['dangerous calls are not used', \&banned_calls,
	    'shared/a.c' => "/* strcpy(a) */ \"gets(\"; strcpy(a, b);\n",
	    'fcgi-app/b.c' => "\n\tif (x && atoi (s))\n",
	    't/unit/c.c' => "system(\"x\");\n"],
	['quantities are integers', \&floats,
	    'fcgi-app/item.h' => "\tdouble quantity;\n"],
	['only text goes into the page', \&html_sinks,
	    'htdocs/js/planted.js' => "\nx.innerHTML = y;\n",
	    'htdocs/planted.html' => "<a onclick=\"x()\">\n"],
	['every file has its licence head', \&licences,
	    'shared/buf.h' => "/*\n * Buffers.\n */\n",
	    't/99-planted.t' => "#!/bin/sh\necho 1..0\n"],
	['lines have at most 80 columns', \&long_lines,
	    'shared/buf.c' => "\t" . 'x' x 73 . "\n",
	    'README' => "\xc3\xa9" x 80 . "\n" . 'y' x 81 . "\n"],
	['white space is tidy', \&white_space,
	    'shared/buf.c' => "\n\n\tx; \n",
	    'shared/buf.h' => " \tx;\n",
	    'htdocs/js/planted.js' => "        x();\n",
	    'README' => "x\r\n",
	    'CHANGES' => "no newline"],
	['every file is text in UTF-8', \&encoding,
	    'shared/buf.c' => "\n/* \xe9 */\n",
	    'README' => "\x1b[0m\n"],
	['nothing is put off, no foreign words', \&words,
	    'shared/buf.c' => "\n/* T" . "ODO: later */\n",
	    'README' => "see /wor" . "k/x\n",
	    'CHANGES' => "see DESIG" . "N.md\n"],
	['guards are named after their files', \&guards,
	    'shared/buf.h' => "${head}#ifndef BUF_H\n#define BUF_H\n#endif\n"],
	['headers compile alone', \&headers_alone,
	    'shared/buf.h' => "\nvoid buf_x(size_t);\n",
	    'fcgi-app/db.h' => "#include \"missing.h\"\n"],
	['every test is run', \&tests_run,
	    't/unit/planted.c' => "int x;\n",
	    't/99-planted.t' => "#!/bin/sh\n",
	    't/Planted.t' => "#!/bin/sh\n"],
);

# The line of a planted text at which its fault is: the last one, but for a
# text without lines of its own, which is found at its first.
sub fault_line
{
	my ($rule, $text) = @_;

	return 1 if $rule =~ /licence|guards|every test/;
	return $text =~ tr/\n// || 0;
}

for (@rules) {
	my ($name, $rule, %planted) = @$_;
	my @bad = $rule->(\%tree);
	ok !@bad, $name or diag join "\n", @bad;
	for my $path (sort keys %planted) {
		my $line = fault_line($name, $planted{$path});
		my @found = $rule->({ %tree, $path => $planted{$path} });
		ok((grep { /^\Q$path:$line:\E/ } @found),
		    "$name: a fault in $path is found") or diag @found;
	}
}
cmp_ok scalar keys %tree, '>', 50, 'there is a tree';
done_testing;
