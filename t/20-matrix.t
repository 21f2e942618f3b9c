#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Who may do what: every route of THE table with every method, as everybody,
# from everywhere.  What a request must be answered is computed from the
# route's row and the few rules of expected(); a row without a class here, or
# one that is open to more than its class, fails.  Nothing that is refused
# changes anything.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use Slurp qw(slurp);
use Stockroom;

my %RANK = (none => 0, viewer => 1, editor => 2, admin => 3);

# What a row of each class must ask for: least role, flags.
my %CLASS = (
	open => ['none', ''],		# to everybody
	enter => ['none', 'BODY'],	# how one becomes somebody
	read => ['viewer', ''],
	join => ['viewer', 'BODY'],	# come and listen
	own => ['viewer', ''],		# of a session itself: no token's
	write => ['editor', 'RATE WRITE'],
	admin => ['admin', ''],
);

# Each route: its class, and what it answers an empty body, or an item that is
# not there, once somebody is let in.
my %ROUTE = (
	'POST /session' => ['enter', 422],
	'GET /session' => ['read', 200],
	'DELETE /session' => ['own', 204],
	'POST /session/password' => ['own', 422],
	'GET /sign-in' => ['open', 200],
	'GET /inventory/fields' => ['read', 200],
	'GET /inventory/items' => ['read', 200],
	'POST /inventory/items' => ['write', 422],
	'GET /inventory/items/{sku}' => ['read', 404],
	'PATCH /inventory/items/{sku}' => ['write', 404],
	'DELETE /inventory/items/{sku}' => ['write', 404],
	'POST /inventory/items/{sku}/adjustments' => ['write', 422],
	'GET /inventory/items/{sku}/history' => ['read', 404],
	'GET /inventory/changes' => ['read', 200],
	'GET /inventory/collaboration/presence' => ['read', 200],
	'POST /inventory/collaboration/join' => ['join', 200],
	'POST /inventory/collaboration/broadcast-change' => ['write', 422],
	'GET /openapi.json' => ['open', 200],
	'GET /health' => ['open', 200],
	'GET /metrics' => ['admin', 200],
);

# Where a request comes from: its headers; ours: by a page of this site;
# foreign: the browser says that it is by a page of another one.
my $app = 'https://app.example.com';	# a page that the settings allow
my %FROM = (
	'a script' => {},
	'our page' => { ours => 1,
	    headers => { 'Sec-Fetch-Site' => 'same-origin' } },
	'our Origin' => { ours => 1,
	    headers => { Origin => 'http://stock.lan' } },
	'another site' =>
	    { headers => { 'Sec-Fetch-Site' => 'cross-site' } },
	'a link' => { headers => { 'Sec-Fetch-Site' => 'none' } },
	'another origin' => { foreign => 403, headers =>
	    { Origin => 'http://evil.example',
	    'Sec-Fetch-Site' => 'cross-site' } },
	'a neighbour' => { foreign => 403, headers =>
	    { Origin => 'http://shop.stock.lan',
	    'Sec-Fetch-Site' => 'same-site' } },
	'another port' => { foreign => 403,
	    headers => { Origin => 'http://stock.lan:8080' } },
	'no origin' => { foreign => 403, headers => { Origin => 'null' } },
	'an allowed origin' => { foreign => 401, headers =>
	    { Origin => $app, 'Sec-Fetch-Site' => 'cross-site' } },
);
my @TYPES = (undef, 'text/plain', 'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x', 'application/json; charset=latin1');

# What ROW must answer WHO from FROM.  WHO: rank; token: 1, or 0 for one that
# does not hold; refused: the web server's word for somebody we do not let in.
sub expected
{
	my ($row, $who, $from, $type) = @_;

	my $need = $RANK{ $row->{role} };
	my $changes = $row->{method} ne 'GET';
	return 415 if $row->{flags} =~ /BODY/ && $type ne 'application/json';
	if (defined $who->{token}) {
		# Whatever else comes along, and from wherever.
		return 401 unless $who->{token};
		return 403 if $who->{rank} < $need ||
		    $row->{class} eq 'own';
		return $row->{in};
	}
	# A browser adds all else by itself: no other site may use it.
	return $from->{foreign} if $from->{foreign} && $need;
	return 403 if $who->{refused} && $need;
	return $who->{rank} ? 403 : 401 if $who->{rank} < $need;
	return 403 if $changes && !$from->{ours};
	return $row->{in};
}

# -- THE table, and nothing beside it

my $s = Stockroom->new(relay => 1,
    users => { %Stockroom::USERS, map { $_ => 'editor' } qw(zoe eve low out) },
    env => { ALLOW_ORIGINS => $app, STOCKROOM_USER_WRITES => 0 });
my $db = $s->{env}{STOCKROOM_DB};
my @routes = routes($s);
my $table = slurp($s->top . '/fcgi-app/routes.c');
is(scalar @routes, scalar(() = $table =~ /\bROLE_\w+/g),
    'each row of the table is read');
is_deeply([sort map { "$_->{method} $_->{path}" } @routes],
    [sort keys %ROUTE], 'each row has a class, and each class a row');
for my $row (@routes) {
	my $key = "$row->{method} $row->{path}";
	@$row{qw(class in)} = @{ $ROUTE{$key} // ['admin', 200] };
	my ($role, $flags) = @{ $CLASS{ $row->{class} } };
	cmp_ok($RANK{ $row->{role} }, '>=', $RANK{$role},
	    "$key is not open to more than it should be");
	is(join(' ', grep { $row->{flags} !~ /R_$_/ } split ' ', $flags), '',
	    "$key has what its class needs");
}

# Whatever looks like a path in the program is asked for.
my %probe = map { $_ => 1 } ('/', '', '/nothing', '/inventory', '/inventory/',
    '/sessions', '/inventory/items/', '/inventory/items/A/B', '/session/',
    '/Session', '/inventory/items/A/history/1', '/inventory/../session',
    '/inventory//items', '/openapi.json/x', '/inventory/items/A/',
    '/inventory/items/%2e%2e/history', '/inventory/items/a%2fhistory',
    '/users', '/tokens', '/admin', '/debug', '/status', '/config',
    '/healthz', '/inventory/items.csv', '/inventory/collaboration',
    slurp("$s->{build}/stockroom-app") =~
    m{(?<=\0)(/[A-Za-z0-9_.{}-][A-Za-z0-9_./{}-]{1,80})(?=\0)}g);
my %served = map { $_->{path} => 1 } @routes;
# A SKU may be anything: see whether a probe fits a row.
my @patterns = map { my $re = quotemeta; $re =~ s/\\\{sku\\\}/[^\/]+/g;
    qr/\A$re\z/ } keys %served;
my $admin = $s->token('admin');
my @beside;
for my $path (sort keys %probe) {
	next if grep { $path =~ $_ } @patterns;
	for my $method (qw(GET POST PUT PATCH DELETE)) {
		my $r = send_it($method, $path, { headers => {
		    Authorization => "Bearer $admin" } });
		push @beside, "$method $path: $r->{status}"
		    if $r->{status} != 404;
	}
}
is_deeply(\@beside, [], 'nothing is served beside the table: ' .
    keys(%probe) . ' paths');
cmp_ok(scalar keys %probe, '>', 40, 'the program names some');
is_problem($s->get("//$_", token => $admin), 404, "/$_: nothing there")
    for qw(api api/ api/v1 api/v2/session session api/v1x/session metrics);

# One request as told, by nothing but FastCGI; {json} of a problem.
sub send_it
{
	my ($method, $path, $what, $type) = @_;

	$path =~ s/\{sku\}/NO-SUCH-SKU/;
	my $body = $method =~ /^(POST|PATCH|PUT)$/ ? '{}' : '';
	my $r = FastCGI::request($s->app_socket, [$s->params($method,
	    "/api/v1$path", body => $body, type => $type //
	    (length $body ? 'application/json' : ''),
	    params => $what->{params}, headers => $what->{headers})], $body);
	$r->{json} = eval { $Stockroom::json->decode($r->{body}) }
	    if $r->{status} >= 400;
	return $r;
}

# -- who asks

# Rows of the database, as lines; or a change that cannot be waited for.
sub sql
{
	my ($text) = @_;

	open my $fh, '-|', 'sqlite3', '-cmd', '.timeout 10000', $db, $text
	    or die "sqlite3: $!";
	my @rows = <$fh>;
	close $fh or die $text;
	chomp @rows;
	return @rows;
}

# Another letter in the midst.
sub bend
{
	my ($text) = @_;

	my $c = substr $text, -9, 1;
	substr($text, -9, 1) = $c eq 'A' ? 'B' : 'A';
	return $text;
}

sub token
{
	my ($rank, $good, $text, %more) = @_;

	return { rank => $rank, token => $good,
	    headers => { Authorization => "Bearer $text", %more } };
}

sub cookie
{
	my ($rank, $text, %more) = @_;

	return { rank => $rank, headers => { Cookie => $text }, %more };
}

my %cookie = map { $_ => $s->sign_in($_) } sort keys %{ $s->{users} };
my %token = map { $_ => $s->token($_) } qw(ana ben vera zoe low);
$token{$_} = $s->token('admin', name => $_) for qw(late gone);
my ($secret) = $cookie{ana} =~ /=(.+)/;
my $left = $s->sign_in('ben', again => 1);
is_status($s->delete('/session', headers => { Cookie => $left,
    'Sec-Fetch-Site' => 'same-origin' }), 204, 'ben signs out elsewhere');
my $ids = 'SELECT public_id FROM session';
my %old = map { $_ => 1 } sql($ids);
my $late = $s->sign_in('admin', again => 1);
my ($last) = grep { !$old{$_} } sql($ids);
sql("UPDATE session SET expires_at = 1000 WHERE public_id = '$last'; " .
    "UPDATE token SET expires_at = 1000 WHERE name = 'late'; " .
    # as a row that was left behind
    "UPDATE user SET disabled = 1 WHERE username = 'eve'");
$s->ctl_ok(['token', 'revoke', 'gone']);
$s->ctl_ok(['user', 'disable', 'zoe']);
$s->ctl_ok(['user', 'role', 'low', 'viewer']);
$s->ctl_ok(['user', 'passwd', 'out'], "another one\n");
my ($id_hash) = sql("SELECT id_hash FROM session WHERE public_id <> '$last'");
my ($token_hash) = sql('SELECT secret_hash FROM token');
my $ticket = $s->join_room(token => $token{ben})->{ticket};

my %who = (
	'nobody' => { rank => 0 },
	'a viewer by cookie' => cookie(1, $cookie{vera}),
	'an editor by cookie' => cookie(2, "a=b; $cookie{ana}; c=d"),
	'an admin by cookie' => cookie(3, $cookie{admin}),
	'a viewer by token' => token(1, 1, $token{vera}),
	'an editor by token' => token(2, 1, $token{ben}),
	'an admin by token' => token(3, 1, $admin),
	"an admin's viewer token" => token(1, 1, $s->token('admin',
	    name => 'less', role => 'viewer')),
	'a token of before the role was lowered' => token(1, 1, $token{low}),
	# that hold no more
	'an expired session' => cookie(0, $late),
	'a session that was signed out' => cookie(0, $left),
	'a session of a disabled user' => cookie(0, $cookie{zoe}),
	"a disabled user's session that is there still" =>
	    cookie(0, $cookie{eve}),
	'a session of before the role was lowered' =>
	    cookie(0, $cookie{low}),
	'a session of before the new password' => cookie(0, $cookie{out}),
	'an expired token' => token(0, 0, $token{late}),
	'a revoked token' => token(0, 0, $token{gone}),
	'a token of a disabled user' => token(0, 0, $token{zoe}),
	# forged
	'a bent cookie' => cookie(0, bend($cookie{admin})),
	'an invented cookie' => cookie(0, 'stockroom_session=' . 'B' x 43),
	'a cookie of another name' =>
	    cookie(0, "__Host-$cookie{admin}; session=$secret"),
	'a token for a cookie' => cookie(0, "stockroom_session=$admin"),
	'what the database knows of a session' =>
	    cookie(0, "stockroom_session=$id_hash"),
	"a session's public name" => cookie(0, "stockroom_session=$last"),
	'a bent token' => token(0, 0, bend($admin)),
	'a token in capitals' => token(0, 0, 'sr_' . uc substr $admin, 3),
	'a token and more' => token(0, 0, "${admin}A"),
	'an invented token' => token(0, 0, 'sr_' . 'B' x 43),
	'what the database knows of a token' =>
	    token(0, 0, 'sr_' . substr $token_hash, 0, 43),
	"a cookie's secret for a token" => token(0, 0, $secret),
	'a ticket for a token' => token(0, 0, $ticket),
	'another scheme' => { rank => 0, token => 0, headers => {
	    Authorization => 'Basic YWRtaW46c3RvY2tyb29t' } },
	'the word of a web server that is not asked' =>
	    { rank => 0, params => { REMOTE_USER => 'admin' },
	    headers => { 'Remote-User' => 'admin' } },
	# both at once: the token alone counts
	"a viewer's token, an admin's cookie" =>
	    token(1, 1, $token{vera}, Cookie => $cookie{admin}),
	"an admin's token, a dead cookie" =>
	    token(3, 1, $admin, Cookie => $cookie{zoe}),
	"a dead token, an admin's cookie" =>
	    token(0, 0, $token{gone}, Cookie => $cookie{admin}),
);

# -- the matrix

# All that a refused request must leave alone, and that lasts.
sub state
{
	my ($who) = @_;

	my $here = $s->get('/inventory/collaboration/presence',
	    token => $admin)->{json};
	return join "\n", sql(join ';', (map { "SELECT * FROM $_" }
	    qw(meta user item change field idem revoked)),
	    'SELECT id_hash, public_id, user_id, expires_at FROM session',
	    'SELECT id, name, secret_hash, role, expires_at FROM token'),
	    map { "$_->{sid} $_->{username}" } @{ $here->{users} };
}

# Ask for ROW with METHOD and compare; what is wrong, or ''.
sub cell
{
	my ($row, $method, $who, $from, $type) = @_;

	my $want = expected($row, $who, $from, $type // '');
	my $r = send_it($method, $row->{path}, { params => $who->{params},
	    headers => { %{ $who->{headers} // {} },
	    %{ $from->{headers} // {} } } }, $type);
	my $told = $r->{json};
	return "$r->{status}, not $want" if $r->{status} != $want;
	return '' if $want < 400 || $method eq 'HEAD';
	return "$want, but no problem document" unless ref $told eq 'HASH' &&
	    $told->{status} == $want && $r->{headers}{'content-type'} eq
	    'application/problem+json';
	return "$want, but a cookie" if $r->{headers}{'set-cookie'};
	return '';
}

# The cells of ROW as WHO, a name of %$all: a test.
sub row_as
{
	my ($row, $name, $all, @cells) = @_;

	my @bad;
	for (@cells) {
		my ($method, $from, $type) = @$_;
		my $wrong = cell($row, $method, $all->{$name}, $FROM{$from},
		    $type);
		push @bad, "$method from $from" . ($type eq
		    'application/json' ? '' : ", type $type") .
		    ": $wrong" if $wrong;
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is(join("\n", @bad), '',
	    "$row->{method} $row->{path} as $name");
}

# Everybody from everywhere at every route, but for what EXCEPT says is not to
# be done in passing.
my $count = 0;
sub matrix
{
	my ($all, $except) = @_;

	my $before = state();
	for my $row (@routes) {
		for my $name (sort keys %$all) {
			my @cells = map { [$row->{method}, $_,
			    'application/json'] } sort keys %FROM;
			push @cells, map { ['HEAD', $_, 'application/json'] }
			    'our page', 'another origin'
			    if $row->{method} eq 'GET';
			push @cells, map { [$row->{method}, 'our page',
			    $_ // ''] } @TYPES;
			@cells = grep { !$except->($row, $all->{$name},
			    $FROM{ $_->[1] }) } @cells;
			$count += @cells;
			row_as($row, $name, $all, @cells);
		}
	}
	is_same(state(), $before, 'nothing has changed');
}

# Signing out ends what the next cell needs.
sub signs_out
{
	my ($row, $who, $from) = @_;

	return $row->{class} eq 'own' && $row->{method} eq 'DELETE' &&
	    expected($row, $who, $from, 'application/json') == 204;
}

my $watch = $s->open_stream(as => 'vera');
ok($watch->wait_for('room_joined', 10), 'vera watches');
my $started = time;
matrix(\%who, \&signs_out);
$watch->pump;
# A relay that has just begun tells once more who is here.
is(join(' ', grep { !/^(?:ping|presence_update)$/ } map { $_->{event} }
    @{ $watch->{events} }[2 .. $#{ $watch->{events} }]), '',
    'nobody came, nobody went, nothing was heard of');
is(join(' ', grep { $_ != 1 } map { $_->{data}{count} //
    @{ $_->{data}{users} } } $watch->named('presence_update')), '',
    'but that she is here');
my ($out) = grep { $_->{method} eq 'DELETE' && $_->{class} eq 'own' } @routes;
for my $from (grep { $FROM{$_}{ours} } sort keys %FROM) {
	for my $name (grep { my $w = $who{$_}; $w->{rank} &&
	    !defined $w->{token} } sort keys %who) {
		row_as($out, $name, \%who,
		    [$out->{method}, $from, 'application/json']);
		$who{$name}{headers}{Cookie} = $s->sign_in((reverse sort
		    grep { $RANK{ $s->{users}{$_} } == $who{$name}{rank} }
		    qw(ana vera admin))[0], again => 1);
	}
}
diag(sprintf '%d cells in %.1f s', $count, time - $started);

# -- a hole would be seen: our server, held against a stricter word

my ($make) = grep { $_->{role} eq 'editor' && $_->{method} eq 'POST' }
    @routes;
my ($drop) = grep { $_->{role} eq 'editor' && $_->{method} eq 'DELETE' }
    @routes;
my %sound = (row => $make, who => $who{'an editor by cookie'},
    from => $FROM{'our page'}, type => 'application/json');
for (['nobody', 0],
    ['a role that is too low', 1, row => { %$make, role => 'admin' }],
    ['what is not JSON', 1, row => { %$drop, flags => 'R_BODY' },
	type => 'text/plain'],
    ['a page of nobody', 1, from => { %{ $FROM{'our page'} }, ours => 0 }],
    ['another site', 1, from => { %{ $FROM{'our page'} }, foreign => 403 }],
    ['a session that has ended', 1, who => cookie(0, $cookie{ben})],
    ['a token that has', 1, who => token(0, 0, $token{ben})]) {
	my ($what, $holes, %cell) = ($_->[0], $_->[1], %sound,
	    @$_[2 .. $#$_]);
	my $wrong = cell($cell{row}, $cell{row}{method},
	    @cell{qw(who from type)});
	is($wrong ne '', $holes == 1, "seen: $what is let in") or diag($wrong);
}

# -- other methods: 405 and which would do, whoever asks

my %methods;
push @{ $methods{ $_->{path} } }, $_->{method} for @routes;
for my $path (sort keys %methods) {
	my @bad;
	my @has = sort @{ $methods{$path} };
	my $allow = join ', ', sort @has, (grep { $_ eq 'GET' } @has) ?
	    'HEAD' : (), 'OPTIONS';
	for my $method (qw(GET HEAD POST PATCH DELETE PUT TRACE CONNECT
	    OPTIONS PROPFIND BREW get), '') {
		next if $method eq 'HEAD' ? $allow =~ /HEAD/ :
		    grep { $_ eq $method } @has;
		my $want = $method eq 'OPTIONS' ? 204 : 405;
		for my $name (sort keys %who) {
			my $r = send_it($method, $path, $who{$name});
			my $said = join ', ', sort split /,\s*/,
			    $r->{headers}{allow} // '';
			push @bad, "$method as $name: $r->{status} $said"
			    if $r->{status} != $want || $said ne $allow;
		}
	}
	is(join("\n", @bad), '', "other methods of $path");
}

# -- what is another user's

my ($mine) = $s->sign_in('ana', again => 1);
my @as_ana = (headers => { Cookie => $mine,
    'Sec-Fetch-Site' => 'same-origin' });
my $far = Stockroom->new(users => { ana => 'editor' });
my $join = '/inventory/collaboration/join';
for (["another user's", $ticket], ['a bent', bend($ticket)],
    ["another site's", $far->join_room(as => 'ana')->{ticket}],
    ['a cookie for a', $secret], ['a token for a', $token{ben}]) {
	my ($what, $text) = @$_;
	is_problem($s->post($join, { ticket => $text }, @as_ana), 422,
	    "$what ticket keeps no place", pointer => '/ticket');
}
$far->finish;
for my $body ({ username => 'ben' }, { user_id => 2 }) {
	is_problem($s->post('/session/password', { current => 'stockroom',
	    new => 'something else', %$body }, @as_ana), 422,
	    "nobody else's password: @{[ keys %$body ]}",
	    pointer => '/' . (keys %$body)[0]);
}
my @item = ('/inventory/items', { sku => 'M-1', name => 'a' });
is_status($s->post(@item, token => $token{ben}, key => 'k'), 201,
    'ben makes an item');
is_problem($s->post(@item, @as_ana, key => 'k'), 409,
    "his key brings ana no answer of his");
is_status($s->post(@item, token => $token{ben}, key => 'k'), 201,
    'but him');
is_status($s->delete('/session', @as_ana), 204, 'ana signs out');
is_problem($s->get('/session', headers => { Cookie => $mine }), 401,
    'she is out');
is_status($s->get('/session', headers => { Cookie => $cookie{ben} }), 200,
    'ben is not');
is_status($s->get('/session', token => $token{ana}), 200,
    'nor is her token');
$s->finish;

# -- the web server's word instead of cookies

$s = Stockroom->new(users => { ana => 'editor', vera => 'viewer',
    admin => 'admin', zoe => 'admin' }, relay => 1, env => {
    ALLOW_ORIGINS => $app, STOCKROOM_AUTH => 'remote_user',
    STOCKROOM_REMOTE_ROLE => 'none', STOCKROOM_USER_WRITES => 0 });
$db = $s->{env}{STOCKROOM_DB};
$admin = $s->token('admin');
$s->ctl_ok(['user', 'disable', 'zoe']);
$_->{in} = 403 for grep { $_->{path} eq '/session/password' ||
    $_->{class} eq 'enter' } @routes;

sub by
{
	my ($rank, $name, %more) = @_;

	return { rank => $rank, params => { REMOTE_USER => $name }, %more };
}
my %by = (
	'nobody' => { rank => 0 },
	'a viewer by name' => by(1, 'vera'),
	'an editor by name' => by(2, 'ANA'),
	'an admin by name' => by(3, 'admin'),
	'an admin by name and password' => by(3, 'admin', headers => {
	    Authorization => 'Basic YWRtaW46c3RvY2tyb29t' }),
	'an unknown name' => by(0, 'carl', refused => 1),
	'a disabled user' => by(0, 'zoe', refused => 1),
	'what cannot be a name' => by(0, "adm\nin", refused => 1),
	'an empty name' => by(0, ''),
	'a cookie' => cookie(0, $cookie{admin}),
	'a header for a name' => { rank => 0, headers => {
	    'Remote-User' => 'admin', 'X-Forwarded-User' => 'admin' } },
	'a token' => token(2, 1, $s->token('ana')),
	"a viewer's token, an admin's name" => by(1, 'admin', token => 1,
	    headers => { Authorization => 'Bearer ' . $s->token('vera') }),
	"a forged token, an admin's name" => by(0, 'admin', token => 0,
	    headers => { Authorization => 'Bearer sr_' . 'B' x 43 }),
);
$started = time;
$count = 0;
matrix(\%by, \&signs_out);
diag(sprintf '%d cells in %.1f s', $count, time - $started);
$s->finish;
done_testing;
