#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# stockroomctl status, config and field: what an admin looks at and sets.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use OpenApi;
use Stockroom;

my $s = Stockroom->new(relay => 1);
my @ana = (token => $s->token('ana'));
my $json = $Stockroom::json;

# Run it with --json: (exit code, document, messages).
sub ctl
{
	my (@argv) = @_;

	my ($code, $out, $err) = $s->ctl([@argv, '--json']);
	return ($code, eval { $json->decode($out) } // {}, $err);
}

# -- status

is_status($s->post('/inventory/items', { sku => 'A', name => 'a' }, @ana),
    201, 'an item');
my $stream = $s->open_stream(as => 'ben');
ok($stream->wait_for('room_joined', 10), 'a page is open');
my ($code, $doc, $err);
ok($s->wait_for(sub {
	($code, $doc, $err) = ctl('status', 'show');
	return $code == 0 && $doc->{relay}{lag} == 0;
}, 10), 'all is well, and the relay has all') or diag($err);
is($err, '', 'nothing is said');
is_deeply([@{ $doc->{database} }{qw(items head oldest schema path)}],
    [1, 1, 1, 3, $s->{env}{STOCKROOM_DB}], 'the database');
cmp_ok($doc->{database}{bytes}, '>', 4096, 'its size');
is_deeply([@{ $doc->{relay} }{qw(status streams people polls
    app_connections)}], ['ok', 1, 1, 0, 1], 'the relay');
is($doc->{relay}{position}, "$doc->{database}{epoch}:1", 'its position');
is_deeply($doc->{relay}{rooms}, [{ room => $s->room, people => 1,
    pages => 1 }], 'its rooms');
ok($doc->{well}, 'well');
my $text = $s->ctl_ok(['status', 'show']);
like($text, qr/^database\n.*^  items +1\n.*^relay\n.*^  people +1\n/ms,
    'as text');
like($text, qr/^  people of inventory_management: 1$/m, 'room by room');
$s->stop('app');
ok($s->wait_for(sub {
	($code, $doc, $err) = ctl('status', 'show');
	return $code == 69;
}, 10), 'without the app: 69');
like($err, qr/the app is down/, 'it says which');
$s->stop('relay');
($code, $doc, $err) = ctl('status', 'show');
is($code, 69, 'without the relay: 69');
like($err, qr/the relay is down: /, 'it says which');
is_deeply([$doc->{relay}{status}, $doc->{database}{items}, !!$doc->{well}],
    ['down', 1, !!0], 'and how the rest does');
{
	local $s->{env}{STOCKROOM_DB} = "$s->{dir}/none.db";
	($code, $doc, $err) = ctl('status', 'show');
	is($code, 69, 'without a database: 69');
	like($err, qr/the database is down: No such file/, 'it says which');
	ok(!-e "$s->{dir}/none.db", 'and makes none');
}

# -- config

{
	local $s->{env}{STOCKROOM_POLL_HOLD} = 7;
	($code, $doc, $err) = ctl('config', 'show');
	is($code, 0, 'the settings');
	my %row = map { $_->{name} => $_ } @{ $doc->{settings} };
	is_deeply([@{ $row{STOCKROOM_POLL_HOLD} }{qw(value source default)}],
	    ['7', 'environment', '25'], 'one of the environment');
	is_deeply([@{ $row{STOCKROOM_STREAM_LIFE} }{qw(value source)}],
	    ['3600', 'default'], 'one as it comes');
	like($s->ctl_ok(['config', 'show']),
	    qr/^STOCKROOM_POLL_HOLD +environment +7$/m, 'as text');
	local $s->{env}{STOCKROOM_PALETTE} = 'red';
	local $s->{env}{STOCKROOM_MAX_STREAMS} = 'many';
	($code, $doc, $err) = ctl('config', 'show');
	is($code, 78, 'wrong ones: 78');
	like($err, qr/STOCKROOM_PALETTE \(environment\): "red" is not all/,
	    'each');
	like($err, qr/"many" is not allowed: a whole number from 1 to/,
	    'with what is allowed');
	is(scalar(grep { defined $_->{allowed} } @{ $doc->{settings} }), 2,
	    'in the document, too');
}

# -- field

$OpenApi::custom{$_} = 1 for qw(lot price);
$s->start('app');
is((ctl('field', 'add', 'lot', '--label', 'Lot no.'))[0], 0, 'a column');
is((ctl('field', 'add', 'price', '--type=number'))[0], 0, 'of numbers');
is((ctl('field', 'add', 'lot'))[0], 73, 'there is one already');
is((ctl('field', 'add', 'sku'))[0], 73, 'every item has that');
is((ctl('field', 'add', @$_))[0], 64, "@$_") for ['Lot'], ['1a'], ['a b'],
    ['a', '--type', 'date'], ['a', '--label', ''], ['a' x 41],
    ['a', '--max-length', '0'], [];
my $fields = $s->get('/inventory/fields', @ana)->{json}{fields};
my ($lot) = grep { $_->{name} eq 'lot' } @$fields;
is_deeply([@$lot{qw(label type max_length)}], ['Lot no.', 'text', 200],
    'the app knows it at once');
is_status($s->patch('/inventory/items/A', { lot => 'L1', price => 1.5 },
    @ana), 200, 'it takes values');
like($s->ctl_ok(['field', 'list']), qr/^lot +Lot no\. +text +200 +true$/m,
    'it is listed');
is((ctl('field', 'remove', 'lot'))[0], 0, 'removed');
ok(!exists $s->get('/inventory/items/A', @ana)->{json}{lot}, 'out of sight');
is((ctl('field', 'add', 'lot', '--type', 'number'))[0], 65,
    'it cannot come back as numbers');
is((ctl('field', 'add', 'lot'))[0], 0, 'but as it was');
is($s->get('/inventory/items/A', @ana)->{json}{lot}, 'L1',
    'with what it held');
is((ctl('field', 'remove', 'none'))[0], 67, 'one that is none');
like($s->ctl_ok(['data', 'check']), qr/is good/, 'and all adds up');
$s->finish;
done_testing;
