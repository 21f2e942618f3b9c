# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What a read costs: one item and a page of 50, through nginx as it is
# shipped, beside the floors (nginx by itself, libfcgi's "ok" behind the same
# nginx) and beside two peers that are asked directly.  All answer the same
# bytes of the same tables; 16 connections of one client.

package Rest;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use HTTP::Tiny;

use Bench;
use Nginx;
use Stockroom;
use Wrk;

use constant {
	ITEMS => 20_000,
	CONNECTIONS => 16,
	ONE => '/api/v1/inventory/items/PART-%05d',
	PAGE => '/api/v1/inventory/items?limit=50',
};

my $bench = __FILE__ =~ s{/lib/Rest\.pm$}{}r;

# The app, behind nginx.
sub ours
{
	return Stockroom->new(relay => 1, nginx => 1, items => ITEMS);
}

# libfcgi's "ok" behind the same nginx.
sub ok
{
	my $s = Stockroom->new(app => 0, users => {}, nginx => 1);

	$s->spawn('ok', [Stockroom::build() . '/bench/ok', $s->app_socket]);
	$s->wait_for(sub { -S $s->app_socket }) or die "no ok\n";
	return $s;
}

# What SQLite alone does, on a copy of S's database, behind the same nginx.
sub bare
{
	my ($of) = @_;

	my $copy = "$of->{dir}/bare.db";
	my $s = Stockroom->new(app => 0, users => {}, nginx => 1);
	$of->ctl_ok(['data', 'backup', $copy, '--force']);
	$s->spawn('app', [Stockroom::build() . '/bench/bare', $s->app_socket,
	    $copy]);
	$s->wait_for(sub { -S $s->app_socket }) or die "no bare\n";
	return $s;
}

# A copy of our database in which TOKEN is found as the peers look for it.
sub copy
{
	my ($s, $token, $name) = @_;

	my $file = "$s->{dir}/$name.db";
	$s->ctl_ok(['data', 'backup', $file]);
	my $hash = sha256_hex($token);
	system('sqlite3', $file, "UPDATE token SET secret_hash = '$hash'" .
	    " WHERE name = 'ana token'") == 0 or die "sqlite3 failed\n";
	return $file;
}

# Start a peer; the port on which it answers.
sub peer
{
	my ($s, $name, $command, %env) = @_;

	my $port = Nginx::free_port();
	$s->spawn($name, [map { s/PORT/$port/r } @$command], env => \%env);
	$s->{proc}{$name}{dirty} = 1;
	$s->wait_for(sub {
		die "$name ended\n" . $s->log_text($name)
		    unless $s->running($name);
		IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $port);
	}, 30) or die "no $name\n";
	return $port;
}

sub fastify
{
	my ($s, $token) = @_;

	return peer($s, 'fastify', ['node', "$bench/peers/items.mjs",
	    copy($s, $token, 'fastify'), 'PORT']);
}

# In either form; see peers/items.py.
sub fastapi
{
	my ($s, $token, $name, %form) = @_;

	return peer($s, $name, ['/usr/bin/python3', '-m', 'uvicorn',
	    '--app-dir', "$bench/peers", '--port', 'PORT', '--loop', 'uvloop',
	    '--http', 'httptools', '--no-access-log', '--log-level', 'warning',
	    'items:app'], PYTHONDONTWRITEBYTECODE => 1, %form,
	    BENCH_DB => copy($s, $token, $name));
}

# What PORT answers to TOKEN; a cursor's check is the server's own affair.
sub answer
{
	my ($port, $path, $token) = @_;

	my $r = HTTP::Tiny->new->get("http://127.0.0.1:$port$path",
	    { headers => { Authorization => "Bearer $token" } });
	die "$path: $r->{status}\n" unless $r->{status} == 200;
	return $r->{content} =~ s/("next_cursor":")[\w-]{11}/$1/r;
}

# Nobody is let in without a token, and all answer the same bytes.
sub compare
{
	my ($token, $ours, @peers) = @_;

	for my $path (sprintf(ONE, 42), PAGE) {
		my $want = answer($ours, $path, $token);
		for my $port (@peers) {
			die "another answer: $path\n"
			    if answer($port, $path, $token) ne $want;
			my $r = HTTP::Tiny->new->get(
			    "http://127.0.0.1:$port$path",
			    { headers => { Authorization =>
			    'Bearer sr_' . 'x' x 43 } });
			die "$path: $r->{status} without a token\n"
			    if $r->{status} != 401;
		}
	}
}

# All take turns at being asked for PATH.
sub take_turns
{
	my ($path, $token, $s, $ok, $bare, $fastify, $fastapi, $hand) = @_;

	my $ask = sub {
		my ($port, $what, @pids) = @_;
		my $run = sub {
			return Wrk::run(port => $port, path => $what,
			    items => ITEMS, token => $token,
			    connections => CONNECTIONS, cpu => \@pids,
			    seconds => $_[0]);
		};
		$run->(1);	# warm, compiled
		return sub { return $run->(Bench::either(3, 1)) };
	};
	return Bench::turns(
	    ours => $ask->($s->{port}, $path, $s->pid('app'),
		$s->pid('nginx')),
	    ok => $ask->($ok->{port}, $path, $ok->pid('ok'),
		$ok->pid('nginx')),
	    $path eq ONE ? (bare => $ask->($bare->{port}, $path,
		$bare->pid('app'), $bare->pid('nginx'))) : (),
	    nginx => $ask->($s->{port}, '/', $s->pid('nginx')),
	    fastify => $ask->($fastify, $path, $s->pid('fastify')),
	    fastapi => $ask->($fastapi, $path, $s->pid('fastapi')),
	    hand => $ask->($hand, $path, $s->pid('by-hand')));
}

sub reading
{
	my $s = ours();
	my $ok = ok();
	my $token = $s->token('ana');
	my $bare = bare($s);
	my @peers = (fastify($s, $token), fastapi($s, $token, 'fastapi'),
	    fastapi($s, $token, 'by-hand', BENCH_BY_HAND => 1));

	compare($token, $s->{port}, @peers);
	for my $row (['GET one item, a second', ONE, '>= 0.85'],
	    ['GET a page of 50, a second', PAGE]) {
		my ($what, $path, $floor) = @$row;
		my $got = take_turns($path, $token, $s, $ok, $bare, @peers);
		my $bare_of = sub { $got->{bare} ?
		    ['SQLite + ok', $got->{bare}{$_[0]}] : () };
		Bench::row(what => $what, ours => $got->{ours}{rate},
		    beside => [
			["libfcgi's ok", $got->{ok}{rate}, $floor],
			$bare_of->('rate'),
			['nginx itself', $got->{nginx}{rate}],
			['Fastify', $got->{fastify}{rate}, '>= 1.5'],
			['FastAPI', $got->{fastapi}{rate}, '>= 5'],
			['FastAPI by hand', $got->{hand}{rate}]]);
		Bench::row(what => '  CPU of a request, us',
		    ours => $got->{ours}{cpu},
		    beside => [
			["libfcgi's ok", $got->{ok}{cpu}],
			$bare_of->('cpu'),
			['Fastify', $got->{fastify}{cpu}],
			['FastAPI', $got->{fastapi}{cpu}],
			['FastAPI by hand', $got->{hand}{cpu}]]);
	}
	$_->end for $bare, $ok, $s;
}

1;
