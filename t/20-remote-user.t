#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# STOCKROOM_AUTH=remote_user: the web server says who somebody is, by the
# parameter REMOTE_USER and by nothing else.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 ();
use Test::More;
use Time::HiRes ();

use Check;
use Stockroom;

binmode $_, ':utf8' for map { Test::More->builder->$_ }
    qw(output failure_output todo_output);

my $items = '/inventory/items';
my $join = '/inventory/collaboration/join';
my %remote = (STOCKROOM_AUTH => 'remote_user');
my @ours = ('Sec-Fetch-Site' => 'same-origin');
my $n = 0;

# Options of a request that the web server says NAME has made.
sub by
{
	my ($name, %opt) = @_;

	return (params => { REMOTE_USER => $name }, headers => { @ours },
	    %opt);
}

# The user's role in the admin's list; undef when not there.
sub listed
{
	my ($s, $name) = @_;

	my ($role) = $s->ctl_ok(['user', 'list']) =~ /^\Q$name\E\s+(\w+)/m;
	return $role;
}

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' },
    env => { %remote, STOCKROOM_SIGNOUT_URL => '/oidc?logout=/' });

# -- at first sight

my $r = $s->get('/session', by('maria'));
is_status($r, 200, 'a new name is let in');
is($r->{json}{user}{username}, 'maria', 'as who it is');
is($r->{json}{user}{role}, 'viewer', 'as a viewer');
is($r->{json}{auth}, 'remote_user', 'by the web server');
is($r->{json}{settings}{signout_url}, '/oidc?logout=/', 'where Sign out goes');
ok(!exists $r->{headers}{'set-cookie'}, 'without a cookie');
my $id = $r->{json}{user}{user_id};
is($s->get('/session', by('maria'))->{json}{user}{user_id}, $id,
    'the next time it is the same user');
is($s->get('/session', by('MARIA'))->{json}{user}{username}, 'maria',
    'in any case');
is($s->get('/session', by('ana'))->{json}{user}{role}, 'editor',
    'a user who was there keeps the role');
is(listed($s, 'maria'), 'viewer', 'the admin sees her');
$r = $s->get('/sign-in', by('maria'));
is_deeply($r->{json}, { auth => 'remote_user', refused => undef,
    signed_in => JSON::PP::true, has_users => JSON::PP::true },
    'the sign-in page learns that she is signed in');
$r = $s->get('/sign-in');
is_deeply($r->{json}, { auth => 'remote_user', refused => undef,
    signed_in => JSON::PP::false, has_users => JSON::PP::true },
    'and that nobody is');

# Two first requests at once make one user.
my @who = map { $_ && $_->{json}{user}{user_id} } parallel(8, sub {
	return $s->get('/session', by('race'));
});
is_deeply([grep { !defined || $_ != $who[0] } @who], [],
    'eight first requests, one user') or diag("@who");

# -- names

for my $good ('LAB\\ana', 'ana@LAB.EXAMPLE', 'Jürgen Groß', 'x' x 64,
    'ö' x 64, "O'Neil", '愛') {
	my $r = $s->get('/session', by(encode_utf8($good)));
	is_status($r, 200, "a name: $good");
	is($r->{json}{user}{username}, $good, '... as it comes');
}
for my $bad ('x' x 65, 'ö' x 65, 'x' x 5000, ' ana', 'ana ', "an\ta", "\x7f",
    "an\na", "\x01") {
	is_problem($s->get('/session', by(encode_utf8($bad))), 403,
	    'no name: ' . substr($bad, 0, 20) =~ s/[^ -~]/./gr);
}
is_problem($s->get('/session', by("an\xff")), 403, 'no name: not UTF-8');
is_problem($s->get('/session', by("an\xc2\x85")), 403, 'no name: C1 control');
is_problem($s->get('/session', by('')), 401, 'an empty name is nobody');
is_problem($s->get('/session', headers => { @ours }), 401, 'no name, nobody');
is_problem($s->get('/session', by('ana'), more_params =>
    [REMOTE_USER => 'admin']), 400, 'two names are refused');

# -- no header stands in for it

my %forged = map { $_ => 'ana' } qw(Remote-User X-Remote-User REMOTE_USER
    X-Forwarded-User X-Forwarded-Preferred-Username Auth-User X-Auth-User
    X-User From Remote_User X-WEBAUTH-USER);
is_problem($s->get('/session', headers => { @ours, $_ => 'ana' }), 401,
    "the header $_ says nothing") for sort keys %forged;
is_problem($s->get('/session', headers => { @ours, %forged }), 401,
    'nor do all of them');
is($s->get('/session', by('maria', headers => { @ours, %forged }))
    ->{json}{user}{username}, 'maria', 'nor against the name');
is_problem($s->get('/session', params => { $_ => 'ana' },
    headers => { @ours }), 401, "the parameter $_ says nothing") for
    qw(REDIRECT_REMOTE_USER HTTP_REMOTE_USER REMOTE_IDENT AUTH_USER
    remote_user LOGON_USER SSL_CLIENT_S_DN_CN);
my $cookie = 'stockroom_session=' . 'A' x 43;
is_problem($s->get('/session', headers => { @ours, Cookie => $cookie }), 401,
    'a cookie says nothing');

# -- what the web server's sign-in left in Authorization

for my $left ('Basic bWFyaWE6c2VjcmV0', 'Negotiate YIIabc', 'Bearer eyJhbGci',
    'Digest username="maria"', 'NTLM TlRMTVNTUAAB', 'garbage') {
	$r = $s->get('/session', by('maria', headers => { @ours,
	    Authorization => $left }));
	is_status($r, 200, "it may come along: $left");
	is($r->{json}{auth}, 'remote_user', '... and is not looked at');
	is_problem($s->get('/session', headers => { @ours,
	    Authorization => $left }), 401, '... nor does it let anybody in');
}

# -- bearer tokens

my $token = $s->token('ana');
$r = $s->get('/session', token => $token);
is($r->{json}{user}{username}, 'ana', 'a token needs no name');
is($r->{json}{auth}, 'token', 'and says so');
$r = $s->get('/session', by('maria', token => $token));
is($r->{json}{user}{username}, 'ana', 'the token goes before the name');
is_problem($s->get('/session', by('maria', token => 'sr_' . 'B' x 43)), 401,
    'a bad token is refused, whatever the name');

# -- a browser sends along what the web server goes by, whoever makes it

my @write = ($items, { sku => 'R-1', name => 'a' });
is_problem($s->post(@write, by('ana', headers => {})), 403,
    'a write that says not where it comes from');
is_problem($s->post(@write, by('ana', headers => { 'Sec-Fetch-Site' =>
    'cross-site' })), 403, 'a write from another site');
is_problem($s->post(@write, by('ana', headers => { Origin =>
    'http://evil.example' })), 403, 'a write from another origin');
is_problem($s->get($items, by('ana', headers => { Origin =>
    'http://evil.example' })), 403, 'a read from another origin');
is_problem($s->get('/session', by('stranger', headers => { Origin =>
    'http://evil.example' })), 403, 'a stranger from another origin');
ok(!listed($s, 'stranger'), 'is no new user');
is_status($s->get($items, by('ana', headers => {})), 200,
    'a read needs to say nothing');
is_problem($s->post(@write, by('maria')), 403, 'a viewer writes nothing');
is_status($s->post(@write, by('ana')), 201, 'an editor writes');
is_status($s->post($items, { sku => 'R-2', name => 'a' }, by('ana',
    headers => { Origin => 'http://stock.lan' })), 201, 'our Origin will do');
is($s->get("$items/R-1/history", by('ana'))->{json}{changes}[0]{username},
    'ana', 'under the own name');
is_status($s->post($items, { sku => 'R-3', name => 'a' }, by('ana',
    key => 'k-1')), 201, 'with a key') for 1 .. 2;

# -- there is nothing to sign in to

is_problem($s->post('/session', { username => 'ana',
    password => 'stockroom' }, headers => { @ours }), 403, 'no sign-in');
is_problem($s->post('/session/password', { current => 'stockroom',
    new => 'another one' }, by('ana')), 403, 'no new password');

# -- streams, and what ends them

sub opened
{
	my ($name) = @_;

	my $answer = $s->post($join, {}, by($name))->{json};
	my $st = $s->open_stream(join => $answer);
	ok($st->wait_for('room_joined', 10), "$name joins");
	return $st;
}

sub is_closed
{
	my ($st, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $end = $st->wait_for('disconnect', 10);
	is($end && $end->{data}{code}, 'ticket', $name);
	cmp_ok($end ? $end->{at} - $st->{asked} : 99, '<', 10, '... at once');
}

my $st = opened('maria');
$st->{asked} = Time::HiRes::time();
is_status($s->delete('/session', by('maria')), 204, 'sign out');
is_closed($st, 'the streams of who signs out end');
is_status($s->get('/session', by('maria')), 200,
    'the web server still says that she is signed in');
$st = opened('maria');
my $other = opened('ana');
$st->{asked} = Time::HiRes::time();
$s->ctl_ok(['user', 'role', 'maria', 'editor']);
is_closed($st, 'a new role ends the streams');
is($s->get('/session', by('maria'))->{json}{user}{role}, 'editor',
    'and holds from now on');
$st = opened('maria');
$st->{asked} = Time::HiRes::time();
$s->ctl_ok(['user', 'disable', 'maria']);
is_closed($st, 'so does being disabled');
is_problem($s->$_(@{ { get => [$items], post => [$items, { sku => 'R-4',
    name => 'a' }], delete => ['/session'] }->{$_} }, by('maria')), 403,
    "a disabled user: $_") for qw(get post delete);
$r = $s->get('/sign-in', by('maria'));
is_status($r, 200, 'the sign-in page may tell her');
ok(!$r->{json}{signed_in}, 'that she is not signed in');
like($r->{json}{refused}, qr/disabled/, 'and why');
is_status($s->get('/health', by('maria')), 200, 'what is open stays open');
is_status($s->post($items, { sku => 'R-5', name => 'a' }, by('ana')), 201,
    'ana writes');
ok($other->wait_for('inventory_changed', 10), 'her stream goes on');
$s->ctl_ok(['user', 'enable', 'maria']);
is_status($s->get('/session', by('maria')), 200, 'enabled again');

# -- a ticket holds for an hour, then the web server is asked again

my ($payload) = $s->post($join, {}, by('ana'))->{json}{ticket} =~
    /^v1\.([^.]+)\./;
$payload =~ tr{-_}{+/};
my $ticket = $Stockroom::json->decode(MIME::Base64::decode($payload));
is($ticket->{ends} - $ticket->{issued} <= 3600_000 &&
    $ticket->{ends} > $ticket->{issued}, 1, 'a ticket ends within an hour');

# -- one process a request

$r = $s->get('/session', by('cgi', via => 'cgi'));
is_status($r, 200, 'plain CGI: a new name');
is($r->{json}{user}{username}, 'cgi', 'plain CGI: who it is');
is_problem($s->get('/session', via => 'cgi', headers => { @ours, %forged }),
    401, 'plain CGI: no header stands in for it');
is_status($s->post($items, { sku => 'R-6', name => 'a' }, by('ana',
    via => 'cgi')), 201, 'plain CGI: a write');
$s->finish;

# -- STOCKROOM_REMOTE_ROLE

$s = Stockroom->new(users => { ana => 'admin' }, env => { %remote,
    STOCKROOM_REMOTE_ROLE => 'none' });
is_status($s->get('/session', by('ana')), 200, 'none: who was added comes in');
is($s->get('/session', by('ana'))->{json}{user}{role}, 'admin',
    'none: an admin, made without a password');
is_problem($s->get('/session', by('maria')), 403, 'none: nobody else does');
like($s->get('/sign-in', by('maria'))->{json}{refused}, qr/no user here/,
    'none: and the page may say why');
ok(!listed($s, 'maria'), 'none: she is no user');
is($s->get('/session', by('ana'))->{json}{settings}{signout_url}, undef,
    'no place to sign out at');
$s->stop('app');
$s->start('app', env => { STOCKROOM_REMOTE_ROLE => 'editor' });
is($s->get('/session', by('maria'))->{json}{user}{role}, 'editor',
    'editor: so she is');

# -- with our own sign-in the name counts for nothing

$s->stop('app');
$s->start('app', env => { STOCKROOM_AUTH => 'session' });
is_problem($s->get('/session', by('ana')), 401, 'session: no name counts');
$s->{env}{STOCKROOM_AUTH} = 'session';
$s->ctl_ok(['user', 'passwd', 'ana'], "stockroom\n");
is_status($s->get('/session', by('maria', as => 'ana')), 200,
    'session: the cookie does');
is($s->get('/session', by('maria', headers => { @ours,
    Cookie => $s->sign_in('ana') }))->{json}{user}{username}, 'ana',
    'session: whatever the name');
is_status($s->get('/session', by('ana', more_params => [REMOTE_USER => 'x'],
    headers => { Cookie => $s->sign_in('ana') })), 200,
    'session: even two of them');
is_problem($s->post('/session', { username => 'maria', password => $_ },
    headers => { @ours }), 401, 'no password opens such an account')
    for 'stockroom', 'maria', ' ', '$argon2id$v=19$m=65536,t=2,p=1$$';
is_problem($s->post('/session', { username => 'maria', password => '' },
    headers => { @ours }), 422, 'nor the empty one');
$s->finish;
done_testing;
