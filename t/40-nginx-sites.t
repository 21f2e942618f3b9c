#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Each site that is shipped for nginx, as it is installed: plain and with TLS,
# at the top and below a prefix.  The main scene through each, and what is
# particular to it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Scene;
use Slurp qw(slurp spew);
use Stockroom;

my $tree = Nginx::install(Stockroom::build());

sub site
{
	my ($site, %opt) = @_;

	return Stockroom->new(relay => 1, nginx => { tree => $tree,
	    site => $site, %opt });
}

# A stream by curl, through the site.
sub stream
{
	my ($s, $join, %opt) = @_;

	my $at = $s->{url} =~ s{^(https?://[^/]+).*}{$1}r . $join->{stream};
	my $st = Stream->open(curl => $s->{curl}, url => $at,
	    ticket => $join->{ticket}, %opt);
	return $st;
}

# Every page with the headers that all of them have; HSTS only where said.
sub headers_of_pages
{
	my ($s, $hsts) = @_;

	for my $page ('', 'inventory/management', 'test-collaboration.html',
	    'nothing.html') {
		my $h = fetch($s, "$s->{url}$page")->{headers};
		my $policy = $h->{'content-security-policy'} // '';
		like($policy, qr/default-src 'none';/, "$page: strict CSP");
		unlike($policy =~ s{ https://stock\.example\.com:8443}{}r,
		    qr/unsafe|\*|http/, "$page: nothing foreign");
		like($policy, qr/frame-ancestors 'none'/, "$page: no frames");
		is($h->{'x-content-type-options'}, 'nosniff', "$page: nosniff");
		is($h->{'referrer-policy'}, 'same-origin', "$page: referrer");
		is($h->{'strict-transport-security'}, $hsts, "$page: HSTS");
		is($h->{server}, 'nginx', "$page: no version");
	}
}

# End nginx and the rest; nothing secret may stand in a log, and nginx has
# nothing to warn of.
sub end_of
{
	my ($s, $secrets) = @_;

	$s->stop('nginx');
	for my $log (qw(access nginx error app relay)) {
		my $text = $s->log_text($log);
		is(index($text, $secrets->{$_}), -1, "$log.log: no $_")
		    for sort keys %$secrets;
	}
	like($s->log_text('access'), qr{"GET \S*/push/stream HTTP/\S+" 200},
	    'streams are logged');
	unlike($s->log_text('nginx'), qr/\[warn\]/, 'nothing to warn of');
	$s->finish;
}

# -- plain, at the top

my $s = site('site-plain');
my $seen = scene($s);
headers_of_pages($s, undef);
like($seen->{cookie}, qr/^stockroom_session=.*; Path=\/;/, "the cookie's path");

# The lines for the main level are in force: a worker's limit.
my ($worker) = `ps -o pid= --ppid @{[$s->pid('nginx')]}` =~ /(\d+)/;
like(slurp("/proc/$worker/limits"), qr/^Max open files\s+16384\s/m,
    'descriptors for many streams');

# A dead peer is found out by TCP.
my $join = $s->join_room(as => 'ben');
my $st = stream($s, $join);
ok($st->wait_for('room_joined'), 'a stream');
like(scalar `ss -Htno state established 'sport = :$s->{port}'`,
    qr/timer:\(keepalive/, 'its connection is looked after');

# A reload: the stream goes on through the old worker, others open on the new.
my $token = $s->token('ana');
my $changed = sub {
	my ($n) = @_;
	$s->post('/inventory/items', { sku => "RELOAD-$n", name => 'x' },
	    token => $token);
	return sub { $_->{event} eq 'inventory_changed' &&
	    $_->{data}{sku} eq "RELOAD-$n" };
};
$s->kill('nginx', 'HUP');
ok($s->wait_for(sub {
	my @now = `ps -o pid= --ppid @{[$s->pid('nginx')]}`;
	return @now == 2 }), 'after a reload an old worker stays');
ok($st->wait_for($changed->(1)), 'its stream hears of a change');
my $fresh = stream($s, $s->join_room(as => 'vera'));
ok($fresh->wait_for('room_joined'), 'and a new one opens');
$st->close;
$fresh->close;

# The old workers' time, made short to see it come.
my $main = "$s->{dir}/etc/nginx/main.conf";
spew($main, slurp($main) =~
    s/^(worker_shutdown_timeout) 60s;$/$1 1s;/mr);
like(slurp($main), qr/timeout 1s;/, 'old workers have a minute');
my $workers = sub { return `ps -o pid= --ppid @{[$s->pid('nginx')]}` };
my @old = $workers->();
$s->kill('nginx', 'HUP');
$s->wait_for(sub { my %now = map { $_ => 1 } $workers->();
	return %now && !grep { $now{$_} } @old });
$st = stream($s, $s->join_room(as => 'ben'));
ok($st->wait_for('room_joined'), 'a stream with little time');
$s->kill('nginx', 'HUP');
ok($st->wait_end(20), 'ends when it is over');

# The relay is not there, and the ticket is in the address, as a plain
# EventSource has it.
$join = $s->join_room(as => 'ben');
$s->stop('relay');
for my $what (qw(stream poll)) {
	my $r = fetch($s, "$s->{url}push/$what?ticket=$join->{ticket}");
	is($r->{status}, $what eq 'stream' ? 200 : 503, "no relay: $what");
}
end_of($s, { %{ $seen->{secrets} }, "a lost ticket" => $join->{ticket} });

# -- TLS, at the top; another origin may use it, and the relay has a port

$s = Stockroom->new(relay => 1, env => {
    ALLOW_ORIGINS => 'https://other.example' }, nginx => { tree => $tree,
    site => 'site-tls', edit => Nginx::uncomment('set $stockroom_connect') });
$seen = scene($s);
headers_of_pages($s, 'max-age=31536000');
like($seen->{cookie}, qr/^__Host-stockroom_session=.*; Path=\/;.*Secure/,
    "the cookie is this host's alone");
my $r = fetch($s, "http://stock.example.com/inventory/management?a=b");
is($r->{status}, 301, 'plain HTTP leads to TLS');
is($r->{headers}{location},
    'https://stock.example.com/inventory/management?a=b', 'as it was asked');
is(fetch($s, $s->{url}, '--http1.1')->{head} =~ m{^(HTTP/\S+)} && $1,
    'HTTP/1.1', 'HTTP/1.1');
is(fetch($s, $s->{url})->{head} =~ m{^(HTTP/\S+)} && $1, 'HTTP/2', 'HTTP/2');
is(fetch($s, "$s->{url}api/v1/health")->{head} =~ m{^(HTTP/\S+)} && $1,
    'HTTP/2', 'for the API, too');

# What another origin's page asks before it asks.
for my $path ('api/v1/inventory/items', 'push/stream', 'push/beat') {
	$r = fetch($s, '-X', 'OPTIONS', '-H', 'Origin: https://other.example',
	    '-H', 'Access-Control-Request-Method: POST', '-H',
	    'Access-Control-Request-Headers: authorization,content-type',
	    "$s->{url}$path");
	is($r->{status}, 204, "a preflight of $path");
	is($r->{headers}{'access-control-allow-origin'},
	    'https://other.example', 'is answered');
	like($r->{headers}{'access-control-allow-headers'},
	    qr/authorization/i, 'as it has to be');
}
like(fetch($s, $s->{url})->{headers}{'content-security-policy'},
    qr{connect-src 'self' https://stock\.example\.com:8443;},
    'our pages may ask the port of the relay');

# More streams than HTTP/1.1 would allow a browser, on one connection.
my $n = 12;
my @curl = ('curl', '-s', '-N', '-Z', '--parallel-max', 50,
    '--max-time', 60);
for my $i (1 .. $n) {
	my $join = $s->join_room(as => 'ben', name => "tab $i");
	push @curl, $i > 1 ? ('--next', '-s', '-N') : (), @{ $s->{curl} },
	    '-H', "Authorization: Bearer $join->{ticket}",
	    '-o', "$s->{dir}/h2.$i", "$s->{url}push/stream";
}
$s->spawn('h2', \@curl);
$s->{proc}{h2}{dirty} = 1;
my $all = sub {
	my ($what) = @_;
	return $s->wait_for(sub {
		return $n == grep { -s && slurp($_) =~ $what }
		    map { "$s->{dir}/h2.$_" } 1 .. $n }, 20);
};
ok($all->(qr/^event: room_joined/m), "$n streams");
is(() = `ss -Htn state established 'sport = :$s->{tls_port}'`, 1,
    'on one connection');
$s->post('/inventory/items', { sku => 'H2', name => 'x' },
    token => $s->token('ana'));
ok($all->(qr/^event: inventory_changed/m), 'all of them hear of a change');
$s->stop('h2');
end_of($s, $seen->{secrets});

# -- below a prefix, plain and with TLS; the second one by the line in the file

for (['site-plain', '/stock', 'stockroom_session'],
    ['site-tls', '/a/lager', '__Secure-stockroom_session']) {
	my ($site, $prefix, $cookie) = @$_;
	$s = site($site, prefix => $prefix);
	$seen = scene($s);
	like($seen->{cookie}, qr/^$cookie=.*; Path=$prefix;/,
	    "$prefix: the cookie's name and path");
	is($seen->{join}{stream}, "$prefix/push/stream",
	    "$prefix: where the stream is");
	my $top = $s->{url} =~ s{^(https?://[^/]+).*}{$1}r;
	$r = fetch($s, "$top$prefix");
	is($r->{status}, 301, "$prefix without a slash");
	is($r->{headers}{location}, "$prefix/", "$prefix/ is meant");
	$r = fetch($s, '-d', '{"sku":"P-1","name":"p"}', '-H',
	    'Authorization: Bearer ' . $s->token('ana'), '-H',
	    'Content-Type: application/json',
	    "$s->{url}api/v1/inventory/items");
	is($r->{status}, 201, "$prefix: an item is made");
	is($r->{headers}{location}, "$prefix/api/v1/inventory/items/P-1",
	    "$prefix: and where it is");
	for my $path ('/', '/inventory/management', '/api/v1/health',
	    '/push/stream', "${prefix}x", "$prefix/healthz",
	    "$prefix/push/../metrics", "$prefix/push/../../metrics",
	    "$prefix/push/metrics", "$prefix/../metrics",
	    "$prefix/inventory/", "$prefix/v/", "$prefix/..%2fREADME",
	    "${prefix}../conf/nginx/http.conf") {
		$r = fetch($s, '--path-as-is', "$top$path");
		like($r->{status}, qr/^(?:400|403|404)$/, "$path is not ours");
		unlike($r->{body}, qr/^# TYPE|stockroom_/m, 'nor said');
	}
	end_of($s, $seen->{secrets});
}

# -- people sign in at nginx; who is new is made a user

$s = Stockroom->new(relay => 1, users => { admin => 'admin' }, env => {
    STOCKROOM_AUTH => 'remote_user', STOCKROOM_REMOTE_ROLE => 'editor' },
    nginx => { tree => $tree, site => 'site-tls',
    edit => Nginx::uncomment('auth_basic') });
spew("$s->{dir}/etc/stockroom.htpasswd", join '',
    map { "$_:" . `openssl passwd -apr1 secret-of-$_` } qw(ana ben));
$seen = scene($s, who => { map { $_ => ['-u', "$_:secret-of-$_"] }
    qw(ana ben) });
is(fetch($s, "$s->{url}api/v1/session")->{status}, 401,
    'without a name: nobody');
$r = fetch($s, '-H', 'Authorization: Bearer ' . $s->token('admin'),
    "$s->{url}api/v1/session");
is($r->{json}{user}{username}, 'admin', 'a script with a token');
is(fetch($s, '-u', 'admin:x', "$s->{url}api/v1/session")->{status}, 401,
    'but not by a name alone');
end_of($s, { %{ $seen->{secrets} }, password => 'secret-of' });

done_testing;
