#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Through Apache, by the files that "make install" brings: mod_proxy_fcgi,
# mod_fcgid and plain CGI, each as a site of its own and under a prefix.  The
# main scene goes through all of them, and what is special to Apache: tokens,
# bodies, headers, caching, and how it says that a part is down.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;

use Apache;
use Check;
use Nginx;
use Scene;
use Slurp qw(spew);
use Stockroom;

my $tree = Nginx::install(Stockroom::build());
my @json = ('-H', 'Content-Type: application/json');

# A Stockroom behind Apache.  OPT: of Apache::start; env.
sub through
{
	my ($app, $site, %opt) = @_;

	my $s = Stockroom->new(app => 0, env => {
	    STOCKROOM_PEERS => Apache::user(), STOCKROOM_TRANSPORT => 'poll',
	    STOCKROOM_POLL_HOLD => 2,
	    $site eq 'prefix' ? (STOCKROOM_BASE => '/stock') : (),
	    %{ delete $opt{env} // {} } });
	$s->{bearer} = $s->token('ana');
	return Apache::start($s, tree => $tree, app => $app, site => $site,
	    %opt);
}

# A request with ana's token; JSON is sent as it is, or from a file.
sub call
{
	my ($s, $method, $path, @args) = @_;

	return fetch($s, '-X', $method, '-H',
	    "Authorization: Bearer $s->{bearer}", @json, @args,
	    "$s->{url}api/v1/$path");
}

sub is_json_problem
{
	my ($r, $status, $name) = @_;

	is($r->{status}, $status, "$name: $status");
	is($r->{headers}{'content-type'}, 'application/problem+json',
	    "$name: as a problem document");
	is(($r->{json} // {})->{status}, $status, "$name: that says so, too");
}

# An item of about SIZE bytes as JSON, in a file, as curl's arguments.
sub body_of
{
	my ($s, $sku, $size) = @_;

	my $text = qq({"sku":"$sku","name":"n");
	spew("$s->{dir}/body",
	    $text . ' ' x ($size - 1 - length $text) . '}');
	return ('--data-binary', "\@$s->{dir}/body");
}

# Processes of the program that Apache started: number => user.
sub programs
{
	my ($s) = @_;

	my %found;
	for my $exe (glob '/proc/[0-9]*/exe') {
		my $to = readlink $exe or next;
		$found{$1} = getpwuid((stat "/proc/$1")[4]) if
		    $to eq "$s->{dir}/libexec/stockroom-app" &&
		    $exe =~ m{/proc/(\d+)};
	}
	return %found;
}

# -- what each variant must do

sub tokens_and_bodies
{
	my ($s, $v) = @_;

	my $r = call($s, 'GET', 'session');
	is($r->{status}, 200, "$v: a token arrives");
	is($r->{json}{user}{username}, 'ana', "$v: ana's");
	is(fetch($s, '-u', 'ana:stockroom', "$s->{url}api/v1/session")
	    ->{status}, 401, "$v: a password does not");
	$r = call($s, 'POST', 'inventory/items', '-d',
	    '{"sku":"A-1","name":"n"}');
	is($r->{status}, 201, "$v: 201");
	is($r->{headers}{location}, "$s->{base}/api/v1/inventory/items/A-1",
	    "$v: Location");
	like($r->{headers}{etag}, qr{^"v\d+"$}, "$v: ETag");
	is($r->{headers}{'cache-control'}, 'no-store', "$v: not to be cached");
	is(call($s, 'PATCH', 'inventory/items/A-1', '-H', 'If-Match: "v9"',
	    '-d', '{"name":"m"}')->{status}, 412, "$v: If-Match arrives");
	is_json_problem(call($s, 'GET', 'nowhere'), 404, "$v: no such route");
	is(call($s, 'POST', 'inventory/items', '-H',
	    'Transfer-Encoding: chunked', '-d', '{"sku":"A-2","name":"n"}')
	    ->{status}, 201, "$v: a chunked body");
	is(call($s, 'POST', 'inventory/items', '-H',
	    'Transfer-Encoding: chunked', body_of($s, 'A-3', 200_000))
	    ->{status}, 201, "$v: a large chunked one");
	is(call($s, 'POST', 'inventory/items', body_of($s, 'A-4', 200_000))
	    ->{status}, 201, "$v: 200 kB");
	is(call($s, 'POST', 'inventory/items', body_of($s, 'A-5', 1 << 20))
	    ->{status}, 201, "$v: 1 MiB");
	$r = call($s, 'POST', 'inventory/items', body_of($s, 'A-6',
	    (1 << 20) + 1));
	is_json_problem($r, 413, "$v: a byte more");
	ok($r->{headers}{'x-request-id'}, "$v: in the program's own words");
	is_json_problem(call($s, 'POST', 'inventory/items', '-H', 'Expect:',
	    body_of($s, 'A-7', 9 << 20)), 413, "$v: 9 MiB");
	is(call($s, 'DELETE', 'inventory/items/A-1')->{status}, 204,
	    "$v: 204");
	$r = fetch($s, '-I', "$s->{url}api/v1/health");
	is($r->{status}, 200, "$v: HEAD");
	is($r->{body}, '', "$v: without a body");
	is(fetch($s, '--path-as-is', "$s->{url}api/v1/inventory/items/%2F")
	    ->{status} =~ /^(400|401|404)$/, 1, "$v: an encoded slash");
}

sub headers_and_caching
{
	my ($s, $v) = @_;

	my $r = fetch($s, $s->{url});
	my ($css) = $r->{body} =~ m{href="(v/[0-9a-f]{12}/css/[^"]+)"};
	ok($css, "$v: the page names what it needs by its hash");
	is($r->{headers}{'cache-control'}, 'no-cache', "$v: page: asked for");
	ok(!$r->{headers}{etag} && !$r->{headers}{'last-modified'},
	    "$v: page: as a whole");
	is(fetch($s, '-H', 'If-Modified-Since: ' . POSIX::strftime(
	    '%a, %d %b %Y %H:%M:%S GMT', gmtime), $s->{url})->{status}, 200,
	    "$v: page: whoever asks how");
	my $some = fetch($s, '-H', 'Range: bytes=0-1,4-5', "$s->{url}load.js");
	is($some->{status}, 200, "$v: page: in pieces: as a whole");
	is(fetch($s, "$s->{url}push/stream")->{status}, 404,
	    "$v: streams do not go this way");
	is($r->{headers}{'content-security-policy'}, "default-src 'none'; " .
	    "script-src 'self'; style-src 'self'; img-src 'self' data:; " .
	    "font-src 'self'; connect-src 'self'; base-uri 'none'; " .
	    "form-action 'self'; frame-ancestors 'none'", "$v: CSP");
	for my $path ('', 'load.js', $css, 'nothing', 'v/0/css/base.css') {
		my $r = fetch($s, "$s->{url}$path");
		is($r->{headers}{'x-content-type-options'}, 'nosniff',
		    "$v: /$path: nosniff");
		is($r->{headers}{'referrer-policy'}, 'same-origin',
		    "$v: /$path: Referrer-Policy");
		is($r->{headers}{'cache-control'},
		    $path eq $css ? 'public, max-age=31536000, immutable' :
		    'no-cache', "$v: /$path: Cache-Control");
	}
	$r = fetch($s, '--compressed', "$s->{url}load.js");
	is($r->{headers}{'content-type'}, 'text/javascript; charset=utf-8',
	    "$v: a script's type");
	for my $path ('js/', 'v/', '.git/config', 'push/stream', 'push/healthz',
	    'push/metrics', 'push/../metrics', '../conf/apache/page.conf',
	    '%2e%2e/conf/apache/page.conf') {
		my $r = fetch($s, '--path-as-is', "$s->{url}$path");
		like($r->{status}, qr/^(400|401|403|404)$/,
		    "$v: /$path is not for browsers");
		unlike($r->{body}, qr/^# (HELP|TYPE) |stockroom_relay|Include/m,
		    "$v: /$path says nothing");
	}
	is(fetch($s, $s->{url} =~ s{/$}{}r)->{headers}{location}, $s->{url},
	    "$v: the slash is added") if $s->{base} ne '';
}

# Many at once: none is lost, and all are told.
sub several_at_once
{
	my ($s, $v) = @_;

	call($s, 'POST', 'inventory/items', '-d', '{"sku":"S-1","name":"n"}');
	my @got = parallel(4, sub {
		return [map { call($s, 'POST',
		    'inventory/items/S-1/adjustments', '-d', '{"delta":1}')
		    ->{status} } 1 .. 4];
	});
	is(join(' ', grep { $_ ne '200' } map { @{ $_ // ['died'] } } @got),
	    '', "$v: several at once");
	is(call($s, 'GET', 'inventory/items/S-1')->{json}{quantity}, 16,
	    "$v: add up");
}

sub relay_down
{
	my ($s, $v) = @_;

	$s->stop('relay');
	my $r = fetch($s, "$s->{url}push/poll");
	is_json_problem($r, 503, "$v: no relay");
	is($r->{headers}{'retry-after'}, 1, "$v: come back");
	$s->start('relay');
	is(fetch($s, "$s->{url}push/poll")->{status}, 401,
	    "$v: and it is there again, at once");
}

sub no_secrets
{
	my ($s, $v, $seen) = @_;

	for my $log (qw(stockroom-access stockroom-error apache relay)) {
		my $text = $s->log_text($log);
		for my $what (sort keys %{ $seen->{secrets} }, 'token') {
			my $secret = $seen->{secrets}{$what} // $s->{bearer};
			is(index($text, $secret), -1,
			    "$v: $log.log shows no $what");
		}
	}
}

sub finish
{
	my ($s, $v) = @_;

	# Before its end: a worker that Apache cuts short then may crash.
	unlike($s->log_text('apache') . $s->log_text('stockroom-error'),
	    qr/:(emerg|alert|crit)\]|exit signal|AH00111/,
	    "$v: nothing bad in Apache's log");
	$s->stop('apache');
	ok($s->wait_for(sub { my %p = programs($s); return !%p }, 15),
	    "$v: what Apache started has ended with it");
	$s->finish;
}

# -- the three, as a site of its own with TLS

for my $app (qw(proxy fcgid cgi)) {
	my $v = "$app, TLS";
	my $s = through($app, 'site');
	my $r = fetch($s, 'http://stock.example.com/a?b=c');
	is($r->{status}, 301, "$v: plain HTTP leads to TLS");
	is($r->{headers}{location}, 'https://stock.example.com/a?b=c',
	    "$v: the same page of it");
	my $seen = scene($s, label => $v, stream => 0);
	tokens_and_bodies($s, $v);
	headers_and_caching($s, $v);
	relay_down($s, $v);
	like(fetch($s, $s->{url})->{headers}{'strict-transport-security'},
	    qr/max-age=\d{7}/, "$v: HSTS");
	fetch($s, "$s->{url}push/stream?ticket=$seen->{join}{ticket}");
	fetch($s, "$s->{url}push/poll?ticket=$seen->{join}{ticket}");
	if ($app eq 'proxy') {
		$s->stop('app');
		$r = call($s, 'GET', 'health');
		is_json_problem($r, 503, "$v: no program");
		is($r->{headers}{'retry-after'}, 1, "$v: come back");
		is($r->{headers}{'cache-control'}, 'no-store', "$v: later");
		$s->start('app');
		is(call($s, 'GET', 'health')->{status}, 200,
		    "$v: and it is there again, at once");
	}
	no_secrets($s, $v, $seen);
	my $log = $s->log_text('stockroom-access');
	like($log, qr{"GET /index\.html HTTP/1\.1" 200 },
	    "$v: the access log has what was asked for");
	like($log, qr{"GET /push/poll HTTP/1\.1" 401 }, "$v: or refused");
	finish($s, $v);
}

# -- signed in by Apache

# The site's text with sign-in by a file of passwords, as its head says.
sub with_passwords
{
	my ($text, $dir) = @_;

	spew("$dir/apache2/stockroom.users", join '', map {
	    `htpasswd -nbB -C 5 $_ '$_ pw'` =~ s/\n+/\n/r }
	    qw(ana ben carol));
	$text =~ s/^(\t?)#(Include ".*stockroom-auth\.conf")/$1$2/m
	    or die "no Include of stockroom-auth.conf\n";
	return $text;
}

for my $app (qw(proxy fcgid cgi)) {
	my $v = "$app, signed in by Apache";
	my $s = through($app, $app eq 'proxy' ? 'site' : 'prefix',
	    env => { STOCKROOM_AUTH => 'remote_user',
		ALLOW_ORIGINS => 'https://till.example.com' },
	    edit => \&with_passwords);
	my $session = "$s->{url}api/v1/session";
	my $r = fetch($s, $s->{url});
	is($r->{status}, 401, "$v: the page is for those who have");
	like($r->{headers}{'www-authenticate'}, qr/^Basic/, "$v: and asks");
	is(fetch($s, $session)->{status}, 401, "$v: so is the API");
	is(fetch($s, '-H', 'Remote-User: ana', '-H', 'REMOTE_USER: ana',
	    $session)->{status}, 401, "$v: no header is believed");
	scene($s, label => $v, stream => 0, who => { map {
	    $_ => ['-u', "$_:$_ pw"] } qw(ana ben) }) if $app eq 'proxy';
	$r = fetch($s, '-u', 'carol:carol pw', $session);
	is($r->{status}, 200, "$v: somebody new");
	is($r->{json}{user}{username}, 'carol', "$v: by her name");
	is($r->{json}{user}{role}, 'viewer', "$v: may look");
	is(call($s, 'GET', 'session')->{json}{user}{username}, 'ana',
	    "$v: a token needs no password");
	is_json_problem(fetch($s, '-H', 'Authorization: Bearer sr_x',
	    $session), 401, "$v: but has to be one");
	$r = fetch($s, '-X', 'OPTIONS', '-H',
	    'Origin: https://till.example.com', '-H',
	    'Access-Control-Request-Method: GET', $session);
	is($r->{status}, 204, "$v: a preflight has none either");
	finish($s, $v);
}

# -- and under a prefix, without

for my $app (qw(proxy fcgid cgi)) {
	my $v = "$app, /stock";
	my $s = through($app, 'prefix');
	scene($s, label => $v, stream => 0);
	headers_and_caching($s, $v);
	several_at_once($s, $v);
	if ($app eq 'fcgid') {
		my %p = programs($s);
		cmp_ok(scalar keys %p, '>=', 1, "$v: the program goes on");
		cmp_ok(scalar keys %p, '<=', 16, "$v: not too often");
		is(join(' ', grep { $_ ne Apache::user() } values %p), '',
		    "$v: as Apache's user");
		CORE::kill 'KILL', keys %p;
		ok($s->wait_for(sub {
			call($s, 'GET', 'inventory/items')->{status} == 200;
		}, 20), "$v: killed, it is started again");
	}
	if ($app eq 'cgi') {
		spew("$s->{dir}/libexec/stockroom-app",
		    "#!/bin/sh\necho Content-Type: text/plain\necho\nenv\n");
		my $env = call($s, 'GET', 'x', '-H', 'Proxy: http://evil/')
		    ->{body};
		like($env, qr/^HTTP_AUTHORIZATION=Bearer sr_/m,
		    "$v: the token, as the program gets it");
		unlike($env, qr/PROXY/, "$v: no HTTP_PROXY");
		unlike(fetch($s, '-u', 'ana:secret', "$s->{url}api/v1/x")
		    ->{body}, qr/HTTP_AUTHORIZATION/, "$v: no password");
		spew("$s->{dir}/libexec/stockroom-app", "#!/nowhere\n");
		my $r = call($s, 'GET', 'health');
		is_json_problem($r, 500, "$v: a program that cannot start");
	}
	finish($s, $v);
}

done_testing;
