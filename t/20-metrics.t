#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The app's figures: in Prometheus' format to the letter, true, for admins
# only, and no more of them whatever clients ask for.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Prometheus;
use Stockroom;

# -- the checker itself finds what is wrong

my %wrong = (
	"# HELP a b\n# TYPE a gauge\na 1" => 'no end',
	"# HELP a b\n# TYPE a gauge\na 1\na 2\n" => 'twice',
	"# TYPE a gauge\na 1\n" => 'no help',
	"# HELP a b\na 1\n" => 'no type',
	"# HELP a b\n# HELP a c\n# TYPE a gauge\na 1\n" => 'second help',
	"# HELP a b\n# TYPE a counter\na 1\n" => 'without _total',
	"# HELP a b\n# TYPE a gauge\na{x=\"\\y\"} 1\n" => 'cannot be read',
	"# HELP a b\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n" => 'label x twice',
	"# HELP a b\n# TYPE a gauge\na one\n" => 'cannot be read',
	"# HELP a b\n# TYPE a gauge\n# HELP c d\n# TYPE c gauge\na{x=\"1\"} 1" .
	    "\nc 1\na{x=\"2\"} 1\n" => 'are apart',
	"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\n" .
	    "a_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n" => 'buckets fall',
	"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\n" .
	    "a_bucket{le=\"+Inf\"} 2\na_sum 1\na_count 1\n" => 'not the count',
	"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\n" .
	    "a_count 1\n" => 'not \+Inf',
	"# HELP a b\n# TYPE a histogram\na_bucket{le=\"2\"} 1\n" .
	    "a_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\n" .
	    "a_count 1\n" => 'do not rise',
);
for my $text (sort keys %wrong) {
	like(join('; ', @{ Prometheus->read($text)->complaints }),
	    qr/$wrong{$text}/, "the checker finds: $wrong{$text}");
}

# -- who may, and the form

my $s = Stockroom->new(relay => 1);
my @admin = (token => $s->token('admin'));
my @ana = (token => $s->token('ana'));
is_problem($s->get('/metrics'), 401, 'nobody may not read it');
is_problem($s->get('/metrics', @ana), 403, 'nor may an editor');

sub scrape
{
	my $r = $s->get('/metrics', @admin, @_);
	is($r->{status}, 200, 'an admin does') or diag($r->{body});
	is($r->{headers}{'content-type'},
	    'text/plain; version=0.0.4; charset=utf-8', 'as text 0.0.4');
	my $m = Prometheus->read($r->{body});
	is_deeply($m->complaints, [], 'without a fault');
	return $m;
}

# -- what it says is true

my $before = scrape();
my $items = '/inventory/items';
my %route = (method => 'POST', route => $items);
is_status($s->post($items, { sku => "M-$_", name => 'm' }, @ana), 201,
    "item $_") for 1 .. 3;
is_problem($s->post($items, { sku => 'M-1', name => 'm' }, @ana), 409, 'no');
is_problem($s->get('/nowhere', @ana), 404, 'nowhere');
is_problem($s->post('/session', { username => 'ana', password => 'wrong' },
    headers => { 'Sec-Fetch-Site' => 'same-origin' }), 401, 'wrong password');
$s->sign_in('ben');
my $after;
ok($s->wait_for(sub {
	$after = Prometheus->read($s->get('/metrics', @admin)->{body});
	return $after->value('stockroom_app_outbox_lag') == 0;
}, 10), 'the relay has confirmed all changes');
$after = scrape();

sub rise
{
	my ($name, @labels) = @_;

	return $after->value("stockroom_app_$name", @labels) -
	    $before->value("stockroom_app_$name", @labels);
}
is(rise('requests_total', %route, status => '2xx'), 3, 'three were made');
is(rise('requests_total', %route, status => '4xx'), 1, 'one was refused');
is(rise('request_seconds_count', %route), 4, 'the time of each was taken');
cmp_ok(rise('request_seconds_sum', %route), '>', 0, 'and is above 0');
is(rise('requests_total', method => 'none', route => 'none',
    status => '4xx'), 1, 'what is no route has a row, too');
is(rise('signins_total', password => 'wrong'), 1, 'a wrong password');
is(rise('signins_total', password => 'right'), 1, 'a right one');
cmp_ok(rise('commits_total'), '>=', 3, 'commits');
cmp_ok(rise('writes_total'), '>=', 3, 'writes');
is(rise('commit_writes_count'), rise('commits_total'),
    'each commit has a size');
is(rise('change_head'), 3, 'the newest change');
is($after->value('stockroom_app_relay_up'), 1, 'the relay is up');
is($after->value('stockroom_app_threads'), 64, 'threads');
# A thread whose answer is out is busy for another moment.
ok($s->wait_for(sub {
	return Prometheus->read($s->get('/metrics', @admin)->{body})
	    ->value('stockroom_app_threads_busy') == 1;
}, 10), 'one asks us');
cmp_ok($after->value('stockroom_app_database_bytes'), '>', 10000, 'size');
is($after->value('stockroom_app_writes_waiting'), 0, 'nobody waits');
my $started = $after->value('stockroom_app_start_time_seconds');
cmp_ok(abs(time - $started), '<', 120, 'the start');
like(join(' ', map { $_->[1]{version} // () } grep {
    $_->[0] eq 'stockroom_app_build_info' } @{ $after->{list} }), qr/^\d/,
    'the version');

# -- without the relay what is not sent piles up, and that is seen

$s->stop('relay');
is_status($s->post($items, { sku => "R-$_", name => 'm' }, @ana), 201,
    "item $_ without the relay") for 1 .. 2;
ok($s->wait_for(sub {
	my $m = Prometheus->read($s->get('/metrics', @admin)->{body});
	return $m->value('stockroom_app_relay_up') == 0 &&
	    $m->value('stockroom_app_outbox_lag') >= 2;
}, 10), 'the relay is down, and the lag grows');

# -- clients do not make it longer

my $many = scrape();
$s->get("/inventory/items/X-$_", @ana) for 1 .. 20;
$s->get("/nowhere/$_") for 1 .. 20;
is(scrape()->count, $many->count, 'no sample more for what clients ask for');

# -- limits

$s->stop('app');
$s->{env}{STOCKROOM_USER_WRITES} = 1;
$s->start('app');
$s->post($items, { sku => "L-$_", name => 'm' }, @ana) for 1 .. 3;
is(scrape()->value('stockroom_app_limited_total', limit => 'writes'), 2,
    'what a limit refused is counted');

# -- plain CGI says what the database knows

my $cgi = scrape(via => 'cgi');
is($cgi->value('stockroom_app_change_head'), 6, 'plain CGI: the head');
is($cgi->value('stockroom_app_commits_total'), undef,
    'and nothing that it cannot know');

$s->finish;
done_testing;
