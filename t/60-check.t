#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# stockroomctl data check: a good database is good, and each way to break one
# is found.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Stockroom;

my $s = Stockroom->new(app => 0, demo => 1);
my $json = $Stockroom::json;
my $db = $s->{env}{STOCKROOM_DB};

# Run SQL on a database that nobody uses; what it prints.
sub sql
{
	my ($path, $text) = @_;

	open my $fh, '-|', 'sqlite3', $path, $text or die "sqlite3: $!";
	my $out = join '', <$fh>;
	close $fh or die "sqlite3: $text";
	return $out;
}

sub copy
{
	my ($path) = @_;

	open my $in, '<:raw', $db or die;
	open my $out, '>:raw', $path or die;
	local $/;
	print $out scalar <$in>;
	close $out or die;
	return $path;
}

# Check FILE: the exit code, the document, the messages.
sub check
{
	my (@argv) = @_;

	my ($code, $out, $err) = $s->ctl(['data', 'check', '--json', @argv]);
	return ($code, eval { $json->decode($out) } // {}, $err);
}

my ($code, $doc, $err) = check();
is($code, 0, 'the demo is good');
is($err, '', 'nothing is said');
is_deeply([@$doc{qw(good items schema)}, scalar @{ $doc->{findings} }],
    [$JSON::PP::true, 200, 3, 0], 'the document says so');
cmp_ok($doc->{changes}, '>', 200, 'all changes were looked at');
is($doc->{head}, $doc->{changes}, 'up to the newest');
like($s->ctl_ok(['data', 'check']), qr/^\S+ is good: 200 items, \d+ changes$/,
    'and so does the text');

# What is done to a copy, and what is found: the check, and words of it.
my $adjusted = sql($db, 'SELECT sku FROM change WHERE update_type =' .
    " 'adjust' LIMIT 1") =~ s/\n//r;
my @broken = (
	['a quantity that no change made', "UPDATE item SET quantity =" .
	    " quantity + 1000 WHERE sku = '$adjusted'", 'ledger',
	    qr/quantity of $adjusted is [\d.]+, but its last change left/],
	['another field, too', "UPDATE item SET location = 'X' WHERE sku =" .
	    " '$adjusted'", 'ledger',
	    qr/location of $adjusted is "X", but its last change left/],
	['a change that begins elsewhere', 'UPDATE change SET changes =' .
	    ' replace(changes, \'"old_value":\', \'"old_value":1\') WHERE' .
	    " update_type = 'adjust' AND sku = '$adjusted'", 'ledger',
	    qr/change \d+ of $adjusted takes its quantity from \d+, but/],
	['a change that cannot be read', "UPDATE change SET changes = '['" .
	    ' WHERE seq = 7', 'ledger', qr/change 7 cannot be read/],
	['a hole', 'DELETE FROM change WHERE seq = 100', 'log',
	    qr/of the changes 1 to \d+ there are only \d+/],
	['a newest change that is gone', 'DELETE FROM change WHERE seq =' .
	    ' (SELECT max(seq) FROM change)', 'log',
	    qr/the newest change is \d+, but \d+ were numbered/],
	['no history', "UPDATE meta SET value = 'x' WHERE key = 'epoch'",
	    'log', qr/the epoch "x" is malformed/],
	['a version of the future', 'UPDATE item SET version = 99999 WHERE' .
	    " sku = '$adjusted'", 'versions',
	    qr/$adjusted has version 99999, beyond/],
	['a version of before', 'UPDATE item SET version = version - 1' .
	    " WHERE sku = '$adjusted'", 'versions',
	    qr/$adjusted has version \d+, its last change is \d+/],
	['a session of nobody', "INSERT INTO session VALUES ('a', 'b', 99," .
	    ' 1, 1)', 'references', qr/row .* of session refers to a user/],
	['counts that do not add up', 'UPDATE item_count SET low = low + 1',
	    'counts', qr/all, low, out and on order are kept as 200, \d+,/],
	['a negative quantity', 'PRAGMA ignore_check_constraints = 1;' .
	    ' UPDATE item SET quantity = -1 WHERE id = 1', 'values',
	    qr/a number of \S+ is negative/],
	['a newer schema', 'PRAGMA user_version = 99', 'schema',
	    qr/.*newer Stockroom \(schema 99; .* up to 3\)/],
);
my $file = "$s->{dir}/broken.db";
for (@broken) {
	my ($name, $text, $what, $like) = @$_;
	sql(copy($file), $text);
	($code, $doc, $err) = check($file);
	is($code, 65, "$name: exit 65");
	ok(!$doc->{good} && (grep { $_->{check} eq $what &&
	    $_->{message} =~ $like } @{ $doc->{findings} }),
	    "$name: is found") or diag($err);
	like($err, qr/^stockroomctl: data check: \Q$file\E: $what: $like/m,
	    "$name: is said");
}

# Pages of the file itself, overwritten.
for my $part (0.3, 0.5, 0.8) {
	copy($file);
	open my $fh, '+<:raw', $file or die;
	seek $fh, int((-s $file) / 4096 * $part) * 4096, 0;
	print $fh "\xff" x 8192;
	close $fh;
	($code, $doc, $err) = check($file);
	is($code, 65, "pages at $part of the file: exit 65");
	like($err, qr/integrity|malformed/, "pages at $part: is said");
}
is(($s->ctl(['data', 'check', "$s->{dir}/none.db"]))[0], 66,
    'a file that is not there');
ok(!-e "$s->{dir}/none.db", 'is not made');
like($s->ctl_ok(['data', 'check', copy($file)]), qr/is good/,
    'a copy that nobody touched');
$s->finish;
done_testing;
