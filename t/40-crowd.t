#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Two thousand people at once, through nginx: all get in, all get every event,
# those who do not read harm nobody else, and after a restart of the relay all
# are back within seconds, at a cost that grows with their number and not with
# its square.  The figures are printed; the limits are generous.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Load;
use Proc;
use Stockroom;

# Sanitizers make programs several times slower, and this one is about speed.
my $sanitized;
BEGIN { $sanitized = Stockroom::sanitized() }

use constant {
	CLIENTS => $ENV{STOCKROOM_CROWD} // ($sanitized ? 1000 : 2000),
	POLL => 25,		# per cent of them
	BACK => $sanitized ? 60 : 25,	# seconds until all are back
	FRAMES => 30,		# about others, to each client in a storm
	NGINX => 14,		# KiB of nginx for each
};

my $s = Stockroom->new(relay => 1, nginx => 1, users => { ana => 'editor' });
my $crowd;

# Do something, and some writes, one after the other; the figures of that, with
# the delays until the clients have them.
sub delivery
{
	my ($what, $do) = @_;

	$crowd->run('reset');
	$do->() if $do;
	$crowd->run($_) for 'write 20 5', 'written';
	my $level = $crowd->run('level');
	ok($level->{ok}, "$what: all get every event") or
	    diag(explain($level));
	my $f = $crowd->run('figures');
	note(sprintf '%s: %d deliveries, p50 %s p99 %s max %s ms; relay ' .
	    'CPU %d ms', $what, (map { $f->{delivery}{$_} } qw(count p50_ms
	    p99_ms max_ms)), $f->{relay_cpu_ms});
	return $f;
}

# Wait until all are back and have the newest event; what it cost.
sub storm
{
	my ($what) = @_;

	$crowd->run('relay ' . $s->pid('relay'));
	my $t = time;
	my $joined = $crowd->run('joined');
	my $level = $crowd->run('level');
	my $took = time - $t;
	ok($joined->{ok} && $level->{ok}, "$what: all come back") or
	    diag(explain([$joined, $level]));
	cmp_ok($took, '<', BACK, "$what: within seconds");
	my $f = $crowd->run('figures');
	note(sprintf '%s: all back and level after %.1f s; passing ' .
	    'frames: %.1f each; relay CPU %d ms', $what, $took,
	    $f->{passing} / CLIENTS, $f->{relay_cpu_ms});
	cmp_ok($f->{passing}, '<', FRAMES * CLIENTS,
	    "$what: the cost grows with the crowd, not with its square");
}

# -- a few at the relay itself: nothing takes in what a client leaves
{
	my $few = Load->new($s, push => $s->push_socket, clients => 200);
	$few->run($_) for 'open 200', 'joined';
	my ($well, $ill) = map {
		$few->run($_) for @$_, 'reset', 'write 600 200', 'written',
		    'level';
		$few->run('figures')->{delivery};
	} [], ['freeze 1', 'trickle 1 1024'];
	note(sprintf '200 at the relay: p99 %s ms; one frozen, one at ' .
	    '1 kB/s: %s ms', map { $_->{p99_ms} } $well, $ill);
	cmp_ok($ill->{count}, '>', 0.9 * $well->{count},
	    'one frozen, one at 1 kB/s: the others get everything');
	cmp_ok($ill->{p99_ms}, '<', 3 * $well->{p99_ms} + 1500,
	    'without a delay');
	ok($few->run('check')->{ok}, 'once and in order');
	$few->end;
}

# -- all come

$crowd = Load->new($s, clients => CLIENTS, poll => POLL,
    patience => 60);
$crowd->run('relay ' . $s->pid('relay'));
my $nginx = Proc::private($s->pid('nginx'));
my $t = time;
$crowd->run('open 2000');
ok($crowd->run('joined')->{ok}, CLIENTS . ' clients join') or
    diag(explain($crowd->run('figures')));
my $f = $crowd->run('figures');
note(sprintf 'all in after %.1f s; first frame p50 %s p99 %s ms; relay CPU ' .
    '%d ms, memory %d KiB, %.1f frames each', time - $t, (map {
    $f->{first_frame}{$_} } qw(p50_ms p99_ms)), @$f{qw(relay_cpu_ms
    relay_private_kib)}, $f->{frames} / CLIENTS);
$nginx = (Proc::private($s->pid('nginx')) - $nginx) / CLIENTS;
note(sprintf 'nginx holds %.1f KiB for each', $nginx);
cmp_ok($nginx, '<', NGINX, 'nginx holds little for each');

# -- all get everything, whatever some do

$crowd->run($_) for 'write 8', 'written', 'level';
my $calm = delivery('calm');
$crowd->run('freeze 2');
$crowd->run('trickle 2 1024');
my $crippled = delivery('two frozen, two at 1 kB/s');
cmp_ok($crippled->{delivery}{p99_ms}, '<',
    3 * $calm->{delivery}{p99_ms} + 1500,
    'nobody else waits for them');
$crowd->run('thaw');

# -- nginx is reloaded

my $reload = delivery('nginx reloaded', sub { $s->kill('nginx', 'HUP') });
cmp_ok($reload->{ends}, '<', CLIENTS / 100,
    'hardly anybody has noticed');

# -- the relay ends in order, and is killed

$crowd->run('write 200 20');
$crowd->run('reset');
$s->restart('relay');
storm('the relay restarts');
$crowd->run('reset');
$s->kill('relay', 'KILL');
$s->reap('relay');
$s->start('relay');
storm('the relay is killed');
$crowd->run('written');
ok($crowd->run('level')->{ok}, 'all get what was written meanwhile');

my $check = $crowd->run('check');
ok($check->{ok}, 'every event, once and in order') or diag(explain($check));
is($crowd->end, 0, 'load says so, too');

$s->finish;
done_testing;
