# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What a durable write costs, a PATCH through nginx as it is shipped: one
# writer beside one fdatasync and the floor of a request; 64 writers beside
# the very same program when each request has a commit of its own
# (bench/app-alone is built with a batch of one), and beside one that does
# nothing but commit in batches (bare.c); the first two once more where every
# fdatasync takes 2 ms longer, as on ordinary disks (slow-sync.c).

package Durable;

use strict;
use warnings;

use File::Temp ();

use Bench;
use Preload;
use Rest;
use Stockroom;
use Wrk;

use constant {
	ITEMS => 2000,
	WRITERS => 64,
	SLOW_US => 2000,
	PATH => '/api/v1/inventory/items/PART-%05d',
	# A number that no item has, so that each is a change.
	BODY => '{"quantity":1%06d}',
};

# A Stockroom whose app is PROGRAM, with ENV of its own.
sub server
{
	my ($program, %env) = @_;

	my $s = Stockroom->new(app => 0, items => ITEMS,
	    env => { STOCKROOM_USER_WRITES => 0 });
	$s->spawn('app', [Stockroom::build() . "/$program", '--socket',
	    $s->app_socket], env => \%env);
	$s->wait_for(sub { -S $s->app_socket && $s->ready_app }, 30)
	    or die "no app\n" . $s->log_text('app');
	$s->start($_) for 'relay', 'nginx';
	$s->wait_joined;
	return $s;
}

# A sub that writes to S for a while, by so many at once, with TOKEN.
sub writes
{
	my ($s, $writers, $token) = @_;

	$token //= $s->token('ana');
	return sub {
		return Wrk::run(port => $s->{port}, path => PATH,
		    items => ITEMS, patch => BODY, token => $token,
		    connections => $writers, cpu => [$s->pid('app')],
		    seconds => Bench::either(4, 1));
	};
}

# The median of an fdatasync in S's directory, in us.
sub sync_of
{
	my ($s) = @_;

	my $program = Stockroom::build() . '/bench/sync';
	return sub {
		my $us = `'$program' '$s->{dir}/sync' 400`;
		die "sync failed\n" if $?;
		return { median => $us + 0 };
	};
}

# The same for a change by SQLite alone, in a copy of S's database.
sub alone_of
{
	my ($s) = @_;

	my $program = Stockroom::build() . '/bench/alone';
	my $copy = "$s->{dir}/alone.db";
	$s->ctl_ok(['data', 'backup', $copy, '--force']);
	return sub {
		my $us = `'$program' '$copy' @{[ITEMS]} 2000`;
		die "alone failed\n" if $?;
		return { median => $us + 0 };
	};
}

# One writer: the floor is twice an fdatasync and a request that does nothing.
sub one
{
	my ($s) = @_;

	my $ok = Rest::ok();
	my $got = Bench::turns(
	    sync => sync_of($s),
	    alone => alone_of($s),
	    request => sub {
		return Wrk::run(port => $ok->{port}, path => PATH,
		    connections => 1, seconds => 1);
	    },
	    ours => writes($s, 1));
	$ok->end;
	my ($sync, $alone, $request) =
	    map { $_->{median} } @$got{qw(sync alone request)};
	Bench::row(what => 'PATCH, one writer, median us',
	    ours => $got->{ours}{median},
	    beside => [['2 syncs + ok', [map {
		2 * $sync->[$_] + $request->[$_] } 0 .. $#$sync], '<= 1'],
		['SQLite + ok', [map {
		$alone->[$_] + $request->[$_] } 0 .. $#$alone]],
		['fdatasync', $sync], ['SQLite', $alone], ['ok', $request]]);
}

# BARE: bench/bare, or nothing.
sub many
{
	my ($what, $limit, $together, $alone, $bare) = @_;

	my $token = $together->token('ana');
	my $got = Bench::turns(ours => writes($together, WRITERS),
	    alone => writes($alone, WRITERS),
	    $bare ? (bare => writes($bare, WRITERS, $token)) : ());
	my @names = (['alone', 'a commit each', $limit],
	    $bare ? ['bare', 'SQLite + ok'] : ());
	for (['rate', $what], ['cpu', '  CPU of a write, us']) {
		my ($figure, $line) = @$_;
		Bench::row(what => $line, ours => $got->{ours}{$figure},
		    beside => [map {
			my ($key, $name, $reach) = @$_;
			[$name, $got->{$key}{$figure},
			    $figure eq 'rate' ? $reach : ()];
		    } @names]);
	}
}

sub writing
{
	my $s = server('stockroom-app');
	my $alone = server('bench/app-alone');
	one($s);
	my $bare = Rest::bare($s);
	many('64 writers, a second', '>= 4', $s, $alone, $bare);
	$_->end for $bare, $alone, $s;

	my $dir = File::Temp->newdir(TMPDIR => 1);
	my $shim = Preload::build('bench/slow-sync.c', $dir);
	my %slow = (LD_PRELOAD => $shim, SLOW_SYNC_US => SLOW_US);
	($s, $alone) = (server('stockroom-app', %slow),
	    server('bench/app-alone', %slow));
	many('64 writers, fdatasync + 2 ms', '>= 14', $s, $alone);
	$_->end for $alone, $s;
}

1;
