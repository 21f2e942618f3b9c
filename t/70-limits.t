#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The app at the end of its means: no descriptors, no room for its files.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use FastCGI;
use Stockroom;

my $s = Stockroom->new(users => { ana => 'editor' });
my $items = '/inventory/items';
my @ana = (token => $s->token('ana'));
my $pid = $s->pid('app');

# Change a soft limit of the running app.
sub limit
{
	my ($what, $soft) = @_;

	return system('prlimit', '--pid', $pid, "--$what=$soft:") == 0;
}

sub open_files
{
	opendir my $dir, "/proc/$pid/fd" or die "fd: $!";
	return scalar grep { /^\d/ } readdir $dir;
}

# Ticks of processor time that the app has used.
sub ticks
{
	open my $fh, '<', "/proc/$pid/stat" or die "stat: $!";
	my ($rest) = <$fh> =~ /\)\s(.*)/;
	my @f = split / /, $rest;
	return $f[11] + $f[12];
}

# -- no descriptors to accept with

is_status($s->post($items, { sku => 'L-1', name => 'x' }, @ana), 201,
    'all is well');
ok(limit('nofile', 20), 'no more descriptors');
my $waits = FastCGI->connect($s->app_socket);
$waits->begin->params([$s->params('GET', '/api/v1/health')])->stdin('');
my $before = ticks();
ok(!$waits->read_until(sub { 0 }, 1), 'a connection waits');
cmp_ok(ticks() - $before, '<', 30, 'and the app does not spin over it');
ok($s->running('app'), 'nor does it end');
ok(limit('nofile', 1024), 'descriptors again');
is($waits->response->{status}, 200, 'the one that waited is answered');

# -- no room for the write-ahead log

# A write: for a second the log is not emptied behind our back.
$s->sign_in('ana', again => 1);
my $wal = -s "$s->{env}{STOCKROOM_DB}-wal" || 0;
ok(limit('fsize', $wal + 100), 'no more room');
my $r = $s->post($items, { sku => 'L-2', name => 'lost' }, @ana);
is_problem($r, 503, 'a write is refused');
is($r->{headers}{'retry-after'}, 1, 'and may be tried again');
is_status($s->get("$items/L-1", @ana), 200, 'reading goes on');
is_status($s->get("$items/L-2", @ana), 404, 'nothing of it is there');
is_problem($s->post($items, { sku => 'L-2', name => 'lost' }, @ana), 503,
    'it stays so');
ok(limit('fsize', 'unlimited'), 'room again');
is_status($s->post($items, { sku => 'L-2', name => 'anew' }, @ana), 201,
    'a write is taken');
$r = $s->get('/inventory/changes?since=0', @ana);
is(join(' ', map { "$_->{seq} $_->{sku}" } @{ $r->{json}{changes} }),
    '1 L-1 2 L-2', 'and the log has no gap');

# -- a mass of connections, most of them idle

my @many = grep { $_ } map { FastCGI->connect($s->app_socket, keep => 1) }
    1 .. 200;
is(scalar @many, 200, 'two hundred idle connections');
is_status($s->get('/health'), 200, 'do not keep others out');
my $n = open_files();
$_->close for @many;
ok($s->wait_for(sub { open_files() <= $n - 190 }, 10),
    'and are closed when they go');

$s->finish;
done_testing;
