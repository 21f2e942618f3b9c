#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Writers that wait together share a COMMIT, and its fate.

use strict;
use warnings;

use Fcntl qw(:flock);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use FastCGI;
use Preload;
use Stockroom;

use constant WRITERS => 32;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor',
    admin => 'admin' });
my $items = '/inventory/items';
my @ana = (token => $s->token('ana'));
my @admin = (token => $s->token('admin'));

# What only an admin is told of the counters.
sub health { return $s->get('/health', @admin)->{json} }

# Send creates of PREFIX-1, PREFIX-2, ... while we hold the lock beside the
# database, until all of them wait for it; then let go.  The answers.  OTHERS,
# by number, have a token of their own and ask for less than nothing of A-1.
sub together
{
	my ($prefix, %others) = @_;

	open my $lock, '+<', "$s->{env}{STOCKROOM_DB}.lock" or die "lock: $!";
	flock $lock, LOCK_EX or die "flock: $!";
	my @conns = map {
		my $token = $others{$_} // $ana[1];
		my $body = $Stockroom::json->encode($others{$_} ?
		    { sku => 'A-1', name => 'less', quantity => -1 } :
		    { sku => "$prefix-$_", name => "number $_" });
		my $c = FastCGI->connect($s->app_socket);
		$c->begin->params([$s->params('POST', "/api/v1$items",
		    body => $body, type => 'application/json',
		    headers => { Authorization => "Bearer $token" })])
		    ->stdin($body)->stdin('');
		$c;
	} 1 .. WRITERS;
	ok($s->wait_for(sub { health()->{waiting} >= WRITERS - 1 }, 4),
	    "$prefix: all of them wait");
	close $lock;
	return map { $_->response } @conns;
}

# -- they share commits

my $ben = $s->open_stream(as => 'ana');
ok($ben->wait_for('room_joined'), 'somebody listens');
my $before = health();
my @got = together('A');
my $after = health();
is(join(' ', grep { $_->{status} != 201 } @got), '', 'all are made');
cmp_ok($after->{commits} - $before->{commits}, '>=', 1, 'a commit at least');
cmp_ok($after->{commits} - $before->{commits}, '<=', 4,
    'and at most four for all of them');
cmp_ok($after->{writes} - $before->{writes}, '>=', WRITERS,
    'every write counts');

my $r = $s->get('/inventory/changes?since=0&limit=100', @ana);
is(join(' ', map { $_->{seq} } @{ $r->{json}{changes} }),
    join(' ', 1 .. WRITERS), 'the log has no gap');
ok($ben->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == WRITERS }, 10), 'the last is announced');
is(join(' ', map { $_->{data}{seq} } $ben->named('inventory_changed')),
    join(' ', 1 .. WRITERS), 'each of them once, in order');

# -- one that is refused shares the commit of the others

@got = together('A');
is(join(' ', grep { $_->{status} != 409 } @got), '',
    'the same again: each is refused');
is(health()->{position}, $after->{position}, 'and nothing is added');

# -- one that is refused when it has already changed something: its token was
# never used before, which is noted

my %late = map { $_ => $s->token('ana', name => "late $_") } 1, 7, 8, 20,
    WRITERS;
@got = together('L', %late);
is(join(' ', map { scalar @{ $Stockroom::json->decode(
    $got[$_ - 1]{body})->{errors} // [] } } keys %late), '1 1 1 1 1',
    'five are refused, and told why once');
is(join(' ', map { $got[$_ - 1]{headers}{location} // 'none' }
    grep { !$late{$_} } 1 .. WRITERS),
    join(' ', map { "/api/v1$items/L-$_" } grep { !$late{$_} }
    1 .. WRITERS), 'all others are made, and are told so once');
my $made = 2 * WRITERS - keys %late;
like(health()->{position}, qr/:$made$/, 'the log has each of them, once');
like($s->ctl_ok(['token', 'list', '--json']),
    qr/"late 7"[^}]*"last_used_at":null/,
    'nothing is left of what was refused');

# -- the COMMIT fails

my $fault = "$s->{dir}/fault";
ok(my $shim = Preload::build('t/fault/commit-fail.c', $s->{dir}),
    'a disk that can fail');
$s->stop('app');
$s->start('app', env => { LD_PRELOAD => $shim, FAULT_FILE => $fault,
    ASAN_OPTIONS => 'detect_leaks=0:verify_asan_link_order=0' });
$s->wait_joined;
$before = health();
open my $fh, '>', $fault or die;
close $fh;
@got = together('B');
is(join(' ', grep { $_->{status} != 503 } @got), '', 'all are told: 503');
is(scalar(grep { ($_->{headers}{'retry-after'} // '') eq '1' } @got),
    WRITERS, 'and when to try again');
is(scalar(grep { ($_->{headers}{'content-type'} // '') eq
    'application/problem+json' && !$_->{headers}{location} &&
    !$_->{headers}{etag} } @got), WRITERS, 'with nothing of a success');
is($s->get("$items?q=number&limit=200", @ana)->{json}{counts}{all}, $made,
    'nothing is added');
is(health()->{position}, $before->{position}, 'no change is logged');
is(health()->{commits}, $before->{commits}, 'no commit is counted');
is($s->get("$items/A-1", @ana)->{status}, 200, 'reading goes on');

# -- and comes back, without a trace of what failed

unlink $fault;
is_status($s->post($items, { sku => 'C-1', name => 'after' }, @ana), 201,
    'the disk is well again');
ok($ben->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{sku} eq 'C-1' }, 10), 'that one is announced');
is(join(' ', map { $_->{data}{seq} } $ben->named('inventory_changed')),
    join(' ', 1 .. $made + 1), 'and nothing of what failed');

# A crash right after a failed COMMIT: its frames may be in the log's file.
open $fh, '>', $fault or die;
close $fh;
is_status($s->post($items, { sku => 'D-1', name => 'lost' }, @ana), 503,
    'another fails');
$s->kill('app', 'KILL');
$s->reap('app');
$s->start('app');
is_status($s->get("$items/D-1", @ana), 404,
    'and does not come back from the dead');
is_status($s->post($items, { sku => 'D-1', name => 'anew' }, @ana), 201,
    'so it can be made');

$s->finish;
done_testing;
