#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What browsers may keep: all but the pages lies below the hash of its
# content and is kept for good; the pages never are, and what another build
# had is gone.  And how templates are filled in.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Find ();
use File::Path qw(make_path);
use File::Temp ();
use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Scene;
use Slurp qw(slurp spew);
use Stockroom;

my $top = Stockroom::top();
my $tree = Nginx::install(Stockroom::build());
my $data = Nginx::datadir($tree);
my $htdocs = "$tree$data/htdocs";

# Paths below DIR.
sub files
{
	my ($dir) = @_;

	my @all;
	File::Find::find({ no_chdir => 1, wanted => sub {
		push @all, s{^\Q$dir\E/}{}r if -f } }, $dir);
	return sort @all;
}

sub mode { return sprintf '%o', (stat $_[0])[2] & 07777 }

# -- what is installed

my @hash = map { m{([^/]+)$} } glob "$htdocs/v/*";
is(scalar @hash, 1, 'one build');
like($hash[0], qr/^[0-9a-f]{12}$/, 'by the hash of its content');
my $v = "v/$hash[0]";
my @all = files($htdocs);
my @ours = grep { m{^(?:css|js|vendor)/|^icon\.svg$} } files("$top/htdocs");
is_deeply([grep { m{/} } @all], [sort map { "$v/$_" } @ours],
    'everything is below it');
is_deeply([grep { !m{/} } @all], [qw(index.html load.js management.html
    test-collaboration.html)], 'but the pages and what loads them');
is_deeply([grep { slurp("$htdocs/$v/$_") ne
    slurp("$top/htdocs/$_") } @ours], [], 'unchanged');
is(mode("$htdocs/$_"), '644', "$_ is for everybody to read")
    for 'index.html', "$v/js/app.js";
is(mode("$htdocs/$_"), '755', "$_ as well") for 'v', "$v/js";

# -- as it is served

my $s = Stockroom->new(app => 0, users => {}, nginx => { tree => $tree,
    site => 'site-tls', prefix => '/stock' });
my %seen;
for my $page ('', 'inventory/management', 'test-collaboration.html') {
	my $r = fetch($s, "$s->{url}$page");
	is($r->{headers}{'cache-control'}, 'no-cache',
	    "/$page: asked for anew");
	ok(!$r->{headers}{etag}, "/$page: no ETag");
	$r = fetch($s, '-H', 'If-Modified-Since: ' .
	    ($r->{headers}{'last-modified'} // 'Sun, 01 Jan 2040 00:00:00 GMT'),
	    '-H', 'If-None-Match: *', "$s->{url}$page");
	is($r->{status}, 200, "/$page: whole, though of the same time");
	for my $link ($r->{body} =~ /(?:src|href)="([^"#?:]+\.\w+)"/g) {
		my $at = "/$page" =~ s{[^/]*$}{$link}r;
		1 while $at =~ s{/[^/]+/\.\./}{/};
		$seen{ substr $at, 1 } = 1;
	}
}
is_deeply([grep { !m{^\Q$v\E/} } sort keys %seen], ['load.js'],
    'pages lead below the hash only');
my %type = (js => 'text/javascript; charset=utf-8',
    css => 'text/css; charset=utf-8', svg => 'image/svg+xml',
    LICENSE => 'text/plain');
for my $path ("$v/vendor/eventsource-parser.js", sort keys %seen) {
	my $r = fetch($s, '--compressed', "$s->{url}$path");
	my ($ext) = $path =~ /\.(\w+)$/;
	is($r->{status}, 200, $path);
	is($r->{headers}{'cache-control'}, $path eq 'load.js' ? 'no-cache' :
	    'public, max-age=31536000, immutable', "$path: how long");
	is($r->{headers}{'content-type'}, $type{$ext}, "$path: its type");
	is($r->{headers}{'x-content-type-options'}, 'nosniff',
	    "$path: and no other");
	is($r->{headers}{vary}, 'Accept-Encoding', "$path: compressed or not")
	    if $ext ne 'svg' || $r->{headers}{'content-encoding'};
	next if $path eq 'load.js';
	$r = fetch($s, '-H', "If-None-Match: $r->{headers}{etag}",
	    "$s->{url}$path");
	is($r->{status}, 304, "$path: nobody needs it twice");
	like($r->{headers}{'cache-control'}, qr/immutable/, 'nor asks again');
}
for my $path ('v/0123456789ab/js/app.js', 'js/app.js', "$v/js/none.js",
    'css/base.css', 'install.sh', "$v/") {
	my $r = fetch($s, "$s->{url}$path");
	like($r->{status}, qr/^40[34]$/, "$path is not there");
	unlike($r->{headers}{'cache-control'} // '', qr/immutable|max-age/,
	    "$path: for now only");
}
$s->finish;

# -- the next build

my $work = File::Temp->newdir;
for my $file (grep { !m{^node_modules/} } files("$top/htdocs")) {
	make_path("$work/src/$file" =~ s{/[^/]*$}{}r);
	copy("$top/htdocs/$file", "$work/src/$file") or die "$file: $!";
}
sub build
{
	system('sh', "$work/src/install.sh", "$work/to") == 0
	    or die "install.sh failed";
	return map { m{([^/]+)$} } glob "$work/to/v/*";
}
sub change
{
	my ($file, $how) = @_;

	spew("$work/src/$file", $how->(slurp("$work/src/$file")));
}
is_deeply([build()], \@hash, 'the same content, the same hash');
change('index.html', sub { $_[0] =~ s/Sign in to the inventory/Come in/r });
is_deeply([build()], \@hash, 'a page of its own does not matter');
like(slurp("$work/to/index.html"), qr/Come in/, 'but is there');
change('css/base.css', sub { "$_[0]/* */\n" });
my @next = build();
is(scalar @next, 1, 'another look: one build');
isnt($next[0], $hash[0], 'another hash');
my $page = slurp("$work/to/management.html");
like($page, qr{"\.\./v/$next[0]/js/app\.js"}, 'which the pages name');
is(index($page, $hash[0]), -1, 'and not the old one');
rename "$work/src/js/words.js", "$work/src/js/wordz.js";
isnt((build())[0], $next[0], 'names count as well');

# -- the demo: nothing is kept, so that a reload shows what was just edited

$s = Stockroom->new(app => 0, users => {}, nginx => 1);
for my $path ('', 'inventory/management', 'js/app.js', 'css/base.css') {
	my $r = fetch($s, "$s->{url}$path");
	is($r->{status}, 200, "the demo: /$path");
	is($r->{headers}{'cache-control'}, 'no-cache', 'is not kept');
}
$s->finish;

# -- templates

my @fill = map { "$_=/p&|\\1/" } qw(CONF HTDOCS APP_SOCKET PUSH_SOCKET LOGDIR);
sub fill
{
	my ($version, @values) = @_;

	local $ENV{NGINX_VERSION} = $version;
	delete $ENV{NGINX_VERSION} unless defined $version;
	my $said = File::Temp->new;
	my $status = do {
		open my $err, '>&', \*STDERR;
		open STDERR, '>', "$said";
		my $st = system("$top/conf/fill.sh", "$top/conf/nginx",
		    "$work/conf", @values);
		open STDERR, '>&', $err;
		$st;
	};
	return ($status, slurp("$said"));
}
for (['1.18.0', 0], ['1.22.1', 0], ['1.25.0', 0], ['1.25.1', 1],
    ['1.26.3', 1], ['1.100.0', 1], ['none', 0]) {
	my ($version, $new) = @$_;
	is((fill($version, @fill))[0], 0, "nginx $version");
	my $site = slurp("$work/conf/site-tls.conf");
	is(() = $site =~ /^\tlisten .*443 ssl http2 /mg, $new ? 0 : 2,
	    'HTTP/2 by "listen"') ;
	is(() = $site =~ /^\thttp2 on;$/mg, $new, 'or by itself');
}
like(slurp("$work/conf/locations.conf"), qr{^\talias /p&\|\\1//;$}m,
    'a path is taken as it is');
my ($status, $said) = fill(undef, @fill[1 .. $#fill]);
isnt($status, 0, 'a name without a value');
like($said, qr/^fill\.sh: \S+\.in holds a name without a value$/m,
    'is an error');
like($said, qr/\@CONF\@/, 'which says it');

done_testing;
