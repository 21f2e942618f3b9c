#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Long-polling through nginx as it is shipped, with the real app behind it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1, nginx => 1);
my $n = 0;

# A change by ben; its seq.
sub change
{
	my $r = $s->post('/inventory/items', { sku => 'P-' . ++$n,
	    name => "item $n" }, as => 'ben');
	is_status($r, 201, "item P-$n");
	return $r->{json}{version};
}

sub seqs { return [map { $_->{data}{seq} }
	$_[0]->named('inventory_changed')] }

sub metric
{
	my ($name) = @_;

	my $text = $s->relay_http('GET', '/metrics')->{body} // '';
	return $text =~ /^stockroom_relay_\Q$name\E (-?\d+)$/m ? $1 : -1;
}

sub held
{
	my ($want, @polls) = @_;

	return Stream->wait_until(\@polls,
	    sub { metric('polls_held') == $want });
}

my $join = $s->join_room(as => 'ana');
is $join->{poll}, '/push/poll', 'join says where';
my $ana = $s->open_poll(join => $join, position => $join->{position});
my $hello = $ana->wait_for('room_joined');
ok $hello && $hello->{data}{recovered}, 'ana is in';
is $ana->{headers}{'cache-control'}, 'no-store', 'nobody keeps it';
my $ben = $s->open_stream(as => 'ben');
ok $ben->wait_for('room_joined'), 'ben streams';
ok $ana->wait_for('user_joined'), 'ana sees ben';

my @took;
for (1 .. 10) {
	ok held(1, $ana), 'held';
	my $t = time;
	my $seq = change();
	ok $ana->wait_for(sub { ($_->{data}{seq} // 0) == $seq }), 'told';
	push @took, time - $t;
}
@took = sort { $a <=> $b } @took;
cmp_ok $took[5], '<', 0.5, sprintf 'from the write on, median %.0f ms',
    1000 * $took[5];

# Who goes away while held is noticed through nginx.
my $eve = $s->open_poll(as => 'vera');
ok $eve->wait_for('room_joined'), 'vera polls, too';
ok held(2, $ana, $eve), 'both are held';
$eve->stop;
ok(Stream->wait_until([$ana], sub { $ana->waiting &&
    time - $ana->{asked_at} > 0.3 && metric('polls_held') == 1 }),
    'and one when she is gone');

# nginx is told to reload: what is held stays held, and what comes, comes.
$s->kill('nginx', 'HUP', dirty => 1);
my $reload = change();
ok $ana->wait_for(sub { ($_->{data}{seq} // 0) == $reload }),
    'a reload of nginx loses nothing';

# Without the relay: a status, and when to come back.
ok held(1, $ana), 'held again';
$s->stop('relay');
ok $ana->wait_for('disconnect'), 'the relay says that it ends';
is $ana->{events}[-1]{data}{code}, 'shutdown', 'why';
my @missed = map { change() } 1 .. 3;
$ana->ask_once;
is $ana->{status}, 503, 'while it is away: 503';
cmp_ok $ana->{headers}{'retry-after'}, '>=', 1, 'and when to come back';
is $ana->{problem}{type}, '/problems/unavailable', 'as a problem';
is $ana->{headers}{'content-type'}, 'application/problem+json',
    'and labelled so';
$s->start('relay');
$s->wait_joined;
my $back = $s->join_room(as => 'ana', ticket => $join->{ticket});
is $back->{sid}, $join->{sid}, 'a new ticket for the same page';
$ana->{address}{ticket} = $back->{ticket};
my $again = $ana->ask_once;
ok $again && $again->{events}[1]{data}{recovered}, 'back, nothing missed';
@$ana{qw(idle ended)} = (0, 0);
ok $ana->wait_for(sub {
	($_->{data}{seq} // 0) == $missed[-1] }), 'the newest is there';
is_deeply seqs($ana), [1 .. $missed[-1]], 'and all, once, in order';

# The demo and a site end old workers some day.
open my $fh, '<', $s->top . '/conf/demo/nginx.conf.in' or die;
like join('', <$fh>), qr/^worker_shutdown_timeout 60s;$/m,
    'old workers end a minute after a reload';

$_->close for $ana, $ben;
$s->finish;
done_testing;
