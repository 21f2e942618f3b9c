#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Hostile texts in every field: kept to the letter wherever they come out, and
# taken for text by JSON, headers, events, logs, CSV and terminals.

use strict;
use warnings;
no warnings 'nonchar';
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;

use Check;
use Hostile;
use OpenApi;
use Stockroom;

binmode $_, ':utf8' for map { Test::More->builder->$_ }
    qw(output failure_output todo_output);

my $items = '/inventory/items';
my $broadcast = '/inventory/collaboration/broadcast-change';
my $json = $Stockroom::json;
my $s = Stockroom->new(relay => 1, env => { STOCKROOM_USER_WRITES => 0,
    ALLOW_ORIGIN_REGEX => 'https://.*\.example\.com' });
my @names = sort keys %Hostile::TEXT;
my %text = %Hostile::TEXT;
my @bad;	# what was wrong within a loop

# Perl's own encoding: strict UTF-8 has no U+FFFF.
sub bytes
{
	my ($text) = @_;

	utf8::encode($text);
	return $text;
}

# One test of what was noted since the last.
sub none_bad
{
	my ($name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(join("\n", splice @bad), '', $name);
}

sub same
{
	my ($what, $have, $want) = @_;

	push @bad, "$what: " . (defined $have ? $json->encode([$have]) :
	    'nothing') . ', not ' . $json->encode([$want])
	    unless defined $have && $have eq $want;
}

# Every answer: its head is one line a header, each of a name that we know,
# and each once.
my %known = map { $_ => 1 } qw(status content-type content-length
    cache-control etag location x-request-id x-content-type-options vary
    retry-after allow ratelimit ratelimit-policy set-cookie www-authenticate
    access-control-allow-origin access-control-expose-headers
    access-control-allow-methods access-control-allow-headers
    access-control-max-age);
my $requests = 0;
sub call
{
	my ($method, $path, %opt) = @_;

	my $r = $s->request($method, $path, via => 'fcgi', %opt);
	my ($head) = split /\r\n\r\n/, $r->{out}, 2;
	my %seen;
	for (split /\r\n/, $head, -1) {
		my ($name) = /^([A-Za-z-]+): [\x20-\x7e]*\z/;
		push @bad, "a header of $method $path: $_"
		    if !defined $name || !$known{lc $name} ||
		    $seen{lc $name}++;
	}
	$requests++;
	return $r;
}

# -- a column, a user and a token of hostile names

my $label = Hostile::cut("\x{202e}<b>" . $text{'a closing quote'}, 64);
$s->ctl_ok(['field', 'add', 'note_to', '--label', bytes($label)]);
$OpenApi::custom{note_to} = 1;
my $mallory = '<img src=x onerror=pwned=1>' . "\x{202e}" . "\x{1f600}";
$s->ctl_ok(['user', 'add', bytes($mallory), '--role', 'editor'],
    $s->PASSWORD . "\n");
my $key = '=1+1' . "\x{2069}\x{202e}" . '</b>';
my ($token) = $s->ctl_ok(['token', 'add', bytes($key), '--user',
    bytes($mallory)]) =~ /(sr_\S+)/;
my @by = (token => $token);
my $who = "$mallory ($key)";
my ($field) = grep { $_->{name} eq 'note_to' }
    @{ call('GET', '/inventory/fields', @by)->{json}{fields} };
is($field->{label}, $label, "a column's label");
is(call('GET', '/session', @by)->{json}{user}{username}, $mallory,
    "a user's name");
is(call('GET', '/session', @by)->{json}{user}{token}, $key,
    "a token's name");
my $r = call('POST', '/session', json => { username => $mallory,
    password => $s->PASSWORD },
    headers => { 'Sec-Fetch-Site' => 'same-origin' });
is_status($r, 201, 'she signs in by her name');
for my $noun (qw(user token)) {
	my $name = $noun eq 'user' ? $mallory : $key;
	my $list = $json->decode($s->ctl_ok([$noun, 'list', '--json']));
	is(scalar(grep { ($_->{name} // $_->{username}) eq $name }
	    @{ $list->{"${noun}s"} }), 1, "$noun list --json says it");
	my $lines = () = $s->ctl_ok([$noun, 'list']) =~ /\n/g;
	is($lines, 1 + @{ $list->{"${noun}s"} },
	    "$noun list: a line each and the head");
}
for my $name (sort keys %Hostile::CONTROL) {
	my $evil = bytes("a$Hostile::CONTROL{$name}b");
	for (['user', 'add', $evil, '--role', 'viewer'],
	    ['token', 'add', $evil, '--user', 'ana'],
	    ['field', 'add', 'x', '--label', $evil]) {
		my ($code) = $s->ctl($_, $s->PASSWORD . "\n");
		push @bad, "$_->[0] with $name: exit $code"
		    unless $code == 64 || $code == 65;
	}
}
none_bad('names of users, tokens and columns hold no controls');

# -- items: who listens while they are made and changed

# All bytes of a stream, as they come.
my $join = $s->join_room(as => 'ana');
my $raw = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $s->push_socket)
    or die "push socket: $!";
print $raw "GET /push/stream HTTP/1.1\r\nHost: x\r\n" .
    "Authorization: Bearer $join->{ticket}\r\n\r\n";
$raw->flush;
$raw->blocking(0);
my ($stream, $poll) = ($s->open_stream(as => 'ana'),
    $s->open_poll(as => 'ana'));
ok($_->wait_for('room_joined', 10), 'ana listens') for $stream, $poll;

my $head = position_seq(call('GET', "$items?limit=1", @by)
    ->{json}{position});
my (%want, @events);	# by SKU; what each change was
my $n = 0;
for my $name (@names) {
	my $sku = sprintf 'H-%03d', ++$n;
	my $text = $text{$name};
	my %item = (name => $text, location => Hostile::cut($text, 100),
	    unit => Hostile::cut($text, 20),
	    notes => "$text\n\t$text\n" . $text, note_to => $text);
	$want{$sku} = \%item;
	my $r = call('POST', $items, @by, json => { sku => $sku, %item });
	push @bad, "create with $name: $r->{status} $r->{body}"
	    if $r->{status} != 201;
	push @events, ['create', $sku, { %item }];
	same("$name: $_ of the answer", $r->{json}{$_}, $item{$_})
	    for sort keys %item;
	same("$name: updated_by", $r->{json}{updated_by}, $who);
	same("$name: Location", $r->{headers}{location},
	    "/api/v1$items/$sku");
	# Another hostile text in its place, by its version.
	my $next = $text{ $names[$n % @names] };
	my $etag = $r->{headers}{etag};
	$r = call('PATCH', "$items/$sku", @by, json => { name => $next },
	    headers => { 'If-Match' => $etag });
	push @bad, "change of $name: $r->{status} $r->{body}"
	    if $r->{status} != 200;
	$item{name} = $next;
	push @events, ['edit', $sku, { name => $next }];
	$r = call('POST', "$items/$sku/adjustments", @by,
	    json => { delta => 1, reason => $text });
	push @bad, "adjustment for $name: $r->{status} $r->{body}"
	    if $r->{status} != 200;
	push @events, ['adjust', $sku, {}, $text];
	my $said = Hostile::cut($text, 64);
	$r = call('POST', $broadcast, @by, json => { update_type => 'test',
	    sku => $sku, field => $said, old_value => $text,
	    new_value => $next });
	push @bad, "broadcast of $name: $r->{status} $r->{body}"
	    if $r->{status} != 202;
	push @events, ['test', $sku, { $said => $next }];
}
none_bad('every text in every field is taken as it is');

# Back by every way there is.
for my $sku (sort keys %want) {
	my $r = call('GET', "$items/$sku", @by);
	same("GET $sku: $_", $r->{json}{$_}, $want{$sku}{$_})
	    for sort keys %{ $want{$sku} };
}
none_bad('GET gives it back');
my $cursor;
my %listed;
do {
	my $r = call('GET', "$items?limit=20&sort=name,sku" .
	    (defined $cursor ? "&cursor=$cursor" : ''), @by);
	$listed{ $_->{sku} } = $_ for @{ $r->{json}{items} };
	$cursor = $r->{json}{next_cursor};
} while (defined $cursor);
for my $sku (sort keys %want) {
	same("list $sku: $_", $listed{$sku}{$_}, $want{$sku}{$_})
	    for sort keys %{ $want{$sku} };
}
none_bad('so does the list, page by page in the order of such names');

# By percent signs, each byte.
sub percent
{
	return join '', map { sprintf '%%%02x', ord } split //,
	    bytes($_[0]);
}

for my $sku (sort keys %want) {
	my $at = $want{$sku}{location};
	my $r = call('GET', "$items?limit=200&location=eq." . percent($at),
	    @by);
	push @bad, "location of $sku" unless
	    grep { $_->{sku} eq $sku } @{ $r->{json}{items} // [] };
	$r = call('GET', "$items?limit=200&q=" .
	    percent(substr $want{$sku}{name}, 0, 60), @by);
	push @bad, "search for the name of $sku: $r->{status}"
	    unless $r->{status} == 200 &&
	    grep { $_->{sku} eq $sku } @{ $r->{json}{items} };
}
none_bad('it can be filtered and searched for');

# A change, from wherever it came, against what was done.
sub compare
{
	my ($where, $got, @did) = @_;

	push @bad, "$where: " . @$got . ' changes, not ' . @did
	    if @$got != @did;
	for my $i (0 .. $#did) {
		my ($type, $sku, $new, $reason) = @{ $did[$i] };
		my $c = $got->[$i] or last;
		same("$where $sku type", $c->{update_type}, $type);
		same("$where $sku", $c->{sku}, $sku);
		same("$where $sku by", $c->{username}, $who);
		same("$where $sku reason", $c->{reason}, $reason)
		    if defined $reason;
		my %now = map { $_->{field} => $_->{new_value} }
		    @{ $c->{changes} };
		same("$where $sku $_", $now{$_}, $new->{$_})
		    for sort keys %$new;
	}
}

my @log;
my $from = $head;
do {
	my $doc = call('GET', "/inventory/changes?since=$from", @by)->{json};
	push @log, @{ $doc->{changes} };
	$from = $log[-1]{seq} if @log;
	$cursor = $doc->{more};
} while ($cursor);
compare('changes', \@log, @events);
none_bad('the change log');
@log = map { my $r = call('GET', "$items/$_/history", @by);
    reverse @{ $r->{json}{changes} } } sort keys %want;
# What was only announced is no item's history.
compare('history', \@log, grep { $_->[0] ne 'test' } @events);
none_bad('the history');
for (['stream', $stream], ['poll', $poll]) {
	my ($how, $st) = @$_;
	ok($st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
	    $_->{data}{seq} == $head + @events }, 20), "the $how has it all");
	compare($how, [map { $_->{data} } $st->named('inventory_changed')],
	    @events);
	none_bad("what the $how said");
	is($st->count('disconnect'), 0, "the $how obeys none of it");
}

# The bytes of the stream: nothing but our own lines.
my $bytes = '';
ok($s->wait_for(sub {
	1 while sysread $raw, $bytes, 65536, length $bytes;
	return $bytes =~ /"seq":@{[$head + @events]},/;
}, 20), 'the bytes of a stream');
my ($http, $events) = split /\r\n\r\n/, $bytes, 2;
if ($http =~ /^Transfer-Encoding: chunked/im) {
	my $chunks = $events;
	$events = '';
	while ($chunks =~ s/\A([0-9a-f]+)\r\n//i) {
		$events .= substr $chunks, 0, hex $1, '';
		$chunks =~ s/\A\r\n//;
	}
}
my @blocks = split /\n\n/, $events, -1;
pop @blocks;	# what is not whole
for (@blocks) {
	push @bad, $_ unless /\A(?::[^\n\r]*|retry:[ ][0-9]+|
	    (?:id:[ ][0-9a-f]+:[0-9]+\n)?event:[ ][a-z_]+\n
	    data:[ ][^\n\r]+)\z/x;
}
none_bad('are lines of ours, a datum a line');
is(scalar(() = $events =~ /^event: inventory_changed$/mg), scalar @events,
    'an event for each change');
close $raw;

# -- presence: names, places, leases

for my $name (@names) {
	my $as = Hostile::cut($text{$name}, 40);
	my $at = Hostile::cut($text{$name}, 64);
	my $seat = call('POST', '/inventory/collaboration/join',
	    token => $token, json => { name => $as })->{json};
	same("join as $name", $seat->{user}{name}, $as);
	my $st = $s->open_stream(join => $seat, via => 'relay');
	my $me = $st->wait_for('room_joined', 10) or die 'no room';
	for (['cursor', { editing_row => $at, editing_field => $at,
	    mode => 'select' }, 204], ['lease', { action => 'take',
	    row => $at, field => $at }, 200]) {
		my ($what, $body, $want) = @$_;
		my $r = $s->relay_http('POST', "/push/$what",
		    ticket => $seat->{ticket}, json => $body);
		push @bad, "$what at $name: $r->{status}"
		    if $r->{status} != $want;
	}
	my $ev = $stream->wait_for(sub { $_->{event} eq 'user_joined' &&
	    $_->{data}{sid} eq $seat->{sid} }, 10);
	same("$name joins", $ev->{data}{name}, $as);
	same("$name joins as", $ev->{data}{username}, $mallory);
	$ev = $stream->wait_for(sub { $_->{event} eq 'lease_changed' &&
	    $_->{data}{sid} eq $seat->{sid} }, 10);
	same("$name edits", $ev->{data}{row}, $at);
	my ($here) = grep { $_->{sid} eq $seat->{sid} } @{ call('GET',
	    '/inventory/collaboration/presence', @by)->{json}{users} };
	same("$name is here as", $here->{name}, $as);
	same("$name is at", $here->{editing_row}, $at);
	same("$name is in", $here->{editing_field}, $at);
	$s->relay_http('POST', '/push/leave', body => $seat->{ticket},
	    type => 'text/plain');
	$st->close;
}
none_bad('names and places of people');

# -- controls, surrogates, NUL: refused at their place, nothing is changed

my @fields = ((map { [$items, 'POST', { sku => 'C-1', name => 'a' }, $_] }
    qw(sku name location unit notes note_to)),
    (map { ["$items/H-001", 'PATCH', {}, $_] }
    qw(sku name location unit notes note_to)),
    ["$items/H-001/adjustments", 'POST', { delta => 1 }, 'reason'],
    (map { [$broadcast, 'POST', { update_type => 'a', sku => 'H-001',
    field => 'a', old_value => 1, new_value => 2 }, $_] }
    qw(update_type sku field)),
    ['/inventory/collaboration/join', 'POST', {}, 'name'],
    ['/inventory/collaboration/join', 'POST', {}, 'room']);
nothing_changed($s, $token, 'controls', sub {
	for (@fields) {
		my ($path, $method, $body, $name) = @$_;
		my %all = (%Hostile::CONTROL);
		delete @all{qw(LF TAB)} if $name eq 'notes';
		for my $what (sort keys %all) {
			my $r = call($method, $path, @by, json => { %$body,
			    $name => "a$all{$what}b" });
			push @bad, "$what in $name: $r->{status}" unless
			    $r->{status} == 422 &&
			    $r->{json}{errors}[0]{pointer} eq "/$name";
		}
		for my $never ('\u0000', '\ud800', '\udc00\ud800', "\xff",
		    "\xc0\x80", "\xed\xa0\x80", "\0") {
			my $text = $json->encode({ %$body,
			    $name => 'aXXb' }) =~ s/XX/$never/r;
			my $r = call($method, $path, @by, body => $text);
			my $told = $r->{json}{errors}[0] // {};
			push @bad, "$never in $name: $r->{status} " .
			    ($told->{pointer} // '') unless
			    $r->{status} == 400 &&
			    ($told->{pointer} // '') eq "/$name";
		}
	}
});
none_bad('no controls, no U+0000, no half of a character: named by a pointer');
OpenApi::load($s->top);

# -- headers and addresses that hold more than they should

my @lines = ("\r\nX-Evil: 1", "\nX-Evil: 1", "\r\n\r\n<b>", "\rX-Evil: 1",
    "\0X-Evil: 1", "\e[31m", "\x{202e}", "%0d%0aX-Evil:%201", "\x85", '"',
    "\\");
for my $line (map { bytes($_) } @lines) {
	for my $name ('Origin', 'Idempotency-Key', 'If-Match', 'Host',
	    'Cookie', 'Sec-Fetch-Site', 'Authorization', 'Last-Event-ID',
	    'Access-Control-Request-Method', 'X-Request-Id') {
		my $value = $name eq 'Origin' ?
		    "https://a$line.example.com" : "a$line";
		for my $method (qw(GET POST OPTIONS)) {
			call($method, $method eq 'POST' ? $items :
			    "$items/H-001", @by, $method eq 'POST' ?
			    (json => { sku => 'H-001', name => 'a' }) : (),
			    headers => { Origin =>
			    'https://a.example.com', $name => $value });
		}
	}
	for my $path ("$items/a$line", "$items?q=a$line", "$items?a$line=1",
	    "$items?sort=a$line", "$items?cursor=a$line", "/a$line",
	    "$items?location=eq.$line", "$items/a$line/history",
	    "/inventory/changes?since=$line",
	    "/inventory/collaboration/presence?room=a$line") {
		my $r = call('GET', $path, @by);
		push @bad, "GET $path: $r->{status}"
		    unless $r->{status} =~ /^(?:200|400|404|422)$/;
	}
}
none_bad('no header of an answer is of their making');
$r = call('GET', "$items?" . percent('<script>') . '=1', @by);
is_problem($r, 400, 'an unknown parameter', pointer => '?<script>');
unlike($r->{headers}{'content-type'}, qr/html/, 'is told as JSON');

# -- logs: one line a request, whoever asks for whatever

for my $log ('app', 'relay') {
	my $text = $s->log_text($log);
	push @bad, $_ for grep { !/^\d{4}-\d\d-\d\dT[\d:.]+Z \S+ \w+ \S/ ||
	    /[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|
	    \xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]/x }
	    split /\n/, $text;
	none_bad("each line of $log.log is one, and plain");
}
my $lines = () = $s->log_text('app') =~
    m{ info request id=[0-9a-f]+ method=\S+ path=\S+}g;
cmp_ok($lines, '>=', $requests, 'each request is in it');
my %ids;
$ids{$_}++ for $s->log_text('app') =~ m{ request id=([0-9a-f]+) }g;
is(scalar(grep { $_ != 1 } values %ids), 0, 'once');

# -- CSV: what runs nowhere, and comes back as it was

my $file = "$s->{dir}/all.csv";
for my $how ([], ['--bom'], ['--delimiter', ';'], ['--delimiter', "\t"],
    ['--raw'], ['--raw', '--delimiter', '|']) {
	my $name = join ' ', 'export', map { s/\t/TAB/r } @$how;
	my @reads = grep { $_ ne '--bom' } @$how;
	$s->ctl_ok(['item', 'export', $file, '--force', @$how]);
	open my $fh, '<:raw', $file or die;
	my $csv = join '', <$fh>;
	close $fh;
	ok(utf8::decode($csv), "$name is UTF-8");
	if (!grep { $_ eq '--raw' } @$how) {
		my $d = quotemeta($reads[1] // ',');
		while ($csv =~ /\G(?:"((?:[^"]|"")*)"|([^"\n]*?))
		    (?:$d|\r\n)/gcx) {
			my $cell = $1 // $2;
			push @bad, "$name: a cell: $cell"
			    if $cell =~ /\A[=+\-@\t\r]/;
		}
		is(pos $csv, length $csv, "$name: read to its end");
	}
	nothing_changed($s, $token, $name, sub {
		my $doc = $json->decode($s->ctl_ok(['item', 'import', $file,
		    '--json', @reads]));
		is(join(' ', map { $doc->{$_} } qw(created changed bad)),
		    '0 0 0', "$name and import: nothing is new");
		is($doc->{unchanged}, scalar keys %want, "$name: all are");
	});
}
none_bad('no cell is a formula');

# Into another inventory.
$s->ctl_ok(['item', 'export', $file, '--force']);
my $other = Stockroom->new(users => { ana => 'editor' });
$other->ctl_ok(['field', 'add', 'note_to']);
$other->ctl_ok(['item', 'import', $file]);
for my $sku (sort keys %want) {
	my $r = $other->get("$items/$sku", token => $other->token('ana'));
	same("$sku: $_", $r->{json}{$_}, $want{$sku}{$_})
	    for sort keys %{ $want{$sku} };
}
none_bad('another inventory gets it to the letter');

# What an import complains of is text on a terminal, too.
open my $fh, '>:raw', $file or die;
print $fh bytes("sku,name,<b>\e[31m\r\n" . join '', map {
    "X$_,$_\r\n" } "\e[2J", "\x{9b}2J", "a\rb", "\x{202e}");
print $fh "X,\xff\r\n";
close $fh;
my ($code, undef, $err) = $other->ctl(['item', 'import', $file]);
isnt($code, 0, 'a file of controls is refused');
unlike($err, qr/[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/,
    'and the complaint is plain');
$other->finish;

$_->close for $stream, $poll;
$s->finish;
done_testing;
