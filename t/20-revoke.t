#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Whoever may no longer listen is told to go within a second, whichever way it
# came about: streams and held polls, from the app, the command line and the
# relay together.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use FastCGI;
use Stockroom;
use Stream;

use constant {
	SOON => 1,	# second, for half of them at least
	LATE => 5,	# seconds, for each, on a machine that is not at rest
};

my @same = ('Sec-Fetch-Site' => 'same-origin');
my @cases = qw(signout again passwd password disable lower raise token
    tokendisable tokenlower slow slowlower cgi idle);
my $s = Stockroom->new(relay => 1, users => { ana => 'editor', admin => 'admin',
    map { $_ => 'editor' } @cases });
my $admin = $s->token('admin');

# A stream and a held poll by HOW (as or token); {at}: the poll is waiting.
sub listeners
{
	my (%how) = @_;

	my $st = $s->open_stream(%how);
	my $poll = $s->open_poll(%how);
	my @both = ($st, $poll);
	ok(Stream->wait_all(\@both, sub { $_->count('room_joined') }, 10),
	    'both listen');
	# All that the two tell each other of is behind us: it is held now.
	my $n = @{ $poll->{answers} };
	Stream->wait_until(\@both, sub {
		return $poll->waiting && time - $poll->{asked_at} > 0.3;
	}, 10);
	ok($poll->waiting, 'the poll is held');
	return @both;
}

# How ST is told to go and when.  A poll that news had answered just before
# asks in vain.
sub told
{
	my ($st) = @_;

	my $bye = $st->wait_for('disconnect', LATE);
	return ($bye->{data}{code}, $bye->{at}) if $bye;
	return ('ticket', time) if $st->isa('Poll') && $st->{status} == 401;
	return ('nothing', time);
}

my %took;

# ACT takes from the user of a case what HOW is; both are told at once.
sub ends
{
	my ($case, $name, $act, %how) = @_;

	my @both = listeners(%how);
	my %pings = map { $_ => $_->count('ping') } @both;
	$act->();
	my $done = time;
	for my $st (@both) {
		my $what = "$name: the " . ($st == $both[0] ? 'stream' :
		    'held poll');
		my ($code, $at) = told($st);
		is($code, 'ticket', $what);
		my $took = $at - $done;
		cmp_ok($took, '<', LATE, "$what ends at once");
		is($st->count('ping'), $pings{$st},
		    "$what waits for no ping");
		ok($st->wait_end(LATE), "$what is over");
		push @{ $took{$st == $both[0] ? 'stream' : 'poll'} }, $took;
		my $ticket = $st->{join}{ticket};
		is(Stream->open(unix => $s->push_socket,
		    ticket => $ticket)->wait_status, 401,
		    "$what: its ticket opens no stream");
		is(Stream->open(unix => $s->push_socket, path => '/push/poll',
		    ticket => $ticket)->wait_status, 401, "$what: nor a poll");
		for (['beat', {}], ['cursor', {}],
		    ['lease', { action => 'take', row => 'A' }]) {
			my ($post, $body) = @$_;
			is($s->relay_http('POST', "/push/$post",
			    ticket => $ticket, json => $body)->{status}, 401,
			    "$what: nor does it serve a $post");
		}
	}
	my $here = $s->get('/inventory/collaboration/presence',
	    token => $admin)->{json}{users};
	is(scalar(grep { $_->{username} eq $case } @$here), 0,
	    "$name: nobody sees the user any more");
}

my $witness = $s->open_stream(as => 'ana');
my $other = $s->open_poll(as => 'ana');
ok($_->wait_for('room_joined', 10), 'ana listens') for $witness, $other;

# -- sessions

ends('signout', 'signed out', sub {
	is_status($s->delete('/session', as => 'signout'), 204, 'out');
}, as => 'signout');

ends('again', 'signed in anew by the same browser', sub {
	is_status($s->post('/session', { username => 'again',
	    password => $s->PASSWORD }, as => 'again'), 201, 'in');
}, as => 'again');

ends('passwd', 'a new password by the admin', sub {
	$s->ctl_ok(['user', 'passwd', 'passwd'], "another one\n");
}, as => 'passwd');

# A new password of one's own ends the other sessions, and every ticket of this
# one: its cookie may have been somebody else's too.
sub new_password
{
	my ($cookie, $current, $new) = @_;

	my $r = $s->post('/session/password', { current => $current,
	    new => $new }, headers => { Cookie => $cookie, @same });
	is_status($r, 204, 'a new password');
	return ($r->{headers}{'set-cookie'} =~ /^([^;]+)/)[0];
}

my $there = $s->sign_in('password');
my $here = $s->sign_in('password', again => 1);
$s->{cookie}{password} = $there;
ends('password', 'a new password, the other session', sub {
	$here = new_password($here, $s->PASSWORD, 'something else');
}, as => 'password');
$s->{cookie}{password} = $here;
ends('password', 'a new password, its own session', sub {
	$here = new_password($here, 'something else', 'something new');
}, as => 'password');
is_status($s->get('/session', headers => { Cookie => $here }), 200,
    'which goes on');

ends('disable', 'disabled', sub {
	$s->ctl_ok(['user', 'disable', 'disable']);
}, as => 'disable');
ends('lower', 'a lower role', sub {
	$s->ctl_ok(['user', 'role', 'lower', 'viewer']);
}, as => 'lower');
ends('raise', 'a higher role', sub {
	$s->ctl_ok(['user', 'role', 'raise', 'admin']);
}, as => 'raise');

# -- tokens

ends('token', 'a revoked token', sub {
	$s->ctl_ok(['token', 'revoke', 'token token']);
}, token => $s->token('token'));
ends('tokendisable', "a disabled user's token", sub {
	$s->ctl_ok(['user', 'disable', 'tokendisable']);
}, token => $s->token('tokendisable'));
ends('tokenlower', 'a token of a lower role', sub {
	$s->ctl_ok(['user', 'role', 'tokenlower', 'viewer']);
}, token => $s->token('tokenlower'));

# -- who was known when the request began, and no more when it ended

sub slow_join
{
	my ($name, $act, @headers) = @_;

	my $c = FastCGI->connect($s->app_socket);
	$c->begin->params([$s->params('POST', '/api/v1/inventory/' .
	    'collaboration/join', body => '{}', type => 'application/json',
	    headers => { @headers })]);
	# The body is read after the look at who asks.
	ok($c->taken && $c->stdin('{')->taken, "$name: it waits for the rest");
	$act->();
	my $r = $c->stdin('}')->stdin('')->response;
	is($r->{status}, 200, "$name: it was let in");
	my $ticket = $Stockroom::json->decode($r->{body})->{ticket};
	is(Stream->open(unix => $s->push_socket, path => $_,
	    ticket => $ticket)->wait_status, 401, "$name: not to $_")
	    for qw(/push/stream /push/poll);
}

slow_join('signed out meanwhile', sub {
	is_status($s->delete('/session', as => 'slow'), 204, 'out');
}, Cookie => $s->sign_in('slow'), @same);
my $slow = $s->token('slowlower');
$s->join_room(token => $slow);	# its use is noted once in a while
slow_join('lowered meanwhile', sub {
	$s->ctl_ok(['user', 'role', 'slowlower', 'viewer']);
}, Authorization => "Bearer $slow");
is(Stream->open(unix => $s->push_socket, ticket => $s->join_room(
    token => $slow)->{ticket})->wait_status, 200, 'a later ticket opens one');

# -- one request a process: it tells by itself

$s->stop('app');
$s->{app} = 0;
ends('cgi', 'signed out by CGI', sub {
	is_status($s->delete('/session', as => 'cgi'), 204, 'out');
}, as => 'cgi');
ends('idle', 'disabled when nobody asks', sub {
	$s->ctl_ok(['user', 'disable', 'idle']);
}, as => 'idle');

is($witness->count('disconnect') + $other->count('disconnect'), 0,
    'ana was never sent away');
ok(!$witness->{ended}, 'her stream goes on');
for my $way (sort keys %took) {
	my @t = sort { $a <=> $b } @{ $took{$way} };
	cmp_ok($t[@t / 2], '<=', SOON, "$way: told to go within a second");
	diag(sprintf '%s: told to go after %.0f ms, at most %.0f ms', $way,
	    1000 * $t[@t / 2], 1000 * $t[-1]);
}
$_->close for $witness, $other;
$s->finish;
done_testing;
