#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What takes time: pings, silence, grace, leases, the end of settling.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my $start = time;
my $ana = $r->joined(user => 1);	# beats at each ping
my $mute = $r->joined(user => 2);	# never beats
my $away = $r->joined(user => 3);	# hidden
$r->push(lease => $ana, { action => 'take', row => 'ONCE' });
$r->push(lease => $away, { action => 'take', row => 'KEPT' });
$r->push(beat => $away, { state => 'away' });
my $drop = $r->joined(user => 4);	# closes without a word
my $late = $r->joined(user => 5);	# closes, and comes back in time
my $busy = $r->joined(user => 8);	# never beats, but edits
$r->push(lease => $busy, { action => 'take', row => 'BUSY' });
my $rest = $r->ticket(user => 6);	# never had a stream, beats once
$r->push(beat => $rest);
my @spread = map {			# come one after the other
	sleep 0.045;
	$r->joined(user => 10 + $_);
} 1 .. 5;
my @all = ($ana, $mute, $away, @spread);
my $dropped = time;
$drop->close;
$late->close;

# Take in what comes until SUB is true; ana answers pings meanwhile.
my $answered = 0;
sub until_time
{
	my ($seconds, $sub) = @_;

	return Stream->wait_until(\@all, sub {
		while ($answered < $ana->count('ping')) {
			$r->push(beat => $ana);
			$answered++;
		}
		return $sub->();
	}, $start + $seconds - time);
}

sub left
{
	my ($user) = @_;

	return (grep { $_->{data}{user_id} == $user }
	    $ana->named('user_left'))[0];
}

until_time(6, sub { 0 });
my $kept = time;
$r->push(lease => $busy, { action => 'renew', row => 'BUSY' });
is $r->push(lease => $away, { action => 'renew', row => 'KEPT' })->{status},
    200, 'a hidden page keeps its lease';
my $back = $r->joined(user => 5, sid => $late->{events}[0]{data}{sid});
push @all, $back;
until_time(24, sub { left(4) });
ok left(4), 'one that closed is gone';
cmp_ok left(4)->{at} - $dropped, '>', 9.5, 'after its grace';
cmp_ok left(4)->{at} - $dropped, '<', 13, 'of ten seconds';
my ($list) = grep { $_->{at} - $start > 8 } $ana->named('presence_update');
is_deeply [map { $_->{state} } grep { $_->{user_id} == 3 }
    @{ $list->{data}{users} }], ['away'], 'and is hidden still';
my %for = map { $_->{row} => $_->{expires_in} } @{ $list->{data}{leases} };
cmp_ok $for{ONCE}, '<', 12000, 'the list says how long a lease lasts yet';
cmp_ok $for{KEPT}, '>', $for{ONCE} + 4000, 'and knows of its renewal';
ok $list, 'at the end of settling the list comes whole';
cmp_ok $list->{at} - $start, '<', 14, 'after ten seconds';
my $new = $r->joined(user => 7);
ok !$new->{joined}{data}{settling}, 'no more settling';
$new->close;

until_time(24, sub { $mute->count('ping') });
my ($ping) = $mute->named('ping');
ok $ping, 'a ping';
cmp_ok $ping->{at} - $start, '>', 14, 'after';
cmp_ok $ping->{at} - $start, '<', 18, '15 seconds';
is $ping->{data}{position}, Relay::EPOCH . ':0', 'with the position';
until_time(24, sub { !grep { !$_->count('ping') } @spread });
my @at = sort { $a <=> $b } map { ($_->named('ping'))[0]{at} } @spread;
cmp_ok scalar(grep { $at[$_] - $at[$_ - 1] > 0.02 } 1 .. $#at), '<', 3,
    'those of some who came one by one go together';
is $ping->{data}{presence_version},
    ($ana->named('ping'))[0]{data}{presence_version},
    'and the version of the presence';

sub expired
{
	my ($row) = @_;

	return (grep { $_->{data}{row} eq $row &&
	    $_->{data}{action} eq 'expired' }
	    $ana->named('lease_changed'))[0];
}

until_time(30, sub { expired('KEPT') });
ok expired('ONCE'), 'a lease that is not renewed ends';
cmp_ok expired('ONCE')->{at} - $start, '>', 19, 'after';
cmp_ok expired('ONCE')->{at} - $start, '<', 24, 'twenty seconds';
ok expired('KEPT'), 'so does one that is renewed once';
cmp_ok expired('KEPT')->{at} - $kept, '>', 19, 'later';

until_time(38, sub { left(2) && left(6) && $ana->count('ping') > 1 });
ok left(2), 'one that does not beat is gone';
cmp_ok left(2)->{at} - $start, '>', 29, 'not before';
cmp_ok left(2)->{at} - $start, '<', 35, 'thirty seconds';
ok !$mute->{ended}, 'but it may go on reading';
ok !left(3), 'a hidden one has more time';
ok !left(5), 'one that came back is here';
ok !left(8), 'so is one that edits';
ok !left(1), 'so is one that beats';
cmp_ok $ana->count('ping'), '>=', 2, 'two pings';
ok left(6), 'so is one that follows another, and is silent';
cmp_ok left(6)->{at} - $start, '>', 29, 'as late';
is $r->push(cursor => $rest, {})->{status}, 401, 'and is forgotten';
is $r->push(beat => $mute)->{status}, 204, 'the silent one wakes';
ok $ana->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{user_id} == 2 && $_->{at} > $start + 29 }, 2),
    'and is here again';
ok $r->stream(user => 2, sid => $mute->{events}[0]{data}{sid},
    ticket => $mute->{ticket})->wait_for('room_joined'),
    'its ticket serves';

$r->finish;
done_testing;
