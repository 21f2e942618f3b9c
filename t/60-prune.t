#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# stockroomctl data prune: what has had its time goes, and nothing that
# anybody still needs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

use constant KEPT => 4096;	# newest changes that always stay

my $s = Stockroom->new(app => 0, items => 6000);
my $json = $Stockroom::json;
my $db = $s->{env}{STOCKROOM_DB};

# Run SQL on the database; nobody must be using it.
sub sql
{
	my ($text) = @_;

	system('sqlite3', $db, ".timeout 5000", $text) == 0 or die $text;
}

# Prune with --json: what went.
sub prune
{
	my (@argv) = @_;

	my $doc = $json->decode($s->ctl_ok(['data', 'prune', '--json',
	    @argv]));
	return join ' ', map { $doc->{$_} }
	    qw(sessions revoked answers changes);
}

# 5000 old changes; two rows of each other kind, of which one is old.
sql('UPDATE change SET at = "2020-01-01T00:00:00.000Z" WHERE seq <= 5000;' .
    'INSERT INTO session VALUES ("a", "a", 1, 1000, 1),' .
    ' ("b", "b", 1, 99999999999999, 1);' .
    'INSERT INTO revoked VALUES ("c", 1000), ("d", 99999999999999);' .
    'INSERT INTO idem VALUES (1, "old", "", "", 201, "", "", 1000),' .
    ' (1, "new", "", "", 201, "", "", 99999999999999);' .
    'INSERT INTO bucket VALUES ("x", 1000);');
is(prune(), '1 1 1 0', 'the old ones, and by default no changes');
is(prune(), '0 0 0 0', 'once');
is(`sqlite3 '$db' 'SELECT count(*) FROM bucket'`, "0\n", 'limits, too');

# -- changes, beside a running app, with a page open

$s->{app} = 'socket';
$s->start('app');
$s->start('relay');
$s->wait_joined;
my @ana = (token => $s->token('ana'));
my $stream = $s->open_stream(as => 'ben');
ok($stream->wait_for('room_joined', 10), 'a page is open');
is(prune('--days', '5000'), '0 0 0 0', 'none is 5000 days old');
my $last = 6000 - KEPT;
{
	local $s->{env}{STOCKROOM_HISTORY_DAYS} = 30;
	is(prune(), "0 0 0 $last", 'the setting says 30: the newest stay');
}
is(prune('--days', '30'), '0 0 0 0', 'again: nothing is left to do');
is_status($s->get('/inventory/changes?since=1000', @ana), 410,
    'who asks for what is gone is told');
my $r = $s->get("/inventory/changes?since=$last&limit=1", @ana);
is($r->{json}{changes}[0]{seq}, $last + 1, 'the oldest that is left');
my ($sku) = map { $_->{sku} } grep { $_->{version} <= $last }
    @{ $s->get('/inventory/items?limit=100', @ana)->{json}{items} };
ok($sku, 'an item whose changes are all gone');
is_deeply($s->get("/inventory/items/$sku/history", @ana)->{json}{changes},
    [], 'has no history any more');
is_status($s->patch("/inventory/items/$sku", { name => 'new',
    base_version => 1 }, @ana), 200, 'and can be changed as ever');
my $event = $stream->wait_for('inventory_changed', 10);
is($event->{data}{seq}, 6001, 'the page hears of it');
like($s->ctl_ok(['data', 'check']), qr/is good: 6000 items, 4097 changes/,
    'all adds up');

# -- what the relay has not been told yet stays, however old

$s->stop('app');
sql('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n' .
    ' WHERE i < 6000) INSERT INTO change (at, changeset, user_id, username,' .
    ' update_type, sku, version, changes, source) SELECT' .
    ' "2020-01-01T00:00:00.000Z", "x", 1, "ana", "note", "X", 0, "[]",' .
    ' "broadcast" FROM n;' .
    'UPDATE change SET at = "2020-01-01T00:00:00.000Z"');
my $told = 6001 - $last;
is(prune('--days', '1'), "0 0 0 $told", 'up to what the relay has');
$s->stop('relay');
is(prune('--days', '1'), '0 0 0 ' . (6000 - KEPT),
    'one that is down starts anew from the newest');
$s->start('relay');
$s->start('app');
$s->wait_joined;
ok($s->wait_for(sub {
	my $h = $s->relay_http('GET', '/healthz')->{body};
	return $h =~ /:12001"/;
}, 20), 'which it is told');

is(($s->ctl(['data', 'prune', '--days', $_]))[0], 64, "--days $_")
    for qw(-1 1.5 x 99999);
$s->finish;
done_testing;
