#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The app is killed again and again under writers: what was answered 201 is
# there, once, and was announced once and in order.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

use Check;
use FastCGI;
use Stockroom;

use constant { KILLS => 8, CLIENTS => 8, ACKS => 40 };

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' });
my $token = $s->token('ana');
my $stop = "$s->{dir}/stop";

# Make items until told to stop; a line in FILE for each that is made.
sub writer
{
	my ($k, $file) = @_;

	open my $acks, '>', $file or die "$file: $!";
	$acks->autoflush;
	for (my $i = 1; !-e $stop; $i++) {
		my $body = $Stockroom::json->encode({ sku => "C-$k-$i",
		    name => 'one of many' });
		my $r = FastCGI::request($s->app_socket, [$s->params('POST',
		    '/api/v1/inventory/items', body => $body,
		    type => 'application/json',
		    headers => { Authorization => "Bearer $token" })], $body);
		if (!$r) {
			sleep 0.005;	# nobody listens at this moment
			next;
		}
		print $acks "C-$k-$i\n" if ($r->{status} // 0) == 201;
	}
}

# The names of all that was acknowledged so far.
sub acknowledged
{
	return map {
		open my $fh, '<', "$s->{dir}/acks.$_" or return;
		map { /^(\S+)\n/ } <$fh>;
	} 1 .. CLIENTS;
}

my $st = $s->open_stream(token => $token);
ok($st->wait_for('room_joined'), 'somebody listens');
my @pids;
for my $k (1 .. CLIENTS) {
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		writer($k, "$s->{dir}/acks.$k");
		POSIX::_exit(0);
	}
	push @pids, $pid;
}
for (1 .. KILLS) {
	my $before = () = acknowledged();
	$s->wait_for(sub { (() = acknowledged()) >= $before + ACKS }, 30)
	    or last;
	$s->kill('app', 'KILL');
	$s->reap('app');
	$s->start('app');
}
open my $fh, '>', $stop or die;
close $fh;
waitpid $_, 0 for @pids;

my @acks = acknowledged();
cmp_ok(scalar @acks, '>=', KILLS * ACKS, 'writers went on between the kills');
my (%times, @seqs);
for (;;) {
	my $r = $s->get('/inventory/changes?limit=200&since=' .
	    ($seqs[-1] // 0), token => $token);
	my @changes = @{ $r->{json}{changes} } or last;
	for (@changes) {
		$times{ $_->{sku} }++;
		push @seqs, $_->{seq};
	}
}
is(join(' ', grep { !$times{$_} } @acks), '', 'nothing is lost');
is(join(' ', grep { $times{$_} > 1 } keys %times), '', 'nothing is twice');
is(join(' ', @seqs), join(' ', 1 .. @seqs), 'the log has no gap');
$st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == $seqs[-1] }, 20);
is(join(' ', map { $_->{data}{seq} } $st->named('inventory_changed')),
    join(' ', @seqs), 'all of it was announced, once, in order');

$s->finish;
done_testing;
