#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Plain CGI: a process for each request, the same code.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(app => 0,
    users => { ana => 'editor', vera => 'viewer' });
my $items = '/inventory/items';
my @ana = (token => $s->token('ana'));

my $r = $s->get('/health');
is_status($r, 200, 'health');
is($r->{exit}, 0, 'and the process ends well');
like($r->{out}, qr/\AStatus: 200[^\r\n]*\r?\n/, 'Status comes first');

$r = $s->post($items, { sku => 'CGI-1', name => 'by CGI', quantity => 1 },
    @ana);
is_status($r, 201, 'an item is added');
is($r->{headers}{etag}, '"v1"', 'with its ETag');
is($s->get("$items/CGI-1", @ana)->{json}{name}, 'by CGI', 'it is there');
is_status($s->get('/session', as => 'ana'), 200, 'sign-in and session');
is_status($s->patch("$items/CGI-1", { name => 'x' }, as => 'ana'), 200,
    'changed with a cookie');
is_problem($s->patch("$items/CGI-1", { name => 'x' },
    token => $s->token('vera')), 403, 'a viewer may not');
is_problem($s->get('/nowhere'), 404, 'an unknown route');
is_problem($s->request('PUT', $items, @ana), 405, 'another method');
is_problem($s->request('POST', $items, @ana, body => '{'), 400, 'bad JSON');
is_problem($s->request('POST', $items, @ana, body => '{"sku":"A"',
    params => { CONTENT_LENGTH => 1000 }), 400, 'a body that breaks off');
is_problem($s->request('POST', $items, @ana, body => '{"sku":"A","name":"' .
    'x' x (1024 * 1024) . '"}'), 413, 'a body that is too large');
$r = $s->request('POST', $items, @ana,
    body => '{"sku":"CGI-2","name":"x"}trailing',
    params => { CONTENT_LENGTH => 26 });
like($r->{status}, qr/^(201|400)$/, 'more input than was said');
# Apache's mod_cgid hands a chunked body on without its length.
is_status($s->post($items, { sku => 'CGI-4', name => 'x' }, @ana,
    params => { CONTENT_LENGTH => undef,
	HTTP_TRANSFER_ENCODING => 'chunked' }), 201, 'a chunked body');
is_problem($s->post($items, { sku => 'CGI-5', name => 'x' }, @ana,
    params => { CONTENT_LENGTH => undef }), 400, 'neither: no body');
is_problem($s->request('POST', $items, @ana, body => '{"sku":"A","name":"' .
    'x' x (1024 * 1024) . '"}', params => { CONTENT_LENGTH => undef,
	HTTP_TRANSFER_ENCODING => 'chunked' }), 413, 'a chunked one too large');
is_status($s->delete("$items/CGI-1", @ana), 204, 'deleted');
is($s->get("$items/CGI-1", @ana)->{exit}, 0, 'a 404 is no failure either');

# Of a query without "=" web servers make arguments.
for my $query ('--version', '--threads+x', '--socket+/nowhere/x') {
	$r = $s->get("$items?$query", @ana);
	is_problem($r, 400, "?$query is a query");
	is($r->{exit}, 0, 'and nothing that we are told to do');
}

# -- several at once: none is lost

$s->post($items, { sku => 'CGI-3', name => 'x' }, @ana);
my @got = parallel(4, sub {
	return [map { my $r = $s->post("$items/CGI-3/adjustments",
	    { delta => 1 }, @ana); "$r->{status}/$r->{exit}" } 1 .. 5];
});
is(join(' ', grep { $_ ne '200/0' } map { @{ $_ // ['died'] } } @got), '',
    'twenty adjustments by twenty processes');
is($s->get("$items/CGI-3", @ana)->{json}{quantity}, 20, 'add up');

# -- with a relay: what was done is told before the process ends

my $before = $s->get("$items?limit=1", @ana)->{json}{position};
$s->start('relay');
$r = $s->post("$items/CGI-3/adjustments", { delta => 1 }, @ana);
is_status($r, 200, 'a change');
my ($epoch) = split /:/, $before;
my $st = $s->open_stream(as => 'ana', position => "$epoch:0");
ok($st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == $r->{json}{version} }), 'reaches the stream');
my @seq = map { $_->{data}{seq} } $st->named('inventory_changed');
is_deeply(\@seq, [1 .. $r->{json}{version}],
    'and so does all that was pending, in order');
$r = $s->post("$items/CGI-3/adjustments", { delta => 1 }, @ana);
ok($st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == $r->{json}{version} }, 5),
    'the process itself tells, not the next one');
$r = $s->get('/inventory/collaboration/presence?room=' . $s->room, @ana);
is_status($r, 200, 'presence');
is($r->{json}{count}, 1, 'knows who listens');

# -- beside a FastCGI app on the same database

$s->start('app', app => 'socket');
@got = parallel(4, sub {
	my ($i) = @_;
	return [map { $s->post("$items/CGI-3/adjustments", { delta => 1 },
	    @ana, via => $i % 2 ? 'cgi' : 'fcgi')->{status} } 1 .. 5];
});
is(join(' ', grep { $_ ne '200' } map { @{ $_ // ['died'] } } @got), '',
    'CGI and FastCGI write at once');
$r = $s->get("$items/CGI-3", @ana);
is($r->{json}{quantity}, 42, 'and it adds up');
ok($st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == $r->{json}{version} }), 'the stream has all of it');
@seq = map { $_->{data}{seq} } $st->named('inventory_changed');
is_deeply(\@seq, [1 .. $r->{json}{version}], 'once each, in order');
$st->close;

$s->finish;
done_testing;
