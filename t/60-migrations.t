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
is(unpack('N', substr(slurp($db), 60, 4)), 2, 'its schema is the newest');
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
like($said, qr/\Q$newer\E.*newer Stockroom.*schema 99.*up to 2/,
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
is(unpack('N', substr(slurp($both), 60, 4)), 2, 'and migrate it once');

$s->finish;
done_testing;
