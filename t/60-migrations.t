#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The database's file: made, opened again, and left alone when it is not
# ours or of a newer program.

use strict;
use warnings;

use Fcntl qw(:flock);
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;

use Check;
use Preload;
use Stockroom;

my $s = Stockroom->new(app => 0, users => { ana => 'editor' });
my $db = $s->{env}{STOCKROOM_DB};

# The bytes of a file.
sub slurp
{
	open my $fh, '<:raw', $_[0] or return '';
	local $/;
	return scalar <$fh>;
}

# Replace LEN bytes at OFFSET of the file.
sub poke
{
	my ($file, $offset, $bytes) = @_;

	open my $fh, '+<:raw', $file or die "$file: $!";
	seek $fh, $offset, 0;
	print $fh $bytes;
	close $fh or die "$file: $!";
}

# Run the app on this database until it ends; (exit code, what it said).
sub refused
{
	my ($file) = @_;

	my $log = $s->log_file('refused');
	unlink $log;
	$s->spawn('refused', ["$s->{build}/stockroom-app", '--socket',
	    "$s->{dir}/refused.sock"], env => { STOCKROOM_DB => $file });
	$s->{proc}{refused}{dirty} = 1;
	my $status = $s->reap('refused', 30);
	$s->kill('refused', 'KILL') unless defined $status;
	delete $s->{proc}{refused};
	return (defined $status ? $status >> 8 : -1, $s->log_text('refused'));
}

# -- fresh, by its first user; the bytes of SQLite's header tell the version

is(substr(slurp($db), 0, 15), 'SQLite format 3', 'a database is made');
is(unpack('N', substr(slurp($db), 60, 4)), 3, 'its schema is the newest');
is(substr(slurp($db), 68, 4), 'Stkr', 'and it is marked as ours');
is((stat $db)[2] & 077, 0, 'nobody else may read it');
is((stat "$db.lock")[2] & 077, 0, 'nor take its lock');

# -- opened again: what is there stays, and the history goes on

$s->start('app');
$s->{app} = 'socket';
my @ana = (token => $s->token('ana'));
is_status($s->post('/inventory/items', { sku => 'A', name => 'a' }, @ana),
    201, 'an item');
my $position = $s->get('/inventory/items', @ana)->{json}{position};
like($position, qr/^[0-9a-f]{16}:1$/, 'the first change of its history');
$s->restart('app');
is($s->get('/inventory/items', @ana)->{json}{position}, $position,
    'a second start changes nothing');
is($s->get('/inventory/items/A', @ana)->{json}{name}, 'a', 'all is there');
$s->stop('app');
ok(!-s "$db-wal", 'the write-ahead log is emptied at the end');

# -- a crash leaves the log's file behind; the next start takes it in

$s->start('app');
is_status($s->patch('/inventory/items/A', { name => 'b' }, @ana), 200,
    'a change');
$s->kill('app', 'KILL');
$s->reap('app');
ok(-s "$db-wal", 'killed: it is in the write-ahead log only');
$s->start('app');
is($s->get('/inventory/items/A', @ana)->{json}{name}, 'b',
    'and there after a start');
$s->stop('app');

# -- a newer schema

my $newer = "$s->{dir}/newer.db";
open my $fh, '>:raw', $newer or die;
print $fh slurp($db);
close $fh;
poke($newer, 60, pack 'N', 99);
my $before = slurp($newer);
my ($code, $said) = refused($newer);
is($code, 65, 'a newer database is refused');
like($said, qr/\Q$newer\E.*newer Stockroom.*schema 99.*up to 3/,
    'in one clear line');
is(slurp($newer), $before, 'and not touched');

# -- another program's database

my $other = "$s->{dir}/other.db";
open $fh, '>:raw', $other or die;
print $fh slurp($db);
close $fh;
poke($other, 68, 'Else');
$before = slurp($other);
($code, $said) = refused($other);
is($code, 65, 'a foreign database is refused');
like($said, qr/\Q$other\E.*is not a Stockroom database/,
    'in one clear line');
is(slurp($other), $before, 'and not touched');

# -- no database at all

my $text = "$s->{dir}/text.db";
open $fh, '>', $text or die;
print $fh "Dear diary,\n" x 200;
close $fh;
$before = slurp($text);
($code, $said) = refused($text);
isnt($code, 0, 'a text file is refused');
like($said, qr/\Q$text\E/, 'and named');
is(slurp($text), $before, 'and not touched');

($code, $said) = refused("$s->{dir}/no/such/dir.db");
isnt($code, 0, 'a directory that is not there is refused');
like($said, qr{no/such/dir\.db}, 'and named');

# -- two at once make one database

my $both = "$s->{dir}/both.db";
for my $n (1, 2) {
	$s->spawn("both$n", ["$s->{build}/stockroom-app", '--socket',
	    "$s->{dir}/both$n.sock"], env => { STOCKROOM_DB => $both });
}
my @epochs = map {
	my $path = "$s->{dir}/both$_.sock";
	$s->wait_for(sub {
		my $r = FastCGI::request($path, [$s->params('GET',
		    '/api/v1/health')], '');
		return $r && $r->{status} == 200;
	}, 30);
} 1, 2;
is(join(' ', @epochs), '1 1', 'two programs start on one fresh file');
$s->stop("both$_") for 1, 2;
is(unpack('N', substr(slurp($both), 60, 4)), 3, 'and migrate it once');

# -- an older one, as 0.1.0 made it, is brought to the newest schema

my $newest = unpack 'N', substr slurp($db), 60, 4;
my $secret = 'sr_aS3kF1NZMNDsJwR8QS_mb6BZAXTTRS_yiTL7l1AgNrg';

# A fresh copy of it; its path.
sub old_database
{
	my ($name) = @_;

	my $path = "$s->{dir}/$name.db";
	system("sqlite3 '$path' <'$FindBin::Bin/lib/schema-1.sql' >/dev/null")
	    == 0 or die 'sqlite3';
	return $path;
}

# All rows that schema 1 has tables for, as text in the tables' own order.
sub rows
{
	my ($path) = @_;

	my @dump = `sqlite3 '$path' .dump`;
	return join '', grep { !/INTO (?:bucket|known_address|item_count) / &&
	    /^INSERT INTO / } @dump;
}

sub version { return unpack 'N', substr slurp($_[0]), 60, 4 }

my $old = old_database('old');
is(version($old), 1, 'a database of schema 1');
my $rows = rows($old);
like($rows, qr/INTO idem .*|INTO change VALUES\(8,/s, 'with data');
{
	local $s->{env}{STOCKROOM_DB} = $old;
	like($s->ctl_ok(['data', 'check']), qr/is good: 2 items, 8 changes/,
	    'to look at it changes nothing');
	is(version($old), 1, 'not even its schema');
	$s->ctl_ok(['data', 'backup', "$s->{dir}/old-copy.db"]);
	is(version("$s->{dir}/old-copy.db"), 1, 'a backup is as it is');
	is(rows("$s->{dir}/old-copy.db"), $rows, 'with all its rows');
	like($s->ctl_ok(['user', 'list']), qr/^vera +viewer +enabled /m,
	    'stockroomctl opens it');
	is(version($old), $newest, 'and brings it to the newest schema');
	is(rows($old), $rows, 'every row is as it was');

	my $started = old_database('started');
	local $s->{env}{STOCKROOM_DB} = $started;
	$s->start('app');
	my $page = $s->get('/inventory/items', token => $secret);
	is_status($page, 200, 'the app serves it, by a token of before');
	is(join(' ', map { $_->{sku} } @{ $page->{json}{items} }),
	    'FAS-0042 GLU-2', 'the items');
	is($page->{json}{items}[0]{qty_ordered_jason}, 12.125,
	    'the custom column');
	like($page->{json}{position}, qr/:8$/, 'the history goes on');
	is(scalar @{ $s->get('/inventory/items/FAS-0042/history',
	    token => $secret)->{json}{changes} }, 3, 'the history of an item');
	my $r = $s->post('/session', { username => 'ana',
	    password => 'stockroom' },
	    headers => { 'Sec-Fetch-Site' => 'same-origin' });
	is_status($r, 201, 'the passwords');
	is_status($s->post('/inventory/items/FAS-0042/adjustments',
	    { delta => 1 }, token => $secret), 200, 'and it can be changed');
	$s->stop('app');
	is(version($started), $newest, 'it is of the newest schema');
	like($s->ctl_ok(['data', 'check']), qr/is good: 2 items, 9 changes/,
	    'and adds up');
	$s->ctl_ok(['data', 'restore', "$s->{dir}/old-copy.db", '--yes']);
	is(version($started), $newest, 'a backup of before is restored');
	like($s->ctl_ok(['data', 'check']), qr/is good: 2 items, 8 changes/,
	    'in the newest schema');
}

# -- killed at every step of it: the old one, or the new one, never less

ok(my $shim = Preload::build('t/fault/kill-at-write.c', $s->{dir}),
    'a sudden end');
my (%left, $done);
for my $n (1 .. 100) {
	my $path = old_database("killed$n");
	$s->spawn('killed', ["$s->{build}/stockroomctl", 'user', 'list'],
	    env => { STOCKROOM_DB => $path, LD_PRELOAD => $shim,
	    KILL_AT_WRITE => $n, ASAN_OPTIONS =>
	    'detect_leaks=0:verify_asan_link_order=0' });
	$s->{proc}{killed}{dirty} = 1;
	$done = $s->reap('killed') == 0;
	delete $s->{proc}{killed};
	my $found = `sqlite3 '$path' 'PRAGMA user_version'` + 0;
	$left{$found}++;
	is(rows($path), $rows, "killed at write $n: schema $found, whole")
	    if rows($path) ne $rows;
	local $s->{env}{STOCKROOM_DB} = $path;
	$s->ctl_ok(['user', 'list']);
	is(version($path) . rows($path), $newest . $rows,
	    "killed at write $n: the next start goes on");
	last if $done;
}
ok($done, 'until it was let through');
cmp_ok($left{1} // 0, '>=', 3, 'the old one was left several times');
is(join(' ', sort keys %left), "1 $newest", 'and nothing in between');

# -- a newer one, and stockroomctl

{
	local $s->{env}{STOCKROOM_DB} = $newer;
	my $before = slurp($newer);
	for my $argv (['user', 'list'], ['data', 'check'], ['item', 'export']) {
		my ($code, $out, $err) = $s->ctl($argv);
		is($code, 65, "@$argv: a newer database is refused");
		like($err, qr/newer Stockroom.*schema 99.*up to $newest/,
		    'in one clear line');
		is($out, '', 'and nothing else');
	}
	is(slurp($newer), $before, 'it is not touched');
}

# -- two at once bring an old one on

my $race = old_database('race');
for my $n (1, 2) {
	$s->spawn("race$n", ["$s->{build}/stockroomctl", 'user', 'list'],
	    env => { STOCKROOM_DB => $race });
	$s->{proc}{"race$n"}{may_end} = 1;
}
is($s->reap("race$_"), 0, "program $_ of two") for 1, 2;
is(version($race) . rows($race), $newest . $rows, 'once, and whole');

$s->finish;
done_testing;
