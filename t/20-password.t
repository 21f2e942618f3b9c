#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Changing one's own password: what it asks for, what it ends, what goes on.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor',
    ben => 'editor', vera => 'viewer' });
my @ours = ('Sec-Fetch-Site' => 'same-origin');

sub sign_in
{
	my ($user, $password) = @_;

	my $r = $s->post('/session', { username => $user,
	    password => $password }, headers => { @ours });
	return $r->{status} if $r->{status} != 201;
	return ($r->{headers}{'set-cookie'} =~ /^([^;]+)/)[0];
}

sub change
{
	my ($cookie, $current, $new, @opt) = @_;

	return $s->post('/session/password', { current => $current,
	    new => $new }, headers => { @ours, Cookie => $cookie }, @opt);
}

sub who
{
	my ($cookie) = @_;

	return $s->get('/session', headers => { Cookie => $cookie })->{status};
}

# A stream of a session or token, open.
sub stream
{
	my ($name, %opt) = @_;

	my $ticket = delete $opt{ticket};
	my $join = $s->post('/inventory/collaboration/join',
	    { $ticket ? (ticket => $ticket) : () }, %opt);
	my $st = $s->open_stream(join => $join->{json});
	ok($st->wait_for('room_joined', 10), "$name: a stream");
	return $st;
}

# -- what is refused, with nothing changed

my $here = sign_in('vera', 'stockroom');
my %bad = (
	'too short' => ['stockroom', 'screws', '/new'],
	'seven characters, many bytes' => ['stockroom', 'äöüäöüß', '/new'],
	'too long' => ['stockroom', 'x' x 1025, '/new'],
	'too many bytes' => ['stockroom', 'ä' x 600, '/new'],
	'empty' => ['stockroom', '', '/new'],
	'the same' => ['stockroom', 'stockroom', '/new'],
	'no text' => ['stockroom', 12345678, '/new'],
	'wrong current' => ['stockroom1', 'screws and bolts', '/current'],
	'empty current' => ['', 'screws and bolts', '/current'],
);
for my $name (sort keys %bad) {
	my ($current, $new, $at) = @{ $bad{$name} };
	my $r = change($here, $current, $new);
	is_problem($r, 422, "refused: $name", pointer => $at);
	ok(!exists $r->{headers}{'set-cookie'}, '... and no cookie');
	unlike($r->{body}, qr/screws|stockroom"/, '... nothing said aloud');
}
$s->ctl_ok(['user', 'add', 'Margarethe', '--role', 'viewer'], "stockroom\n");
is_problem(change(sign_in('Margarethe', 'stockroom'), 'stockroom',
    'MARGARETHE'), 422, 'refused: the user name', pointer => '/new');
is_problem($s->post('/session/password', { current => 'stockroom',
    new => 'screws and bolts', more => 1 }, headers => { @ours,
    Cookie => $here }), 422, 'refused: more than that', pointer => '/more');
is_problem($s->post('/session/password', { new => 'screws and bolts' },
    headers => { @ours, Cookie => $here }), 422, 'refused: without current',
    pointer => '/current');
is_problem($s->request('POST', '/session/password', body => '{',
    headers => { @ours, Cookie => $here }), 400, 'refused: no JSON');
is_problem(change('a=b', 'stockroom', 'screws and bolts'), 401,
    'refused: nobody');
is_problem($s->post('/session/password', { current => 'stockroom',
    new => 'screws and bolts' }, headers => { Cookie => $here }), 403,
    'refused: it does not say where it comes from');
is_problem($s->post('/session/password', { current => 'stockroom',
    new => 'screws and bolts' }, headers => { Cookie => $here,
    Origin => 'http://evil.example' }), 403, 'refused: another origin');
is_problem($s->post('/session/password', { current => 'stockroom',
    new => 'screws and bolts' }, token => $s->token('vera')), 403,
    'refused: a token');
is(who($here), 200, 'the session goes on');
like(sign_in('vera', 'stockroom'), qr/=/, 'the old password still holds');

# -- what a new one does

my $there = sign_in('ana', 'stockroom');
$here = sign_in('ana', 'stockroom');
my $token = $s->token('ana');
my $st_here = stream('this session', headers => { @ours, Cookie => $here });
my $st_there = stream('the other', headers => { @ours, Cookie => $there });
my $st_token = stream('the token', token => $token);
my $asked = time;
my $r = change($here, 'stockroom', 'screws and bolts');
is_status($r, 204, 'a new password');
is($r->{body}, '', 'without a body');
my $now = $r->{headers}{'set-cookie'} // '';
like($now, qr/^stockroom_session=[\w-]{43}; Path=\/; Max-Age=604800; /,
    'a new cookie, for a whole week');
like($now, qr/; HttpOnly; SameSite=Lax$/, 'as well kept as the old one');
($now) = $now =~ /^([^;]+)/;
isnt($now, $here, 'with another secret');
is(who($now), 200, 'which is this session');
is(who($here), 401, 'the old secret is void');
is(who($there), 401, 'the other session is over');
is_status($s->get('/session', token => $token), 200, 'the token holds');
# Somebody else may have had the old secret, and opened a stream with it.
for (["the other session's", $st_there], ["this session's", $st_here]) {
	my ($whose, $stream) = @$_;
	my $end = $stream->wait_for('disconnect', 10);
	is($end && $end->{data}{code}, 'ticket', "$whose stream ends");
	cmp_ok($end ? $end->{at} - $asked : 99, '<', 5,
	    '... by itself, not with a later ping');
}
my $st_now = stream('this session again', headers => { @ours,
    Cookie => $now }, ticket => $st_here->{join}{ticket});
is($st_now->{join}{sid}, $st_here->{join}{sid}, 'in the same place');
is_status($s->post('/inventory/items', { sku => 'P-1', name => 'a' },
    headers => { @ours, Cookie => $now }), 201, 'this session writes');
ok($st_now->wait_for('inventory_changed', 10), 'and hears of it');
ok($st_token->wait_for('inventory_changed', 10), "so does the token's");
is(sign_in('ana', 'stockroom'), 401, 'the old password is void');
like(sign_in('ana', 'screws and bolts'), qr/=/, 'the new one holds');
is_status(change($now, 'screws and bolts', 'ä€𝄞 äöü'), 422, '7 characters');
is_status(change($now, 'screws and bolts', 'ä€𝄞 äöüß'), 204,
    'eight characters will do, whichever');
like(sign_in('ana', 'ä€𝄞 äöüß'), qr/=/, 'and open the door');
my $log = $s->log_text('app');
unlike($log, qr/screws|stockroom1|$here|$now/, 'no secret in the log');

# -- it is guessed no better than at the sign-in

my $cookie = sign_in('ben', 'stockroom');
my @got = map { change($cookie, "guess $_", 'screws and bolts')->{status} }
    1 .. 12;
is_deeply([@got[0 .. 9]], [(422) x 10], 'ten guesses are looked at');
is_deeply([@got[10, 11]], [429, 429], 'the next ones are not');
$r = change($cookie, 'stockroom', 'screws and bolts');
is_problem($r, 429, 'not even the right one');
cmp_ok($r->{headers}{'retry-after'} // 0, '>', 0, 'it says when');
is(sign_in('ben', 'stockroom'), 429, 'the sign-in counts with it');
is(who($cookie), 200, 'who is signed in stays so');

# -- two at once: one of them

$cookie = sign_in('vera', 'stockroom');
@got = map { $_ && $_->{status} } parallel(4, sub {
	return change($cookie, 'stockroom', "screws and bolts $_[0]");
});
is(scalar(grep { $_ == 204 } @got), 1, 'four at once: one is done') or
    diag("@got");
is(scalar(grep { $_ == 401 || $_ == 422 } @got), 3, 'the others are refused');

# -- one process a request; a longer least length

is_status(change(sign_in('Margarethe', 'stockroom'), 'stockroom',
    'screws and bolts', via => 'cgi'), 204, 'plain CGI');
$s->stop('app');
$s->start('app', env => { STOCKROOM_PASSWORD_MIN => 20 });
$cookie = sign_in('Margarethe', 'screws and bolts');
$r = $s->get('/session', headers => { Cookie => $cookie });
is($r->{json}{settings}{password_min}, 20, 'the page learns the least length');
is_problem(change($cookie, 'screws and bolts', 'nuts and bolts 1234'), 422,
    '19 of 20 characters', pointer => '/new');
is_status(change($cookie, 'screws and bolts', 'nuts and bolts 12345'), 204,
    '20 characters');
$s->finish;

# -- before there is anybody

$s = Stockroom->new(users => {});
is_deeply($s->get('/sign-in')->{json}, { auth => 'session',
    signed_in => JSON::PP::false, has_users => JSON::PP::false,
    refused => undef }, 'the sign-in page learns that nobody is there');
$s->ctl_ok(['user', 'add', 'ana', '--role', 'admin'], "stockroom\n");
ok($s->get('/sign-in')->{json}{has_users}, 'and that somebody is');
ok($s->get('/sign-in', headers => { Cookie =>
    sign_in('ana', 'stockroom') })->{json}{signed_in}, 'and who is signed in');
is_problem($s->get('/sign-in?x=1'), 400, 'it takes no parameters');
$s->finish;
done_testing;
