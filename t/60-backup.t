#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A backup while people write, and back again while pages are open.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Preload;
use Proc;
use Stockroom;

my $s = Stockroom->new(relay => 1, items => 2500,
    env => { STOCKROOM_USER_WRITES => 0 });
my @ana = (token => $s->token('ana'));
my $json = $Stockroom::json;
my $copy = "$s->{dir}/copy.db";

# Run it with --json: (exit code, document, messages).
sub ctl
{
	my ($argv, $input) = @_;

	my ($code, $out, $err) = $s->ctl([@$argv, '--json'], $input);
	return ($code, eval { $json->decode($out) } // {}, $err);
}

# Start it in the background.
sub background
{
	my ($name, @argv) = @_;
	my %opt = ref $argv[-1] ? %{ pop @argv } : ();

	unlink $s->log_file($name);
	$s->spawn($name, ["$s->{build}/stockroomctl", @argv], %opt);
	$s->{proc}{$name}{may_end} = 1;
}

# Files whose names begin so, the whole name apart.
sub beside
{
	my ($path) = @_;

	return grep { $_ ne $path } glob "$path*";
}

sub position
{
	return $s->get('/inventory/items?limit=1', @ana)->{json}{position};
}

sub adjust
{
	my ($sku, $delta) = @_;

	return $s->post("/inventory/items/$sku/adjustments",
	    { delta => $delta, reason => 'count' }, @ana);
}

sub cookie
{
	my ($who) = @_;

	my $r = $s->post('/session', { username => $who,
	    password => 'stockroom' },
	    headers => { 'Sec-Fetch-Site' => 'same-origin' });
	return ($r->{headers}{'set-cookie'} // '') =~ /^([^;]+)/ ? $1 : '';
}

sub signed_in
{
	my ($cookie) = @_;

	return $s->get('/session', headers => { Cookie => $cookie })
	    ->{status} == 200;
}

# -- out, while people write

is_status($s->post('/inventory/items', { sku => 'X', name => 'x',
    quantity => 100 }, @ana), 201, 'an item');
my $gone = cookie('vera');
background('backup', 'data', 'backup', $copy);
my ($writes, $failed) = (0, 0);
do {
	$failed++ if adjust('X', 1)->{status} != 200;
	$writes++;
} while ($s->running('backup'));
is($s->reap('backup'), 0, 'a backup') or diag($s->log_text('backup'));
like($s->log_text('backup'), qr/^\Q$copy\E: \d+ bytes, verified$/,
    'it is verified');
is($failed, 0, "$writes writes went on meanwhile");
is((stat $copy)[2] & 0777, 0600, 'it is for its owner alone');
is_deeply([beside($copy)], [], 'and one file');
my ($code, $doc, $err) = ctl(['data', 'check', $copy]);
is($code, 0, 'it is whole');
is($doc->{items}, 2501, 'with all items');
cmp_ok($doc->{head}, '<=', position_seq(position()), 'as one moment has it');
is_deeply([beside($copy)], [], 'to look at it leaves nothing either');
my $restored = $doc->{head};

($code, $doc, $err) = ctl(['data', 'backup', $copy]);
is($code, 73, 'a second one does not replace it');
like($doc->{error}{message}, qr/is there already; --force/, 'and says so');
($code, $doc, $err) = ctl(['data', 'backup', "$s->{dir}/no/copy.db"]);
is($code, 66, 'a directory that is not there');
my $mtime = (stat $copy)[1];
($code, $doc, $err) = ctl(['data', 'backup', "$s->{dir}/forced.db"]);
($code, $doc, $err) = ctl(['data', 'backup', '--force',
    "$s->{dir}/forced.db"]);
is($code, 0, '--force does');

# -- stopped in the middle: nothing is left

background('stopped', 'data', 'backup', "$s->{dir}/stopped.db");
ok($s->wait_for(sub { scalar beside("$s->{dir}/stopped.db") }, 20),
    'another is under way');
$s->kill('stopped', 'TERM', dirty => 1);
is($s->reap('stopped') & 127, 15, 'it is ended by a signal');
is_deeply([glob "$s->{dir}/stopped.db*"], [], 'and leaves nothing');

ok(my $shim = Preload::build('t/fault/term-at-temp.c', $s->{dir}),
    'a signal that can wait');
background('early', 'data', 'backup', "$s->{dir}/early.db", { env => {
    LD_PRELOAD => $shim,
    ASAN_OPTIONS => 'detect_leaks=0:verify_asan_link_order=0' } });
$s->{proc}{early}{dirty} = 1;
is($s->reap('early') & 127, 15, 'a third is ended with its file just made');
is_deeply([glob "$s->{dir}/early.db*"], [], 'and leaves nothing either');

# -- back, while a page is open

my $kept = cookie('ben');
my $out = cookie('vera');
$s->delete('/session', headers => { Cookie => $gone,
    'Sec-Fetch-Site' => 'same-origin' });
adjust('X', 1000);
is_status($s->post('/inventory/items', { sku => 'Y', name => 'y' }, @ana),
    201, 'an item that the backup lacks');
$s->ctl_ok(['user', 'add', 'zoe', '--role', 'viewer'], "stockroom\n");
my $zoe = cookie('zoe');
my $old = position();
my $stream = $s->open_stream(as => 'ben');
ok($stream->wait_for('room_joined', 10), 'a page is open');
is(($s->ctl(['data', 'restore', $copy]))[0], 64,
    'without a terminal it does not ask, nor do it');
is(position(), $old, 'nothing has changed');
($code, $doc, $err) = ctl(['data', 'restore', $copy, '--yes']);
is($code, 0, 'restored') or diag($err);
my ($epoch) = $old =~ /^(\w+):/;
cmp_ok($doc->{epoch}, 'gt', $epoch, 'a new history begins');
my $bye = $stream->wait_for('disconnect', 10);
is($bye->{data}{code}, 'epoch', 'the page is told');
is(position(), "$doc->{epoch}:$restored", 'the app goes on with what is there');
is_status($s->get('/inventory/items/Y', @ana), 404, 'what came later is gone');
cmp_ok($s->get('/inventory/items/X', @ana)->{json}{quantity}, '<', 1000,
    'what was changed is back');
is_status($s->get("/inventory/changes?since=$old", @ana), 410,
    'another history is told apart');
ok(signed_in($kept), 'who was signed in still is');
ok(!signed_in($gone), 'who had signed out is not in again');
ok(!signed_in($zoe), 'and nobody whom the backup does not know');
$stream = $s->open_stream(as => 'ben');
my $joined = $stream->wait_for('room_joined', 10);
ok($joined, 'the page comes back');
is_status(adjust('X', 1), 200, 'and work goes on');
my $event = $stream->wait_for('inventory_changed', 10);
is($event->{data}{seq}, $restored + 1, 'from where the backup ended');
is_deeply([beside($s->{env}{STOCKROOM_DB})], [map {
    "$s->{env}{STOCKROOM_DB}$_" } qw(-shm -wal .lock)],
    'nothing is left beside the database');
is((ctl(['data', 'check']))[0], 0, 'and it is whole');

# -- once more, on a terminal: "yes" means yes

$epoch = $doc->{epoch};
for my $word (qw(no yes)) {
	my $answer = "$s->{dir}/answer";
	open my $fh, '>', $answer or die;
	print $fh "$word\n";
	close $fh;
	open my $in, '<', $answer or die;
	$s->spawn('asked', ['script', '-qec', "$s->{build}/stockroomctl " .
	    "data restore $copy", '/dev/null'], stdin => $in);
	$s->{proc}{asked}{may_end} = $s->{proc}{asked}{dirty} = 1;
	my $status = $s->reap('asked');
	like($s->log_text('asked'), qr/Replace all items.*\[yes\/no\]/,
	    'it asks');
	if ($word eq 'no') {
		isnt($status, 0, '"no" is no');
		like(position(), qr/^$epoch:/, 'nothing has changed');
	} else {
		is($status, 0, '"yes" is yes') or diag($s->log_text('asked'));
		cmp_ok(position(), 'gt', "$epoch:9", 'a later history yet');
	}
	delete $s->{proc}{asked};
}

# -- people sign out and in while it is made ready

sub is_stopped
{
	my ($name) = @_;

	return Proc::slurp('/proc/' . $s->pid($name) . '/stat') =~ /\) T /;
}

my @signed_in = map { cookie('ben') } 1 .. 6;
my (@leave, @come);
$shim = Preload::build('t/fault/stop-at-unlock.c', $s->{dir});
background('halting', 'data', 'restore', $copy, '--yes', { env => {
    LD_PRELOAD => $shim, STOP_AT_UNLOCK => "$s->{env}{STOCKROOM_DB}.lock",
    ASAN_OPTIONS => 'detect_leaks=0:verify_asan_link_order=0' } });
while (1) {
	$s->wait_for(sub {
		!$s->running('halting') || is_stopped('halting') }, 30);
	last unless @signed_in && is_stopped('halting');
	push @leave, shift @signed_in;
	is_status($s->delete('/session', headers => { Cookie => $leave[-1],
	    'Sec-Fetch-Site' => 'same-origin' }), 204, 'one signs out');
	push @come, cookie('ben');
	$s->kill('halting', 'CONT');
}
is($s->reap('halting'), 0, 'restored meanwhile') or
    diag($s->log_text('halting'));
cmp_ok(scalar @leave, '>', 3, 'at several moments');
is(scalar(grep { signed_in($_) } @leave), 0, 'nobody of them is in again');
is(scalar(grep { !signed_in($_) } @come), 0,
    'and who signed in meanwhile stays in');

# -- stopped in the middle: the database is the old or the new one, whole

adjust('X', 1);
my $db = $s->{env}{STOCKROOM_DB};

# Start one and look until its copy is there; it may be done before we look.
sub under_way
{
	background('halted', 'data', 'restore', $copy, '--yes');
	while ($s->running('halted')) {
		return 1 if grep { !/-(?:shm|wal)$|\.lock$/ } beside($db);
	}
	return 0;
}

my $tries = 50;
$tries-- until under_way() || $tries == 1;
cmp_ok($tries, '>', 1, 'another is under way');
$s->kill('halted', 'KILL');
$s->reap('halted');
is((ctl(['data', 'check']))[0], 0, 'killed: the database is whole');
is_status(adjust('X', 1), 200, 'and in use');
unlink grep { !/-(?:shm|wal)$|\.lock$/ || /\.db\.\w{6}/ } beside($db);

# -- what is no backup is refused

my $state = position();
my %bad = ('text.db' => "Dear diary\n" x 500);
open my $fh, '<:raw', $copy or die;
read $fh, my $bytes, -s $copy;
$bad{'cut.db'} = substr $bytes, 0, length($bytes) / 2;
$bad{'newer.db'} = $bytes;
substr $bad{'newer.db'}, 60, 4, pack 'N', 99;
for my $name (sort keys %bad) {
	open my $out, '>:raw', "$s->{dir}/$name" or die;
	print $out $bad{$name};
	close $out;
	($code, $doc, $err) = ctl(['data', 'restore', "$s->{dir}/$name",
	    '--yes']);
	is($code, 65, "$name is refused");
	like($err, qr/\Q$name\E/, 'and named');
}
like($err, qr/cannot be read|not a database/, 'with the reason');
# One that can be read, but does not add up.
my $odd = "$s->{dir}/odd.db";
open $fh, '>:raw', $odd or die;
print $fh $bytes;
close $fh;
is(system('sqlite3', $odd, 'UPDATE item SET quantity = quantity + 1000 ' .
    "WHERE sku = 'X'"), 0, 'a backup that somebody has touched');
($code, $doc, $err) = ctl(['data', 'restore', $odd, '--yes']);
is($code, 65, 'is refused');
like($doc->{findings}[0]{message}, qr/^quantity of X is/, 'with the finding');

is((ctl(['data', 'restore', "$s->{dir}/none.db", '--yes']))[0], 66,
    'a file that is not there');
is(position(), $state, 'nothing has changed');

# -- onto a machine that has nothing yet

my $new = "$s->{dir}/new";
mkdir $new;
{
	local $s->{env}{STOCKROOM_DB} = "$new/stockroom.db";
	local $s->{env}{STOCKROOM_KEY_FILE} = "$new/ticket.key";
	($code, $doc, $err) = ctl(['data', 'restore', $copy, '--yes']);
	is($code, 0, 'a new machine') or diag($err);
	like($s->ctl_ok(['data', 'check']), qr/is good: 2501 items/,
	    'has all of it');
}

$s->finish;
done_testing;
