#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Through nginx as it is shipped, with curl as people type it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Slurp qw(slurp);
use Stockroom;

my $s = Stockroom->new(demo => 1, relay => 1, nginx => 1);
my $url = "http://127.0.0.1:$s->{port}";
my $api = "$url/api/v1";

# Run curl; (status, body, headers as text).
sub curl
{
	my (@args) = @_;

	my $pid = open my $fh, '-|', 'curl', '-s', '-i', '--max-time', '20',
	    @args or die "curl: $!";
	local $/;
	my $out = <$fh>;
	close $fh;
	my ($head, $body) = ('', $out // '');
	# The last head counts: "100 Continue" comes before it.
	$head = $1 while $body =~ s{\A(HTTP/\S+ .*?\r\n\r\n)}{}s;
	my ($status) = $head =~ m{^HTTP/\S+ (\d+)};
	return ($status // 0, $body, $head);
}

sub decode
{
	my ($text) = @_;

	return eval { $Stockroom::json->decode($text) } // {};
}

# -- pages

my ($st, $body, $head) = curl("$url/");
is($st, 200, 'the sign-in page');
like($head, qr{^Content-Type: text/html; charset=utf-8\r$}mi, 'is HTML');
my $index = $body;
for my $page ('/', '/inventory/management', '/test-collaboration.html') {
	($st, $body, $head) = curl("$url$page");
	is($st, 200, $page);
	like($head, qr{^Content-Type: text/html}mi, "$page: HTML");
	my ($csp) = $head =~ /^Content-Security-Policy: (.*)\r$/mi;
	like($csp // '', qr/default-src 'none'/, "$page: strict CSP");
	unlike($csp // 'unsafe', qr/unsafe|\*|https?:/,
	    "$page: nothing inline, nothing from elsewhere");
	like($csp // '', qr/$_/, "$page: $_") for q(frame-ancestors 'none'),
	    q(base-uri 'none'), q(form-action 'self'), q(script-src 'self');
	like($head, qr/^X-Content-Type-Options: nosniff\r$/mi,
	    "$page: nosniff");
	like($head, qr/^Referrer-Policy: \S+\r$/mi, "$page: Referrer-Policy");
	like($head, qr/^Cache-Control: no-cache\r$/mi, "$page: revalidated");
	unlike($head, qr/^Server: nginx\/\d/mi, "$page: no version shown");
	unlike($body, qr/<script(?![^>]*\bsrc=)[^>]*>\s*\S|\son\w+\s*=|<style/i,
	    "$page: nothing inline in it");
	unlike($body, qr{(src|href)\s*=\s*["']?(https?:)?//}i,
	    "$page: nothing from other hosts");
	my ($some, $part) = curl('-H', 'Range: bytes=0-1,4-5', "$url$page");
	is("$some $part", "200 $body", "$page: in pieces: as a whole");
	# What a page asks for is there, with the same care.
	my %want = map { $_ => 1 } $body =~
	    m{(?:src|href)="([^"#?:]+\.(?:js|css|svg|png|json))"}g;
	for my $link (sort keys %want) {
		my $path = $link =~ m{^/} ? $link :
		    $page =~ s{[^/]*$}{}r . $link;
		my ($st, undef, $head) = curl("$url$path");
		is($st, 200, "$page: $link");
		like($head, qr/^X-Content-Type-Options: nosniff\r$/mi,
		    "$link: nosniff");
		like($head, qr{^Content-Type: text/(javascript|css)}mi,
		    "$link: its type") if $link =~ /\.(js|css)$/;
	}
}
for my $path ('/nothing', '/package.json', '/package-lock.json', '/vendor.sh',
    '/vendor.sha256', '/install.sh', '/../conf/fill.sh', '/%2e%2e/README',
    '/.git/config', '/js/', '/inventory/') {
	($st, $body) = curl('--path-as-is', "$url$path");
	like($st, qr/^(400|403|404)$/, "$path is not for browsers");
}

# -- the API, as the manual has it

my $jar = "$s->{dir}/jar";
my @json = ('-H', 'Content-Type: application/json');
my @ours = ('-H', "Origin: $url");
($st, $body, $head) = curl('-c', $jar, @json, @ours, '-d',
    '{"username":"ana","password":"stockroom"}', "$api/session");
is($st, 201, 'curl signs in') or diag($body);
like($head, qr/^Set-Cookie: stockroom_session=.*HttpOnly/mi, 'with a cookie');
($st, $body) = curl('-b', $jar, "$api/session");
is($st, 200, 'the cookie works');
is(decode($body)->{user}{username}, 'ana', 'for ana');

my $token = $s->token('ana', name => 'label printer');
my @auth = ('-H', "Authorization: Bearer $token");
($st, $body) = curl(@auth, "$api/inventory/items?limit=3&sort=sku");
is($st, 200, 'the list');
my ($first) = @{ decode($body)->{items} };
($st, $body) = curl(@auth,
    "$api/inventory/items?limit=3&sort=-updated_at,sku&quantity=lt.10");
is($st, 200, 'a filter and an order');
($st, $body, $head) = curl(@auth, @json, '-d',
    '{"sku":"CURL-1","name":"Added by curl","quantity":3}',
    "$api/inventory/items");
is($st, 201, 'an item is added');
like($head, qr{^Location: \S*/api/v1/inventory/items/CURL-1\r$}mi,
    'Location');
my ($etag) = $head =~ /^ETag: (\S+)\r$/mi;
($st, $body) = curl(@auth, @json, '-X', 'PATCH', '-H', "If-Match: $etag",
    '-d', '{"quantity":5}', "$api/inventory/items/CURL-1");
is($st, 200, 'changed under If-Match');
($st, $body) = curl(@auth, @json, '-X', 'PATCH', '-H', "If-Match: $etag",
    '-d', '{"quantity":6}', "$api/inventory/items/CURL-1");
is($st, 412, 'but not twice');
is(decode($body)->{status}, 412, 'nginx leaves problem documents alone');
($st, $body) = curl(@auth, @json, '-d', '{"delta":-5,"reason":"sale"}',
    "$api/inventory/items/CURL-1/adjustments");
is($st, 200, 'adjusted');
is(decode($body)->{quantity}, 0, 'to nothing');
is(decode($body)->{updated_by}, 'ana (label printer)', 'by the label printer');
($st, $body) = curl(@auth, @json, '-H', 'Idempotency-Key: k1', '-d',
    '{"delta":2}', "$api/inventory/items/CURL-1/adjustments") for 1, 2;
is(decode($body)->{quantity}, 2, 'Idempotency-Key passes');
($st, $body) = curl(@auth, "$api/inventory/items/CURL-1/history");
is($st, 200, 'its history');
($st, $body) = curl(@auth, "$api/inventory/changes?since=0&limit=2");
is($st, 200, 'the log');
($st, $body) = curl(@auth,
    "$api/inventory/collaboration/presence?room=inventory_management");
is($st, 200, 'presence');
is(decode($body)->{count}, 0, 'nobody');
($st, $body) = curl(@auth, @json, '-d', '{"update_type":"edit",' .
    '"sku":"CURL-1","field":"quantity","old_value":2,"new_value":9}',
    "$api/inventory/collaboration/broadcast-change");
is($st, 202, 'broadcast-change');
($st, $body) = curl(@auth, '-X', 'DELETE', "$api/inventory/items/CURL-1");
is($st, 204, 'deleted');
($st, $body) = curl("$api/health");
is($st, 200, 'health');
($st, $body) = curl("$api/openapi.json");
is($st, 200, 'openapi.json');
($st, $body, $head) = curl('-b', $jar, @json, '-d', '{"sku":"X","name":"x"}',
    "$api/inventory/items");
is($st, 403, 'a cookie without an origin does not write');
($st, $body, $head) = curl('-I', "$api/health");
like($st, qr/^(200|405)$/, 'HEAD');

# What README and the manual pages say, as it is typed.
for my $file (qw(README man/stockroomctl.1)) {
	# mdoc writes \e for a backslash.
	my $text = slurp($s->top . "/$file") =~ s{\\e$}{\\}mgr;
	my @line = grep { /sr_\.\.\.|\$TOKEN/ }
	    $text =~ m{^\s*(?:\$ )?(curl (?:.*\\\n)*.*http.*)$}mg;
	ok(scalar @line, "$file shows how to use curl");
	for my $line (@line) {
		$line =~ s{https?://[^/\s]+}{$url};
		$line =~ s{sr_\.\.\.|\$TOKEN}{$token};
		$line =~ s{curl}{curl -fsS};
		is(system("$line >$s->{dir}/curl.out"), 0, "$file: it works");
		ok(decode(slurp("$s->{dir}/curl.out"))->{sku},
		    "$file: and shows the item");
	}
}

# Chunked, large, and none at all.
my $big = "$s->{dir}/big";
open my $fh, '>', $big or die;
print $fh '{"sku":"CURL-2","name":"', 'x' x (1100 * 1024), '"}';
close $fh;
($st, $body) = curl(@auth, @json, '--data-binary', "\@$big",
    "$api/inventory/items");
is($st, 413, 'more than 1 MiB');
is(decode($body)->{status}, 413, 'refused by us, in JSON');
open $fh, '>', $big or die;
print $fh '{"sku":"CURL-2","name":"chunked"}';
close $fh;
($st, $body) = curl(@auth, @json, '-H', 'Transfer-Encoding: chunked',
    '--data-binary', "\@$big", "$api/inventory/items");
is($st, 201, 'a chunked body');
($st, $body) = curl(@auth, '-H', 'Proxy: http://evil.example/',
    "$api/health");
is($st, 200, 'a Proxy header is of no account');

# -- the stream

($st, $body) = curl(@auth, @json, '-d', '{"room":"inventory_management"}',
    "$api/inventory/collaboration/join");
like($st, qr/^20[01]$/, 'join');
my $join = decode($body);
my $stream = Stream->open(port => $s->{port}, path => $join->{stream},
    ticket => $join->{ticket}, position => $join->{position});
is($stream->wait_status, 200, 'the stream opens');
like($stream->{headers}{'content-type'}, qr{^text/event-stream}, 'its type');
like($stream->{headers}{'cache-control'}, qr/no-cache|no-store/,
    'not cached');
is($stream->{headers}{'transfer-encoding'}, undef, 'no chunks');
is($stream->{headers}{connection}, 'close', 'its end is the connection\'s');
ok($stream->wait_for('room_joined'), 'room_joined');
curl(@auth, @json, '-X', 'PATCH', '-d', '{"name":"seen"}',
    "$api/inventory/items/CURL-2");
my $ev = $stream->wait_for('inventory_changed', 5);
is($ev && $ev->{data}{new_value}, 'seen', 'a change comes at once');
$stream->close;

# With the ticket in the address, as a plain EventSource has it: it works
# once, and no log of nginx shows it.
my $once = $s->join_room(as => 'ben');
$stream = Stream->open(port => $s->{port},
    path => "/push/stream?ticket=$once->{ticket}");
ok($stream->wait_for('room_joined'), '?ticket= works') or
    diag(explain($stream->{events}));
$stream->close;
$stream = Stream->open(port => $s->{port},
    path => "/push/stream?ticket=$once->{ticket}");
is($stream->wait_status(5), 401, 'once');
$stream->close;
($st) = curl('-H', "Authorization: Bearer $join->{ticket}", @json, '-d',
    '{"state":"active"}', "$url/push/beat");
like($st, qr/^(204|4\d\d)$/, 'beats pass');

for my $path (qw(/healthz /metrics /push/healthz /push/metrics
    /push/../healthz /push/../metrics /push/%2e%2e/metrics /push//metrics
    /push/stream/../../metrics)) {
	($st, $body) = curl('--path-as-is', "$url$path");
	like($st, qr/^(400|403|404|405)$/, "$path stays inside");
	unlike($body, qr/^# (HELP|TYPE) |stockroom_relay/m,
	    "$path: no figures");
}

# -- the relay goes and comes

my $down = $s->join_room(as => 'ana');
$s->stop('relay');
$stream = Stream->open(port => $s->{port}, ticket => $down->{ticket});
is($stream->wait_status, 200, 'without a relay: no 5xx');
$ev = $stream->wait_for('disconnect', 5);
is($ev && $ev->{data}{code}, 'down', 'but it is said');
($st, $body) = curl(@auth, "$api/inventory/items?limit=1");
is($st, 200, 'the API goes on');
$s->start('relay');
$s->stop('app');
($st, $body) = curl(@auth, "$api/inventory/items?limit=1");
is($st, 502, 'without the app the API is gone');
$s->start('app');
($st, $body) = curl(@auth, "$api/inventory/items?limit=1");
is($st, 200, 'and back');

# A big change log line is there, but no ticket, token or cookie anywhere.
my ($session) = do {
	open my $in, '<', $jar or die;
	(join '', <$in>) =~ /stockroom_session\s+(\S+)/;
};
$s->stop('nginx');
for my $log (qw(access nginx app relay)) {
	my $text = $s->log_text($log);
	ok(length $text, "$log.log has lines") if $log ne 'nginx';
	is(index($text, $_->[1]), -1, "$log.log shows no $_->[0]")
	    for ['ticket', $once->{ticket}], ['old ticket', $join->{ticket}],
	    ['token', $token], ['cookie', $session], ['password',
	    '"stockroom"'];
}
like($s->log_text('access'), qr{"GET /push/stream HTTP/1.1" 200 },
    'the path is logged');

$s->finish;
done_testing;
