#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# stockroomctl through its command line, on its own and beside a running app.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Fcntl qw(O_RDWR O_NOCTTY);
use POSIX ();
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(app => 0, users => {});

# Run it: the exit code and both outputs.
sub ctl_is
{
	my ($want, $name, $argv, $input, $out_like, $err_like) = @_;

	my ($code, $out, $err) = $s->ctl($argv, $input);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($code, $want, "$name: exit $want") or diag("$out$err");
	like($out, $out_like, "$name: what it prints") if $out_like;
	like($err, $err_like, "$name: what it says") if $err_like;
	is($err, '', "$name: says nothing on stderr")
	    if $want == 0 && !$err_like;
	return $out;
}

# -- about itself

ctl_is(0, '--help', ['--help'], '', qr/user add NAME.*STOCKROOM_DB/s);
ctl_is(0, '--version', ['--version'], '', qr/^stockroomctl \d+\.\d+\.\d+$/);
ctl_is(64, 'nothing', [], '', qr/^$/, qr/^usage:/m);
ctl_is(64, 'no such command', ['user', 'kill'], '', qr/^$/,
    qr/no command "user kill"/);
{
	local $s->{env}{STOCKROOM_PALETTE} = 'red';
	ctl_is(78, 'a wrong setting', ['user', 'list'], '', qr/^$/,
	    qr/STOCKROOM_PALETTE/);
}
{
	local $s->{env}{STOCKROOM_DB} = "$s->{dir}/no/such/place.db";
	my ($code, $out, $err) = $s->ctl(['user', 'list']);
	ok($code > 0 && $code < 79, 'a database that cannot be');
	like($err, qr{no/such/place\.db}, 'is named');
}

# -- the database and the key are made

ctl_is(0, 'an empty list', ['user', 'list'], '', qr/^NAME .*\n$/);
my $db = $s->{env}{STOCKROOM_DB};
my $key = $s->{env}{STOCKROOM_KEY_FILE};
ok(-f $db, 'the database is made');
is((stat $db)[2] & 0077, 0, 'for nobody else');
is(sprintf('%04o', (stat $key)[2] & 07777), '0400', 'the key is made');
is(sprintf('%04o', (stat "$key.pub")[2] & 07777), '0444', 'and its twin');

# -- users

ctl_is(0, 'the first admin', ['user', 'add', 'root', '--role', 'admin'],
    "correct horse\n", qr/^added user root \(admin\)$/);
ctl_is(0, 'options first', ['user', 'add', '--role=editor', '--color',
    '#4ECDC4', 'Ben Müller'], 'no line feed', qr/Ben Müller/);
ctl_is(73, 'the same name', ['user', 'add', 'root', '--role', 'viewer'],
    "x\n", qr/^$/, qr/there is a user root already/);
ctl_is(73, 'in another case', ['user', 'add', 'ROOT', '--role', 'viewer'],
    "x\n", qr/^$/, qr/already/);
ctl_is(65, 'no password', ['user', 'add', 'a', '--role', 'viewer'], '',
    qr/^$/, qr/a password .* is needed/);
ctl_is(65, 'an empty password', ['user', 'add', 'a', '--role', 'viewer'],
    "\n", qr/^$/, qr/a password .* is needed/);
ctl_is(65, 'a huge password', ['user', 'add', 'a', '--role', 'viewer'],
    'x' x 2000 . "\n", qr/^$/, qr/a password .* is needed/);
ctl_is(64, @$_, qr/^$/, qr/^usage: stockroomctl user add/m) for
    ['no role', ['user', 'add', 'a'], "x\n"],
    ['a wrong role', ['user', 'add', 'a', '--role', 'boss'], "x\n"],
    ['a role that is none', ['user', 'add', 'a', '--role', 'none'], "x\n"],
    ['a colour', ['user', 'add', 'a', '--role', 'viewer', '--color', 'red'],
	"x\n"],
    ['a password on the command line', ['user', 'add', 'a', 'secret',
	'--role', 'viewer'], "x\n"],
    ['no name', ['user', 'add', '--role', 'viewer'], "x\n"],
    ['an empty name', ['user', 'add', '', '--role', 'viewer'], "x\n"],
    ['a name with a line feed', ['user', 'add', "a\nb", '--role', 'viewer'],
	"x\n"],
    ['a name that is no UTF-8', ['user', 'add', "a\xff", '--role', 'viewer'],
	"x\n"],
    ['an option that is none', ['user', 'add', 'a', '--admin'], "x\n"],
    ['an option without its value', ['user', 'add', 'a', '--role'], "x\n"];
my $list = ctl_is(0, 'the list', ['user', 'list'], '');
is(scalar(() = $list =~ /\n/g), 3, 'two users and a heading');
like($list, qr/^root +admin +enabled +- +\d{4}-\d\d-\d\d \d\d:\d\d$/m,
    'one line each');
like($list, qr/^Ben Müller +editor +enabled +#4ECDC4 /m, 'with the colour');
ctl_is(67, "passwd of nobody", ['user', 'passwd', 'nobody'], "x\n", qr/^$/,
    qr/no user nobody/);
ctl_is(67, "role of nobody", ['user', 'role', 'nobody', 'admin'], '', qr/^$/,
    qr/no user nobody/);
ctl_is(64, 'a role that is none', ['user', 'role', 'root', 'king'], '',
    qr/^$/, qr/viewer, editor or admin/);
ctl_is(67, "disable nobody", ['user', 'disable', 'nobody'], '', qr/^$/,
    qr/no user nobody/);

# -- tokens

my $out = ctl_is(0, 'a token', ['token', 'add', 'label printer', '--user',
    'ROOT', '--role', 'editor', '--expires', '30'], '',
    qr/^sr_[A-Za-z0-9_-]{43}\n\z/, qr/"label printer".*role editor/);
chomp(my $secret = $out);
ctl_is(73, 'the same name', ['token', 'add', 'label printer', '--user',
    'root'], '', qr/^$/, qr/already/);
ctl_is(77, 'more than the user may', ['token', 'add', 'x', '--user',
    'Ben Müller', '--role', 'admin'], '', qr/^$/, qr/cannot be admin/);
ctl_is(67, 'of nobody', ['token', 'add', 'x', '--user', 'nobody'], '', qr/^$/,
    qr/no user nobody/);
ctl_is(64, @$_, '', qr/^$/, qr/^usage: stockroomctl token add/m) for
    ['no user', ['token', 'add', 'x']],
    ['no name', ['token', 'add', '--user', 'root']],
    ['a long name', ['token', 'add', 'x' x 41, '--user', 'root']],
    map { ["--expires $_", ['token', 'add', 'x', '--user', 'root',
	'--expires', $_]] } ('0', '-1', '1.5', '99999', 'never', '');
$list = ctl_is(0, 'the list', ['token', 'list'], '');
like($list, qr/^label printer +root +editor +\S+ \S+ +\S+ \S+ +-$/m,
    'one line each');
unlike($list, qr/\Q$secret\E|sr_/, 'without the secret');
ctl_is(67, 'revoke none', ['token', 'revoke', 'x'], '', qr/^$/,
    qr/no token "x"/);

# -- --json: exactly one document, of a success and of a failure

# Run it with --json: (exit code, the document).
sub document
{
	my ($argv, $input) = @_;

	my ($code, $out, $err) = $s->ctl([@$argv, '--json'], $input);
	my $doc = eval { $Stockroom::json->decode($out) };
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ref $doc, 'HASH', "@$argv --json: one document") or
	    diag("$out$err");
	return ($code, $doc // {});
}

my ($rc, $doc) = document(['user', 'list']);
is_deeply([map { "$_->{username} $_->{role} $_->{state}" }
    @{ $doc->{users} }], ["Ben M\x{fc}ller editor enabled",
    'root admin enabled'],
    'users');
is($doc->{users}[1]{color}, undef, 'what there is not is null');
($rc, $doc) = document(['user', 'add', 'json', '--role', 'viewer'], "x\n");
is_deeply([$rc, @$doc{qw(username role)}], [0, 'json', 'viewer'], 'a user');
unlike($s->ctl_ok(['user', 'list', '--json']), qr/argon|hash/,
    'never a hash');
($rc, $doc) = document(['user', 'add', 'json', '--role', 'viewer'], "x\n");
is_deeply([$rc, @{ $doc->{error} }{qw(exit command message)}], [73, 73,
    'user add', 'there is a user json already'], 'a failure');
($rc, $doc) = document(['user', 'role', 'json', 'king']);
is_deeply([$rc, $doc->{error}{exit}], [64, 64], 'a wrong argument');
($rc, $doc) = document(['user', 'kill']);
is_deeply([$rc, $doc->{error}{command}], [64, undef], 'a wrong command');
{
	local $s->{env}{STOCKROOM_PALETTE} = 'red';
	($rc, $doc) = document(['user', 'list']);
	is_deeply([$rc, $doc->{error}{exit}], [78, 78], 'a wrong setting');
}
{
	local $s->{env}{STOCKROOM_DB} = "$s->{dir}/no/such/place.db";
	($rc, $doc) = document(['user', 'list']);
	like($doc->{error}{message}, qr{no/such/place\.db}, 'a wrong place');
}
($rc, $doc) = document(['token', 'add', 'json', '--user', 'json',
    '--expires', '1']);
like($doc->{token}, qr/^sr_/, 'a token');
like($doc->{expires_at}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'and its end');
($rc, $doc) = document(['token', 'list']);
ok(!exists $doc->{tokens}[0]{token}, 'whose secret is told once');
($rc, $doc) = document(['token', 'revoke', 'json']);
is($doc->{revoked}, $JSON::PP::true, 'revoked');
($rc, $doc) = document(['user', 'disable', 'json']);
is($doc->{state}, 'disabled', 'disabled');

# -- help, of all, of a noun, of a command

ctl_is(0, 'of a noun', ['token', '--help'], '', qr/token add.*token list/s);
unlike(($s->ctl(['token', '--help']))[1], qr/user add/, 'and of no other');
ctl_is(0, 'of a command', ['token', 'add', '--help'], '',
    qr/^usage: stockroomctl token add NAME.*^  --expires +days/ms);

# -- a password from a terminal: asked for twice, and never shown

# Both ends of a pseudo terminal.
sub terminal
{
	sysopen my $pty, '/dev/ptmx', O_RDWR | O_NOCTTY or
	    die "/dev/ptmx: $!";
	my $unlocked = pack 'i', 0;
	ioctl($pty, 0x40045431, $unlocked) or die "TIOCSPTLCK: $!";
	my $fd = ioctl($pty, 0x5441, O_RDWR | O_NOCTTY) or
	    die "TIOCGPTPEER: $!";
	open my $tty, '+<&=', $fd + 0 or die "the other end: $!";
	return ($pty, $tty);
}

# Read from FH until LIKE comes; all that came.
sub expect
{
	my ($fh, $like) = @_;

	my $text = '';
	my $end = time + 30;
	while ($text !~ $like && time < $end) {
		my $in = '';
		vec($in, fileno $fh, 1) = 1;
		next unless select $in, undef, undef, 1;
		sysread $fh, $text, 4096, length $text or last;
	}
	return $text;
}

# Type the answers when asked; the exit code, the screen, the messages.
sub typed
{
	my ($argv, @answers) = @_;

	my ($pty, $tty) = terminal();
	pipe my $err, my $err_in or die;
	my $pid = fork // die;
	if (!$pid) {
		POSIX::setsid();
		delete $ENV{$_} for grep { /^STOCKROOM_/ } keys %ENV;
		@ENV{keys %{ $s->{env} }} = values %{ $s->{env} };
		open STDIN, '+<&', $tty or die;
		open STDOUT, '>&', \*STDIN or die;
		open STDERR, '>&', $err_in or die;
		exec "$s->{build}/stockroomctl", @$argv
		    or POSIX::_exit(127);
	}
	close $err_in;
	close $tty;
	my ($said, $screen) = ('', '');
	for (@answers) {
		$said .= expect($err, qr/: \z/);
		syswrite $pty, "$_\n";
	}
	$said .= expect($err, qr/(?!)/);
	waitpid $pid, 0;
	my $code = $? >> 8;
	my $in = '';
	vec($in, fileno $pty, 1) = 1;
	sysread $pty, $screen, 4096
	    if select $in, undef, undef, 0;
	return ($code, $screen // '', $said);
}

my ($code, $screen, $said) = typed(['user', 'passwd', 'root'], 'typed pass',
    'typed pass');
is($code, 0, 'a password is typed');
like($said, qr/Password for root: \n?.*Once more: /s, 'asked for twice');
unlike("$screen$said", qr/typed pass/, 'and never shown');
($code, $screen, $said) = typed(['user', 'passwd', 'root'], 'one', 'other');
is($code, 65, 'two that differ');
like($said, qr/differ/, 'are refused');

# -- beside a running app: what was changed counts at once

$s->{app} = 'socket';
$s->start('app');

# Sign in; the cookie, or undef.
sub sign_in
{
	my ($user, $password) = @_;

	my $r = $s->post('/session', { username => $user,
	    password => $password }, headers => { 'Sec-Fetch-Site' =>
	    'same-origin' });
	return undef unless $r->{status} == 201;
	return ($r->{headers}{'set-cookie'} =~ /^([^;]+)/)[0];
}

sub who
{
	my ($cookie) = @_;

	return $s->get('/session', headers => { Cookie => $cookie });
}

my $cookie = sign_in('root', 'typed pass');
ok($cookie, 'the typed password is the password');
is(sign_in('root', 'correct horse'), undef, 'the old one is not');
is(sign_in('root', 'one'), undef, 'nor is one of the two that differed');
is(who($cookie)->{json}{user}{role}, 'admin', 'signed in');

ctl_is(0, 'a new password', ['user', 'passwd', 'root'], "third\n",
    qr/sessions are ended/);
is_status(who($cookie), 401, 'ends the sessions');
$cookie = sign_in('root', 'third');
ctl_is(0, 'a new role', ['user', 'role', 'root', 'viewer'], '',
    qr/root is viewer now/);
is_status(who($cookie), 401, 'ends them too');
$cookie = sign_in('root', 'third');
is(who($cookie)->{json}{user}{role}, 'viewer', 'and counts');
my $add = { sku => 'T-1', name => 'x' };
is_problem($s->post('/inventory/items', $add, token => $secret), 403,
    'a token may no more than its user');
ctl_is(0, 'back again', ['user', 'role', 'root', 'admin'], '');
is_status($s->post('/inventory/items', $add, token => $secret), 201,
    'nor less');
$cookie = sign_in('root', 'third');
ctl_is(0, 'disable', ['user', 'disable', 'root'], '', qr/disabled/);
is_status(who($cookie), 401, 'disabled: no session');
is(sign_in('root', 'third'), undef, 'no sign-in');
is_problem($s->get('/inventory/items', token => $secret), 401, 'no token');
like($s->ctl_ok(['user', 'list']), qr/^root +admin +disabled /m, 'it shows');
ctl_is(0, 'enable', ['user', 'enable', 'root'], '', qr/root is enabled now/);
ok(sign_in('root', 'third'), 'enabled: sign-in');
is_status($s->get('/inventory/items', token => $secret), 200, 'the token');
like($s->ctl_ok(['token', 'list']),
    qr/^label printer +root +editor +\S+ \S+ +\S+ \S+ +\d{4}-\S+ \S+$/m,
    'and when it was used last');
ctl_is(0, 'revoke', ['token', 'revoke', 'label printer'], '',
    qr/^revoked token "label printer"$/);
is_problem($s->get('/inventory/items', token => $secret), 401,
    'revoked: void');

# -- the demo wants an empty database

ctl_is(73, 'demo', ['demo', 'fill'], '',
    qr/^$/, qr/not empty: it has 1 items and 3/);
ctl_is(0, 'demo --if-empty', ['demo', 'fill',
    '--if-empty'], '',
    qr/^already there: 1 items and 3 users/);
is(scalar @{ $s->get('/inventory/items', headers => { Cookie =>
    sign_in('root', 'third') })->{json}{items} }, 1, 'nothing was added');
$s->finish;

$s = Stockroom->new(app => 0, users => {});
ctl_is(0, 'demo', ['demo', 'fill'], '', qr/^made 200 items, .*stockroom/);
ctl_is(73, 'demo again', ['demo', 'fill'], '',
    qr/^$/, qr/200 items and 4 users/);
$s->{app} = 'socket';
$s->start('app');
my @ana = (as => 'ana');
my $page = $s->get('/inventory/items?limit=500&sort=updated_at', @ana)
    ->{json};
is($page->{counts}{all}, 200, '200 items');
cmp_ok($page->{counts}{low}, '>=', 12, 'some are low');
is($page->{counts}{out}, 4, 'some are out');
cmp_ok($page->{counts}{on_order}, '>=', 20, 'some are on order');
is(scalar(grep { $_->{status} eq 'discontinued' } @{ $page->{items} }), 5,
    'some are discontinued');
my %by;
$by{ $_->{updated_by} }++ for @{ $page->{items} };
is(join(' ', sort keys %by), 'admin ana ben', 'by several people');
my ($screw) = grep { $_->{sku} eq 'FAS-0042' } @{ $page->{items} };
is_deeply([@$screw{qw(name location quantity qty_ordered_jason)}],
    ["Wood screw 6 \x{d7} 80, zinc, TX30",
    'A1-05', 418, 0], 'the screw');
my $h = $s->get('/inventory/items/FAS-0042/history', @ana)->{json}{changes};
is_deeply([map { $_->{update_type} } @$h], ['adjust', 'create'],
    'it has a history');
my @c = @{ $s->get('/inventory/changes?limit=1000', @ana)->{json}{changes} };
is(scalar(grep { $c[$_]{timestamp} lt $c[$_ - 1]{timestamp} } 1 .. $#c), 0,
    'the log is in order of time');
my $now = POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime);
cmp_ok($c[-1]{timestamp}, 'lt', $now, 'and all of it is past');
is_status($s->get('/session', as => $_), 200, "$_ can sign in")
    for qw(ana ben vera admin);
$s->finish;

done_testing;
