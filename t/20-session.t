#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Signing in and out, the cookie, tokens, and who may what.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use Stockroom;

my $s = Stockroom->new;
my @same = (headers => { 'Sec-Fetch-Site' => 'same-origin' });

sub sign_in
{
	my ($inst, $user, $password, @opt) = @_;

	return $inst->post('/session', { username => $user,
	    password => $password }, @same, @opt);
}

sub attributes
{
	my ($r) = @_;

	my ($pair, @rest) = split /;\s*/, $r->{headers}{'set-cookie'} // '';
	return ($pair, join ' ', sort @rest);
}

# -- the answer and the cookie

my $r = sign_in($s, 'ana', 'stockroom');
is_status($r, 201, 'ana signs in');
is($r->{json}{user}{username}, 'ana', 'the answer says who');
is($r->{json}{user}{role}, 'editor', 'and what he may');
like($r->{json}{user}{user_id}, qr/^[0-9]+$/, 'his number');
like($r->{json}{user}{color}, qr/^(#[0-9A-Fa-f]{6})?$/, 'his colour');
ok(!exists $r->{json}{user}{token}, 'no token in a session');
like($r->{json}{build}, qr/^\d+\.\d+/, 'the build');
my $set = $r->{json}{settings};
is($set->{hover_delay_ms}, 500, 'settings: hover delay');
is($set->{room}, 'inventory_management', 'settings: room');
is_deeply($set->{rooms}, ['inventory_management'], 'settings: rooms');
ok(JSON::PP::is_bool($set->{collaboration}) && $set->{collaboration},
    'settings: collaboration');
is(scalar(grep { !/^#[0-9A-Fa-f]{6}$/ } @{ $set->{palette} }), 0,
    'settings: palette');
unlike($r->{body}, qr/stockroom1?"|argon2|hash/, 'nothing secret in it');
is($r->{json}{auth}, 'session', 'signed in by a session');

my ($pair, $attributes) = attributes($r);
like($pair, qr/^stockroom_session=[A-Za-z0-9_-]{22,}$/, 'cookie on http');
like($attributes, qr/^HttpOnly (?:Max-Age=\d+ )?Path=\/ SameSite=Lax$/,
    'its attributes: no Secure on http');

($pair, $attributes) = attributes(sign_in($s, 'ana', 'stockroom',
    params => { HTTPS => 'on' }));
like($pair, qr/^__Host-stockroom_session=/, 'cookie on https');
like($attributes, qr/^HttpOnly (?:Max-Age=\d+ )?Path=\/ SameSite=Lax Secure$/,
    'Secure on https');

$r = $s->get('/session', headers => { Cookie => $pair },
    params => { HTTPS => 'on' });
is_status($r, 200, 'that cookie opens the session on https');

$r = $s->get('/session', as => 'ana');
is_status($r, 200, 'GET who am I');
is($r->{json}{user}{username}, 'ana', 'it is ana');
is($r->{json}{settings}{hover_delay_ms}, 500, 'with the settings');
is_problem($s->get('/session'), 401, 'nobody is nobody');

# -- signing out

my ($mine) = attributes(sign_in($s, 'ana', 'stockroom'));
my ($other) = attributes(sign_in($s, 'ana', 'stockroom'));
isnt($mine, $other, 'each sign-in is a session of its own');
is_problem($s->delete('/session', headers => { Cookie => $mine }), 403,
    'signing out needs our origin');
$r = $s->delete('/session', headers => { Cookie => $mine,
    'Sec-Fetch-Site' => 'same-origin' });
is_status($r, 204, 'sign out');
is($r->{body}, '', 'without a body');
like($r->{headers}{'set-cookie'},
    qr/^stockroom_session=;.*(Max-Age=0|Expires=Thu, 01.Jan.1970)/i,
    'the cookie is taken away');
is_problem($s->get('/session', headers => { Cookie => $mine }), 401,
    'the session is over');
is_status($s->get('/session', headers => { Cookie => $other }), 200,
    'the other one goes on');
is_status($s->get('/session', headers => { Cookie => "a=b; $other; c=d" }),
    200, 'it is found among other cookies');
for my $bad ('stockroom_session=', 'stockroom_session=x',
    'stockroom_session=' . 'A' x 43, 'stockroom_session=' . 'A' x 3000,
    "stockroom_session=' OR 1=1 --", 'stockroom_session') {
	is_problem($s->get('/session', headers => { Cookie => $bad }), 401,
	    'forged cookie ' . substr $bad, 0, 40);
}

# -- refusals look alike

$s->ctl_ok(['user', 'add', 'zoe', '--role', 'editor'], "stockroom\n");
is_status(sign_in($s, 'zoe', 'stockroom'), 201, 'zoe signs in');
my $zoe = $s->sign_in('zoe');
my $zoe_token = $s->token('zoe');
is_status($s->get('/session', token => $zoe_token), 200, 'her token too');
$s->ctl_ok(['user', 'disable', 'zoe']);
is_problem($s->get('/session', headers => { Cookie => $zoe }), 401,
    "a disabled user's session ends at once");
is_problem($s->get('/session', token => $zoe_token), 401, 'her token too');

my %refused = (
	'wrong password' => sign_in($s, 'ana', 'stockroom1'),
	'empty password' => sign_in($s, 'ana', ''),
	'unknown user' => sign_in($s, 'nobody', 'stockroom'),
	'disabled user' => sign_in($s, 'zoe', 'stockroom'),
);
my %text;
for my $why (sort keys %refused) {
	my $p = $refused{$why};
	next if $why eq 'empty password' && $p->{status} == 422;
	is_problem($p, 401, $why);
	ok(!exists $p->{headers}{'set-cookie'}, "$why: no cookie");
	$text{ $p->{body} =~ s/$p->{json}{request_id}//gr } = 1;
}
is(scalar keys %text, 1, 'and every refusal reads the same');

sub median_time
{
	my ($user) = @_;

	my @t = sort { $a <=> $b } map {
		my $start = time;
		sign_in($s, $user, 'wrong');
		time - $start;
	} 1 .. 5;
	return $t[2];
}
my ($known, $unknown) = (median_time('ben'), median_time('nobody'));
cmp_ok($unknown, '>', $known / 3,
    'an unknown user takes as long as a wrong password');

# -- guessing is stopped, and only for the account it is tried on

$s->ctl_ok(['user', 'add', 'guy', '--role', 'viewer'], "stockroom\n");
for my $user ('guy', 'no such guy') {
	my @got = map { sign_in($s, $user, "guess $_") } 1 .. 11;
	is(scalar(grep { $_->{status} == 401 } @got), 10,
	    "$user: ten guesses are answered");
	is_problem($got[10], 429, "$user: the eleventh is not");
	like($got[10]{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
}
is_problem(sign_in($s, 'guy', 'stockroom'), 429,
    'nor would the right one be');
is_status(sign_in($s, "vera", 'stockroom'), 201, 'others sign in');

# -- what is asked for

my @bad = (
	[{}, 422, '/username'], [{ username => 'ana' }, 422, '/password'],
	[{ username => 1, password => 'x' }, 422, '/username'],
	[{ username => 'ana', password => 'x', x => 1 }, 422, '/x'],
	[{ username => 'ana', password => ['x'] }, 422, '/password'],
);
for (@bad) {
	my ($body, $status, $pointer) = @$_;
	is_problem($s->post('/session', $body, @same), $status,
	    "sign-in refuses $pointer", pointer => $pointer);
}
is_problem(sign_in($s, 'ana', 'x' x 5000), 422, 'a very long password');
is_problem($s->post('/session', { username => 'ana',
    password => 'stockroom' }), 403, 'sign-in needs our origin too');

# -- tokens

my $t = $s->token('ana', name => 'label printer');
$r = $s->get('/session', token => $t);
is_status($r, 200, 'a token is a sign-in of its own');
is($r->{json}{user}{token}, 'label printer', 'its name is said');
is_status($s->post('/inventory/items', { sku => 'T-1', name => 't' },
    token => $t), 201, 'it writes without an origin');
is($s->get('/inventory/items/T-1', token => $t)->{json}{updated_by},
    'ana (label printer)', 'as "user (token)"');
is_problem($s->get('/session', token => 'sr_' . 'A' x 43), 401,
    'a token that is none');
is_problem($s->get('/session', token => 'garbage'), 401, 'garbage');
is_problem($s->get('/session', headers => { Authorization => 'Basic YTpi' }),
    401, 'another scheme');
is_problem($s->get('/session', as => 'ana', token => 'sr_bad'), 401,
    'a bad token is not saved by a good cookie');
is_status($s->get('/session', headers => { Authorization => "bearer $t" }),
    200, 'the scheme is read without regard to case');
my $low = $s->token('ana', name => 'scale', role => 'viewer');
is_problem($s->post('/inventory/items', { sku => 'T-2', name => 't' },
    token => $low), 403, "a token's own role counts");
like($s->ctl_ok(['token', 'list']), qr/label printer/, 'tokens are listed');
unlike($s->ctl_ok(['token', 'list']), qr/\Q$t\E/, 'without their secret');
$s->ctl_ok(['token', 'revoke', 'label printer']);
is_problem($s->get('/session', token => $t), 401, 'a revoked token');

# -- a new password or role counts at once

my $cookie = $s->sign_in('ben');
$s->ctl_ok(['user', 'role', 'ben', 'viewer']);
is_problem($s->post('/inventory/items', { sku => 'T-3', name => 't' },
    headers => { Cookie => $s->sign_in('ben', again => 1),
    'Sec-Fetch-Site' => 'same-origin' }), 403, 'ben became a viewer');
isnt($s->post('/inventory/items', { sku => 'T-3', name => 't' },
    headers => { Cookie => $cookie, 'Sec-Fetch-Site' => 'same-origin' })
    ->{status}, 201, 'in his old session too');
$s->ctl_ok(['user', 'role', 'ben', 'editor']);
$cookie = $s->sign_in('ben', again => 1);
$s->ctl_ok(['user', 'passwd', 'ben'], "another one\n");
is_problem($s->get('/session', headers => { Cookie => $cookie }), 401,
    'a new password ends the old sessions');
is_problem(sign_in($s, 'ben', 'stockroom'), 401, 'the old password is void');
is_status(sign_in($s, 'ben', 'another one'), 201, 'the new one is not');

# -- below a prefix

my $b = Stockroom->new(users => { ana => 'editor' },
    env => { STOCKROOM_BASE => '/stock' });
($pair, $attributes) = attributes(sign_in($b, 'ana', 'stockroom'));
like($pair, qr/^stockroom_session=/, 'cookie below a prefix, http');
like($attributes, qr/Path=\/stock(?: |$)/, 'its path');
($pair, $attributes) = attributes(sign_in($b, 'ana', 'stockroom',
    params => { HTTPS => 'on' }));
like($pair, qr/^__Secure-stockroom_session=/, 'cookie below a prefix, https');
like($attributes, qr/Path=\/stock SameSite=Lax Secure$/, 'its path');
is_status($b->get('/session', headers => { Cookie => $pair },
    params => { HTTPS => 'on' }), 200, 'it opens the session');
is_problem($b->get('//api/v1/session', as => 'ana'), 404,
    'outside of the prefix there is nothing');
$b->finish;

$s->finish;
done_testing;
