#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Every committed change reaches the streams, once and in order, whatever is
# killed between the commit and the sending.

use strict;
use warnings;

use File::Temp ();
use FindBin;
use IO::Socket::UNIX;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Socket qw(SOCK_STREAM);
use Test::More;

use Check;
use FastCGI;
use Stockroom;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' });
my $items = '/inventory/items';
my @ana = (token => $s->token('ana'));
my $made = 0;

# An event socket where nobody is.
my @nobody = (env => { STOCKROOM_EVENT_SOCKET => "$s->{dir}/nobody.sock" });

sub make
{
	my (%opt) = @_;

	$made++;
	return is_status($s->post($items, { sku => "N-$made",
	    name => "number $made" }, @ana, %opt), 201,
	    "N-$made is committed");
}

# The numbers of the changes that a stream has had.
sub seqs
{
	my ($st) = @_;

	return join ' ', map { $_->{data}{seq} }
	    $st->named('inventory_changed');
}

# Whether a stream has had FIRST to LAST, once each, in order.
sub has_all
{
	my ($st, $first, $last, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
	    $_->{data}{seq} == $last }, 10);
	return is(seqs($st), join(' ', $first .. $last), $name);
}

sub opened
{
	my (%opt) = @_;

	my $st = $s->open_stream(token => $ana[1], %opt);
	ok($st->wait_for('room_joined', 10), 'a stream is open');
	return $st;
}

# -- the app is killed between commit and send

my $st = opened();
my $start = $st->{join}{position};
make();
has_all($st, 1, 1, 'it is announced');
$s->stop('app');
$s->start('app', @nobody);
make() for 1 .. 3;
$s->kill('app', 'KILL');
$s->reap('app');
$s->start('app');
has_all($st, 1, 4, 'the next app sends what the killed one did not');
make();
has_all($st, 1, 5, 'and goes on from there');

# -- a CGI process is killed there

$s->stop('app');
my $silent = IO::Socket::UNIX->new(Type => SOCK_STREAM,
    Local => "$s->{dir}/silent.sock", Listen => 8) or die "listen: $!";
{
	# Nobody reads this socket: the process waits for an answer of the
	# relay when it has committed, and is killed then.
	my $body = $Stockroom::json->encode({ sku => 'N-6', name => 'six' });
	my %p = $s->params('POST', "/api/v1$items", body => $body,
	    type => 'application/json',
	    headers => { Authorization => "Bearer $ana[1]" });
	my ($in, $out) = map { File::Temp->new(DIR => $s->{dir}) } 1, 2;
	print $in $body;
	$in->flush;
	seek $in, 0, 0;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		@ENV{keys %{ $s->{env} }} = values %{ $s->{env} };
		@ENV{keys %p} = values %p;
		$ENV{STOCKROOM_EVENT_SOCKET} = "$s->{dir}/silent.sock";
		POSIX::dup2(fileno $in, 0);
		POSIX::dup2(fileno $out, 1);
		open STDERR, '>>', $s->log_file('cgi');
		exec "$s->{build}/stockroom-app" or POSIX::_exit(127);
	}
	ok($s->wait_for(sub { -s $out->filename }, 10), 'CGI has answered');
	CORE::kill 'KILL', $pid;
	waitpid $pid, 0;
	is($? & 127, 9, 'and was killed before it could send');
	open my $fh, '<', $out->filename or die;
	like(scalar <$fh>, qr/^Status: 201/, 'N-6 is committed');
	$made++;
}
is(seqs($st), '1 2 3 4 5', 'it is not announced');
is_status($s->get("$items/N-6", @ana, via => 'cgi'), 200,
    'the next CGI process, a mere read,');
has_all($st, 1, 6, 'sends it first');
make(via => 'cgi');
has_all($st, 1, 7, 'what a CGI process writes is announced');

# -- two apps send at once

$s->start('app');
my $second = "$s->{dir}/second.sock";
$s->spawn('app2', ["$s->{build}/stockroom-app", '--socket', $second]);
ok($s->wait_for(sub {
	my $r = FastCGI::request($second, [$s->params('GET',
	    '/api/v1/health')], '');
	return $r && $r->{status};
}, 30), 'a second app serves');
my @got = parallel(4, sub {
	my ($n) = @_;

	my $path = $n % 2 ? $second : $s->app_socket;
	return [map {
		my $body = $Stockroom::json->encode({ sku => "P-$n-$_",
		    name => 'one of many' });
		my $r = FastCGI::request($path, [$s->params('POST',
		    "/api/v1$items", body => $body,
		    type => 'application/json',
		    headers => { Authorization => "Bearer $ana[1]" })],
		    $body);
		$r ? $r->{status} : 0;
	} 1 .. 25];
});
is(join(' ', grep { $_ != 201 } map { @{ $_ // [0] } } @got), '',
    'a hundred writes by two apps');
$made += 100;
has_all($st, 1, $made, 'each is announced once, in order');
$s->stop('app2');

# -- the relay is restarted, the app goes on

$s->kill('relay', 'KILL');
$s->reap('relay');
$st->close;
make();
$s->start('relay');
$s->wait_joined;
$st = opened(position => $start);
has_all($st, 1, $made, 'the new relay has all, from the app');
make();
has_all($st, 1, $made, 'and what comes');

# -- the relay is restarted, and the app is not there

$s->stop('app');
$s->kill('relay', 'KILL');
$s->reap('relay');
$st->close;
$s->start('relay');
$s->start('app');
$s->wait_joined;
make();
$st = opened(position => $start);
has_all($st, 1, $made, 'the app brings all of it when it comes');

# -- a relay that knows a later history

$s->stop('app');
{
	local $s->{env}{STOCKROOM_DB} = "$s->{dir}/later.db";
	local $s->{token} = {};
	$s->ctl_ok(['user', 'add', 'ana', '--role', 'editor'], "stockroom\n");
	$s->start('app');
	$s->wait_joined;
	ok($st->wait_for(sub { $_->{event} eq 'disconnect' &&
	    $_->{data}{code} eq 'epoch' }, 10),
	    'another history: the streams are told');
	$s->stop('app');
}
$s->spawn('app', ["$s->{build}/stockroom-app", '--socket',
    $s->app_socket]);
$s->{proc}{app}{dirty} = 1;
my $status = $s->reap('app', 10);
ok(defined $status && $status != 0, 'an app of the earlier one ends');
like($s->log_text('app'), qr/later history/, 'and says why');

$s->finish;
done_testing;
