#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Bad input: a clear problem document, and nothing changed.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1,
    users => { ana => 'editor', vera => 'viewer' });
my @ana = (token => $s->token('ana'));
my $items = '/inventory/items';
my $room = $s->room;
$s->post($items, { sku => 'BAD-1', name => 'the one', quantity => 5 }, @ana);
my $etag = $s->get("$items/BAD-1", @ana)->{headers}{etag};
my @writes = (['POST', $items], ['PATCH', "$items/BAD-1"],
    ['POST', "$items/BAD-1/adjustments"],
    ['POST', '/inventory/collaboration/broadcast-change'],
    ['POST', '/inventory/collaboration/join']);
my $before = snapshot($s, $ana[1]);

# After each group: still as before, and nothing was 5xx.
sub unchanged
{
	my ($name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_same(snapshot($s, $ana[1]), $before, "$name: nothing changed");
}

# -- bodies that are no JSON

my $item = '{"sku":"B-1","name":"x"}';
my %unreadable = (
	'empty' => '',
	'white space' => " \n\t",
	'no JSON' => 'hello',
	'truncated' => '{"sku":"B-1","name":"x"',
	'truncated text' => '{"sku":"B-1","name":"x',
	'trailing comma' => '{"sku":"B-1","name":"x",}',
	'trailing data' => "$item x",
	'two documents' => "$item$item",
	'single quotes' => "{'sku':'B-1','name':'x'}",
	'bare keys' => '{sku:"B-1",name:"x"}',
	'a comment' => "/* */$item",
	'NaN' => '{"sku":"B-1","name":"x","quantity":NaN}',
	'Infinity' => '{"sku":"B-1","name":"x","quantity":-Infinity}',
	'leading zero' => '{"sku":"B-1","name":"x","quantity":01}',
	'leading plus' => '{"sku":"B-1","name":"x","quantity":+1}',
	'hexadecimal' => '{"sku":"B-1","name":"x","quantity":0x10}',
	'a bare dot' => '{"sku":"B-1","name":"x","quantity":1.}',
	'raw control' => "{\"sku\":\"B-1\",\"name\":\"x\x01\"}",
	'raw line feed' => "{\"sku\":\"B-1\",\"name\":\"x\n\"}",
	'bad escape' => '{"sku":"B-1","name":"\\x41"}',
	'lone surrogate' => '{"sku":"B-1","name":"\\ud800"}',
	'half a pair' => '{"sku":"B-1","name":"\\ud83d\\u0041"}',
	'U+0000' => '{"sku":"B-1","name":"a\\u0000b"}',
	'raw NUL' => "{\"sku\":\"B-1\",\"name\":\"a\0b\"}",
	'NUL at the end' => "$item\0",
	'not UTF-8' => "{\"sku\":\"B-1\",\"name\":\"\xff\xfe\"}",
	'overlong UTF-8' => "{\"sku\":\"B-1\",\"name\":\"\xc0\xaf\"}",
	'surrogate UTF-8' => "{\"sku\":\"B-1\",\"name\":\"\xed\xa0\x80\"}",
	'beyond Unicode' => "{\"sku\":\"B-1\",\"name\":\"\xf4\x90\x80\x80\"}",
	'cut UTF-8' => "{\"sku\":\"B-1\",\"name\":\"\xe2\x82\"}",
	'not UTF-8 in a key' => "{\"sku\":\"B-1\",\"name\":\"x\",\"\xff\":1}",
	'a byte order mark' => "\xef\xbb\xbf$item",
	'UTF-16' => join('', map { "$_\0" } split //, $item),
	'an array' => '[]',
	'a string' => '"x"',
	'a number' => '1',
	'null' => 'null',
	'nested too deep' => '{"sku":' . '[' x 9 . ']' x 9 . '}',
	'nested deeply' => '[' x 100000 . ']' x 100000,
	'nested objects' => '{"a":' x 20000 . '1' . '}' x 20000,
	'duplicate keys' => '{"sku":"B-1","sku":"B-2","name":"x"}',
	'escaped duplicate' => '{"sku":"B-1","\\u0073ku":"B-2","name":"x"}',
	'nested duplicate' => '{"sku":"B-1","name":"x","a":{"b":1,"b":2}}',
	'very many keys' => '{' . join(',', map { qq("k$_":1) } 1 .. 5000) .
	    '}',
);
for my $what (sort keys %unreadable) {
	for (@writes) {
		my ($method, $path) = @$_;
		is_problem($s->request($method, $path, @ana,
		    body => $unreadable{$what}), 400,
		    "$what: $method $path");
	}
}
is_problem($s->request('POST', $items, @ana,
    body => $unreadable{'duplicate keys'}), 400, 'a duplicate key is named',
    pointer => '/sku');
unchanged('unreadable bodies');

# -- much in little: a kilobyte of memory for each {}

is_problem($s->request('POST', $items, @ana, body => '{"sku":"B-2","name":[' .
    join(',', ('{}') x 2045) . ']}'), 422, 'two thousand values');
my $many = $s->request('POST', $items, @ana, body => '{"sku":"B-2","name":[' .
    join(',', ('{}') x 2046) . ']}');
is_problem($many, 400, 'and one more');
like($many->{json}{errors}[0]{detail}, qr/too many values/, 'which is said');

# -- too large, lengths that lie, bodies that break off

for (@writes[0 .. 2]) {
	my ($method, $path) = @$_;
	my $big = '{"sku":"B-1","name":"' . 'x' x (1024 * 1024) . '"}';
	is_problem($s->request($method, $path, @ana, body => $big), 413,
	    "above 1 MiB: $method $path");
	for my $lie (length($item) - 1, length($item) + 1, 0, 1, -5, 'abc',
	    '1e3', '99999999999999999999', '2000000', '5 ', '+24', '0x18') {
		my $r = $s->request($method, $path, @ana, body => $item,
		    params => { CONTENT_LENGTH => $lie }, timeout => 10);
		ok($r->{status} == 400 || $r->{status} == 413,
		    "CONTENT_LENGTH $lie: $method $path") or
		    diag("$r->{status} $r->{body}");
	}
}
my @params = $s->params('POST', "/api/v1$items", body => $item,
    type => 'application/json',
    headers => { Authorization => "Bearer $ana[1]" });
{
	# Half a body, then the connection closes.
	my $c = FastCGI->connect($s->app_socket);
	$c->begin->params(\@params)->stdin(substr $item, 0, 10);
	$c->close;
	# Half a body, then the web server aborts.
	$c = FastCGI->connect($s->app_socket);
	$c->begin->params(\@params)->stdin(substr $item, 0, 10)->abort;
	my $r = $c->response(10);
	unlike($r->{status}, qr/^[25]/, 'an aborted request is not done');
	# A whole body in many small records.
	$c = FastCGI->connect($s->app_socket);
	$c->begin->params(\@params);
	$c->stdin($_) for split //, '{"sku":"B 1","name":"x"}';
	$c->stdin('');
	is_problem_raw($c->response(10), 422, 'byte by byte');
}
sub is_problem_raw
{
	my ($r, $status, $name) = @_;

	$r->{json} = eval { $Stockroom::json->decode($r->{body}) };
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is_problem($r, $status, $name);
}
is_problem($s->request('POST', $items, @ana, body => '',
    type => 'application/json'), 400, 'no body at all');
unchanged('lying lengths');

# -- other types

for my $type (undef, '', 'text/plain', 'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x', 'application/jsonx', 'json', 'x' x 500,
    'application/json; charset=latin1') {
	my $r = $s->request('POST', $items, @ana, body => $item,
	    type => $type);
	is_problem($r, 415, 'content type ' . substr $type // 'none', 0, 40);
}
unchanged('other types');

# -- readable, but not allowed: named by a pointer

my $long = 'x' x 300;
my @create = (
	[{ name => 'x' }, '/sku'], [{ sku => 'B-1' }, '/name'],
	[{ sku => undef, name => 'x' }, '/sku'],
	[{ sku => 'B-1', name => undef }, '/name'],
	(map { [{ sku => $_, name => 'x' }, '/sku'] } '', 'a b', ' a', 'a ',
	    'a"b', "a'b", '<b>', 'a/b', 'a%20b', "a\tb", "a\nb", 'ä', 'a&b',
	    'a,b', '../x', $long, 'x' x 65, 1, 1.5, [], {},
	    JSON::PP::true, "a\x{202e}b", 'a\\b', 'a;b', 'a:b', '.', '..'),
	(map { [{ sku => 'B-1', name => $_ }, '/name'] } '', 'x' x 201, 1, [],
	    {}, JSON::PP::false, "a\x01b", "a\nb", "a\x7fb", "a\tb"),
	(map { [{ sku => 'B-1', name => 'x', location => $_ }, '/location'] }
	    'x' x 101, 1, [], "a\nb"),
	(map { [{ sku => 'B-1', name => 'x', unit => $_ }, '/unit'] }
	    'x' x 21, 1),
	(map { [{ sku => 'B-1', name => 'x', notes => $_ }, '/notes'] }
	    'x' x 2001, 1, "a\x01b", "a\rb"),
	(map { [{ sku => 'B-1', name => 'x', status => $_ }, '/status'] }
	    '', 'gone', 'ACTIVE', 1, []),
	(map { my $f = $_; map {
	    [{ sku => 'B-1', name => 'x', $f => $_ }, "/$f"] }
	    -1, 1000000000, '1', '', [], {}, JSON::PP::true }
	    qw(quantity qty_ordered reorder_level)),
	[{ sku => 'B-1', name => 'x', color => 'red' }, '/color'],
	[{ sku => 'B-1', name => 'x', 'a/b~c' => 1 }, '/a~1b~0c'],
	[{ sku => 'B-1', name => 'x', '' => 1 }, '/'],
	(map { [{ sku => 'B-1', name => 'x', $_ => 1 }, "/$_"] }
	    qw(id version created_at updated_at updated_by stock on_order
	    base_version extra)),
);
for (@create) {
	my ($body, $pointer) = @$_;
	my $text = $Stockroom::json->encode($body);
	is_problem($s->post($items, $body, @ana), 422,
	    'create ' . substr($text =~ s/[^ -~]/?/gr, 0, 60),
	    pointer => $pointer);
}
for my $number ('1.2345', '1e3', '1E3', '1e999', '-0.001', '999999999.9991',
    '1000000000', '0.0001', '99999999999999999999', '-1', '1e-5',
    '123456789012345678901234567890.5') {
	for my $field (qw(quantity qty_ordered reorder_level)) {
		is_problem($s->request('PATCH', "$items/BAD-1", @ana,
		    body => qq({"$field":$number})), 422,
		    "$field $number", pointer => "/$field");
	}
}
unchanged('values that are not allowed');

my @change = (
	[{ sku => 'a b' }, '/sku'], [{ sku => undef }, '/sku'],
	[{ name => '' }, '/name'], [{ name => undef }, '/name'],
	[{ quantity => 'x' }, '/quantity'], [{ x => 1 }, '/x'],
	[{ name => 'good', quantity => -1 }, '/quantity'],
	(map { [{ $_ => 1 }, "/$_"] } qw(id version created_at updated_at
	    updated_by stock on_order)),
);
for (@change) {
	my ($body, $pointer) = @$_;
	is_problem($s->patch("$items/BAD-1", $body, @ana), 422,
	    'change ' . $Stockroom::json->encode($body),
	    pointer => $pointer);
}
for my $delta ('0', '0.0001', '1e3', '"1"', 'null', 'true', '[]',
    '1000000000', '-1000000000', '99999999999999999999') {
	is_problem($s->request('POST', "$items/BAD-1/adjustments", @ana,
	    body => qq({"delta":$delta})), 422, "delta $delta",
	    pointer => '/delta');
}
is_problem($s->post("$items/BAD-1/adjustments", {}, @ana), 422, 'no delta',
    pointer => '/delta');
is_problem($s->post("$items/BAD-1/adjustments", { delta => 1, x => 1 },
    @ana), 422, 'more than a delta', pointer => '/x');
is_problem($s->post("$items/BAD-1/adjustments", { delta => 1, reason => $_ },
    @ana), 422, 'a bad reason', pointer => '/reason')
    for 1, 'x' x 3000, [], "a\x01";
my $broadcast = '/inventory/collaboration/broadcast-change';
my %good = (update_type => 'count', sku => 'BAD-1', field => 'quantity',
    old_value => 1, new_value => 2);
my @broadcast = (
	(map { my %b = %good; delete $b{$_}; [\%b, "/$_"] }
	    qw(update_type sku field)),
	(map { [{ %good, update_type => $_ }, '/update_type'] } '', 'A b',
	    'x' x 33, 'DROP', "a\n", 'a-b', 1, undef),
	(map { [{ %good, sku => $_ }, '/sku'] } '', 'a b', 1, 'NO-SUCH'),
	(map { my $f = $_; map { [{ %good, $f => $_ }, "/$f"] } [], {},
	    'x' x 2001 } qw(old_value new_value)),
	(map { [{ %good, field => $_ }, '/field'] } $long, 1, []),
	[{ %good, x => 1 }, '/x'],
	[{ %good, user_id => 1 }, '/user_id'],
	[{ %good, username => 'ben' }, '/username'],
	[{ %good, source => 'api' }, '/source'],
	(map { [{ %good, room => $_ }, '/room'] } '', 'no such room', 1),
);
for (@broadcast) {
	my ($body, $pointer) = @$_;
	is_problem($s->post($broadcast, $body, @ana), 422,
	    'broadcast ' . $Stockroom::json->encode($body),
	    pointer => $pointer);
}
my $join = '/inventory/collaboration/join';
my @join = (
	[{ room => 1 }, '/room'], [{ room => '' }, '/room'],
	[{ room => 'elsewhere' }, '/room'],
	[{ room => $room, name => 'x' x 41 }, '/name'],
	[{ room => $room, name => 1 }, '/name'],
	[{ room => $room, name => "a\nb" }, '/name'],
	[{ room => $room, x => 1 }, '/x'],
	[{ room => $room, sid => 'A' x 22 }, '/sid'],
	[{ room => $room, ticket => 1 }, '/ticket'],
);
for (@join) {
	my ($body, $pointer) = @$_;
	is_problem($s->post($join, $body, @ana), 422,
	    'join ' . $Stockroom::json->encode($body), pointer => $pointer);
}
unchanged('what is not allowed');

# -- addresses and headers

for my $sku ('a b', 'a%20b', "a'b", '%22', '%3Cb%3E', $long, 'x' x 2000,
    '%00', 'a%00b', '%ff', '%', '%zz', '%2e%2e', 'a%2fb', "%0d%0aX: y",
    '..', "' OR 1=1") {
	for my $method (qw(GET DELETE PATCH)) {
		my $r = $s->request($method, "$items/" . $sku, @ana,
		    $method eq 'PATCH' ? (json => { name => 'x' }) : ());
		like($r->{status}, qr/^4(00|04|22)$/,
		    "$method of SKU " . substr $sku, 0, 20) or
		    diag("$r->{status} $r->{body}");
		is_problem($r, $r->{status}, 'as a problem document');
	}
}
# What is too long to be said whole is cut between two characters.
for my $n (93 .. 96) {
	is_problem($s->get("$items/" . 'a' x (96 - $n) . "\xc3\xa9" x $n, @ana),
	    404, "a SKU of $n letters of two bytes");
}
for my $n (29 .. 31) {
	is_problem($s->get("$items?" . 'a' x ($n % 2) . '%C3%A9' x $n, @ana),
	    400, "a parameter of $n letters of two bytes");
}
for my $params ({ QUERY_STRING => 'x=' . 'y' x 10000, REQUEST_URI =>
    "/api/v1$items?x=" . 'y' x 10000 }, { REQUEST_URI => undef },
    { REQUEST_URI => '' }, { REQUEST_METHOD => undef },
    { REQUEST_METHOD => '' }, { REQUEST_URI => 'http://x/api/v1/session' },
    { REQUEST_URI => "/api/v1$items?" . join '&', map { "a$_=1" } 1 .. 100 },
    { HTTP_COOKIE => 'x=' . 'y' x 50000 }) {
	my $r = $s->get($items, @ana, params => $params);
	like($r->{status}, qr/^(200|4..)$/, 'odd parameters: ' .
	    join ' ', sort keys %$params) or diag("$r->{status} $r->{body}");
}
for my $name (qw(REQUEST_METHOD REQUEST_URI CONTENT_LENGTH CONTENT_TYPE
    HTTP_AUTHORIZATION HTTP_COOKIE HTTP_IF_MATCH HTTP_ORIGIN
    HTTP_IDEMPOTENCY_KEY HTTP_HOST)) {
	my %have = @params;
	my $value = $have{$name} // 'x';
	my $r = $s->request('POST', $items, @ana, body => $item,
	    headers => { 'If-Match' => '*', Cookie => 'a=b', Origin =>
	    'http://stock.lan', 'Idempotency-Key' => 'k' },
	    more_params => [$name => $value]);
	is_problem($r, 400, "$name twice");
}
unchanged('addresses and headers');

# -- the rest of the list

is_problem($s->get('/nowhere', @ana), 404, 'an unknown route');
my $r = $s->request('PUT', "$items/BAD-1", @ana, json => { name => 'x' });
is_problem($r, 405, 'a method that is not there');
like($r->{headers}{allow}, qr/PATCH/, 'and which are');
is_problem($s->post($items, { sku => 'B-1', name => 'x' },
    headers => { 'Sec-Fetch-Site' => 'same-origin' }), 401, 'no session');
is_problem($s->post($items, { sku => 'B-1', name => 'x' },
    token => $s->token('vera')), 403, 'the wrong role');
is_problem($s->post($items, { sku => 'B-1', name => 'x' },
    headers => { Cookie => $s->sign_in('ana') }), 403, 'no Origin');
is_problem($s->post($items, { sku => 'B-1', name => 'x' },
    headers => { Cookie => $s->sign_in('ana'),
    Origin => 'http://evil.example' }), 403, 'a foreign Origin');
is_problem($s->post($items, { sku => 'BAD-1', name => 'x' }, @ana), 409,
    'a second item of one SKU');
$s->patch("$items/BAD-1", { notes => 'newer' }, @ana);
$before = snapshot($s, $ana[1]);
is_problem($s->patch("$items/BAD-1", { name => 'x' }, @ana,
    headers => { 'If-Match' => $etag }), 412, 'a stale If-Match');
is_problem($s->post("$items/BAD-1/adjustments", { delta => -5.001 }, @ana),
    409, 'an adjustment below zero');
unchanged('refused writes');
is_status($s->post($items, { sku => 'B-1', name => 'x' }, @ana), 201,
    'after all that a good request is done');

$s->finish;
done_testing;
