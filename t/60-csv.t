#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Items in and out as CSV, beside a running app with an open page.

use strict;
use warnings;
use utf8;

use Encode qw(encode);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Check;
use OpenApi;
use Slurp qw(slurp);
use Stockroom;

my $s = Stockroom->new(relay => 1, env => { STOCKROOM_USER_WRITES => 0 });
my @ana = (token => $s->token('ana'));
my $json = $Stockroom::json;

# A file of the test's own, of text or of lines.
sub file
{
	my ($name, @lines) = @_;

	my $path = "$s->{dir}/$name";
	open my $fh, '>:raw', $path or die "$path: $!";
	print $fh encode('UTF-8', join '', @lines);
	close $fh or die "$path: $!";
	return $path;
}

# Import with --json: (exit code, document, messages).
sub import
{
	my ($argv, $input) = @_;

	my ($code, $out, $err) = $s->ctl(['item', 'import', '--json', @$argv],
	    $input);
	my $doc = eval { $json->decode($out) };
	diag("no document: $out") unless ref $doc eq 'HASH';
	return ($code, $doc // {}, $err);
}

sub counts_are
{
	my ($argv, $want, $name, $input) = @_;

	my ($code, $doc, $err) = import($argv, $input);
	my $got = join ' ', map { $doc->{$_} // '-' }
	    qw(created changed unchanged bad);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is("$code: $got", "0: $want", $name) or diag($err);
}

sub item { return $s->get("/inventory/items/$_[0]", @ana)->{json} }
sub head
{
	return position_seq($s->get('/inventory/items?limit=1', @ana)
	    ->{json}{position});
}

# -- in: created, changed, left alone; an open page sees it at once

my $stream = $s->open_stream(as => 'ben');
$stream->wait_for('room_joined', 10) or die 'no room';
my $first = file('first.csv', "sku,name,location,quantity,notes\r\n",
    qq(A-1,Screw,A1,12.5,"one\r\ntwo"\r\n),
    qq(A-2,"Größe ""L"", rot",,,\r\n));
counts_are([$first], '2 0 0 0', 'two items are created');
is(item('A-1')->{quantity}, 12.5, 'a quantity');
is(item('A-1')->{notes}, "one\ntwo", 'two lines in one cell');
is(item('A-2')->{name}, 'Größe "L", rot', 'quotes, commas, UTF-8');
is(item('A-2')->{quantity}, 0, 'no number is none for a new item');
ok($stream->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{sku} eq 'A-2' }, 10), 'an open page hears of it');
my ($event) = grep { $_->{data}{sku} eq 'A-1' }
    $stream->named('inventory_changed');
is("@{ $event->{data} }{qw(update_type source username)}",
    'create import import', 'as an import');
counts_are([$first], '0 0 2 0', 'the same again changes nothing');
my $head = head();
is($head, 2, 'nor is anything logged');
counts_are([file('more.csv', "name,sku,quantity\nNail,A-1,\n",
    qq("Größe ""L"", rot",A-2,3\n)), '--user', 'ANA'], '0 2 0 0',
    'two are changed');
is(item('A-1')->{quantity}, 12.5, 'an empty number leaves it as it is');
is(item('A-1')->{location}, 'A1', 'and so does a column that is not there');
is(item('A-1')->{updated_by}, 'ana (import)', 'by the user who was named');
my $log = $s->get("/inventory/changes?since=$head", @ana)->{json}{changes};
is(join(' ', map { "$_->{sku}:$_->{update_type}:$_->{field}" } @$log),
    'A-1:edit:name A-2:edit:quantity', 'one row of the log each');
my ($code, $doc, $err) = import([$first, '--user', 'nobody']);
is($code, 67, 'a user who is none');

# -- dry, from a pipe, with other delimiters, with a mark

nothing_changed($s, $s->token('ana'), '--dry-run', sub {
	counts_are([$first, '--dry-run'], '0 1 1 0', '--dry-run counts');
});
counts_are(['-'], '0 1 0 0', 'from standard input', "sku,name\nA-1,Bolt\n");
my $piped = `printf 'sku,name\\nA-1,Rivet\\n' | env -u STOCKROOM_BUILD @{[ map {
    "$_='$s->{env}{$_}'" } sort keys %{ $s->{env} } ]} \\
    '$s->{build}/stockroomctl' item import -`;
like($piped, qr/^standard input: 0 created, 1 changed, 0 unch/, 'and a pipe');
counts_are([file('semi.csv', "\x{feff}sku;name\r\nA-1;Rivet; flat\r\n" =~
    s/Rivet; flat/"Rivet; flat"/r), '--delimiter', ';'], '0 1 0 0',
    'a mark and semicolons');
is(item('A-1')->{name}, 'Rivet; flat', 'are read');
counts_are([file('tab.csv', "sku\tname\nA-1\tRivet\n"), '--delimiter=tab'],
    '0 1 0 0', 'tabs');

# -- wrong: told where and why, and nothing is imported

nothing_changed($s, $s->token('ana'), 'bad lines', sub {
	my $bad = file('bad.csv', "sku,name,quantity,status\n",
	    "B-1,Good,1,active\n", "B 2,x,1,active\n",
	    "B-3,x,\"1,5\",active\n", "B-4,x,-1,active\n",
	    "B-5,,1,active\n", "B-6,x,1,gone\n", "B-7,x,1\n",
	    "B-1,again,1,active\n", "B-8,a\"b,1,active\n",
	    "B-9,\"a\"b,1,active\n", "B-10,\"x,1,active\n");
	my ($code, $doc, $err) = import([$bad]);
	is($code, 65, 'the exit code');
	is($doc->{error}{message}, '10 of 11 lines are bad; nothing is ' .
	    'imported', 'all are counted');
	my @told = $err =~ /bad\.csv: line (\d+, column \d+: \w+)/g;
	is_deeply(\@told, ['3, column 1: sku', '4, column 7: quantity',
	    '5, column 7: quantity', '6, column 5: name',
	    '7, column 9: status', '8, column 1: 3', '9, column 1: sku',
	    '10, column 6: a', '11, column 8: something',
	    '12, column 6: this'], 'each with its line and column') or
	    diag($err);
	like($err, qr/quantity: must be a number from 0 to/, 'what is allowed');
	like($err, qr/status: must be one of active,discontinued/, 'there');
	like($err, qr/B-1 is in line 2 already/, 'and where it was before');
	for (['sku,nam', 'there is no field "nam"; there are sku, name,'],
	    ['sku,' . 'x' x 39 . 'ä', 'there is no field "' . 'x' x 39 . '";'],
	    ['sku;name', '--delimiter may be wrong'],
	    ['sku,stock', 'stock is read-only'],
	    ['sku,sku', 'sku is there twice'],
	    ['name,unit', 'the column sku is missing'],
	    ['', 'the file is empty']) {
		my ($head, $why) = @$_;
		($code, $doc, $err) = import([file('head.csv',
		    $head eq '' ? '' : "$head\nC,c\n")]);
		is($code, 65, "first line \"$head\"");
		like($err, qr/head\.csv: line 1, column \d+: .*\Q$why\E/,
		    'is told why');
	}
	($code, $doc, $err) = import(["$s->{dir}/none.csv"]);
	is($code, 66, 'a file that is not there');
	($code, $doc, $err) = import(['-', '--delimiter', 'x'], '');
	is($code, 64, 'a delimiter that is none');
});
counts_are(["$s->{dir}/bad.csv", '--skip-bad'], '1 0 0 10',
    '--skip-bad takes the good ones');
is(item('B-1')->{name}, 'Good', 'the first of two');

# -- out: what comes out changes nothing when it goes in

@OpenApi::custom{'lot', 'price'} = (1, 1);
$s->ctl_ok(['field', 'add', 'lot', '--label', 'Lot number']);
$s->ctl_ok(['field', 'add', 'price', '--type', 'number']);
my @texts = ('=1+1', '+1', '-1', '@x', "'", "'=1", "''", ' x ', '"', 'a,b',
    "l1\nl2", "\tx", '日本 📦', '');
for my $i (0 .. $#texts) {
	is_status($s->post('/inventory/items', { sku => "-T$i", name => "n",
	    notes => $texts[$i], lot => $texts[$i] =~ s/[\n\t]//gr,
	    price => $i / 8, quantity => $i }, @ana), 201, "text $i");
}
my $before = snapshot($s, $s->token('ana'));
my $out = "$s->{dir}/out.csv";
like($s->ctl_ok(['item', 'export', $out]), qr/out\.csv: 17 items$/, 'export');
is((stat $out)[2] & 077, 0, 'the file is for its owner alone');
is(($s->ctl(['item', 'export', $out]))[0], 73, 'it is not replaced');
is(($s->ctl(['item', 'export', $out, '--force']))[0], 0, 'but by force');
my $text = slurp($out);
is($s->ctl_ok(['item', 'export']), $text, 'standard output gets the same');
is($s->ctl_ok(['item', 'export', '-']), $text, 'and so does -');
like($text, qr/\Asku,name,.*,notes,lot,price\r\n'-T0,n,/, 'it has a head');
unlike($text, qr/(?:^|,)"?[=+\-@\t]/m, 'and nothing that runs as a formula');
counts_are([$out], '0 0 17 0', 'an import of it changes nothing');
is_same(snapshot($s, $s->token('ana')), $before, 'not a bit');
is_status($s->delete("/inventory/items/-T$_", @ana), 204, "less -T$_")
    for 0 .. $#texts;
counts_are([$out], '14 0 3 0', 'what was deleted is back');
for my $i (0 .. $#texts) {
	is(item("-T$i")->{notes}, $texts[$i], "note $i is exact");
}
is($s->ctl_ok(['item', 'export']), $text, 'and comes out the same');
my $raw = $s->ctl_ok(['item', 'export', '--raw', '--bom']);
like($raw, qr/\A\xef\xbb\xbfsku,.*^-T0,n,.*,=1\+1,/ms, '--raw, --bom');
counts_are(['-', '--raw'], '0 0 17 0', 'goes in raw', $raw);
my $all = $json->decode($s->ctl_ok(['item', 'export', '--json']));
is(scalar @{ $all->{items} }, 17, 'the items as JSON');
is($all->{items}[0]{sku}, '-T0', 'in order');
counts_are(['-'], '0 1 0 0', 'a custom column', "sku,price\nA-1,2.125\n");
is(item('A-1')->{price}, 2.125, 'is set');

# -- a large one: progress on a terminal only; people go on working meanwhile

my $large = file('large.csv', "sku,name,quantity\n", map {
    sprintf "L-%05d,Thing %d,%d\n", $_, $_, $_ % 50 } 1 .. 20_000);
my @cmd = ("$s->{build}/stockroomctl", 'item', 'import', $large);
my $began = time;
$s->spawn('import', ['script', '-qec', "@cmd", '/dev/null']);
$s->{proc}{import}{may_end} = 1;
my ($writes, @versions) = 0;
while ($s->running('import')) {
	my $r = $s->post('/inventory/items/A-2/adjustments',
	    { delta => 1, reason => 'count' }, @ana);
	is_status($r, 200, 'a write meanwhile') if $r->{status} != 200;
	push @versions, $r->{json}{version};
	$writes++;
}
my $took = time - $began;
is($s->reap('import'), 0, 'it went well');
is(item('A-2')->{quantity}, 3 + $writes, "$writes writes came through");
my ($from, $to) = map { item($_)->{version} } qw(L-00001 L-20000);
cmp_ok(scalar(grep { $_ > $from && $_ < $to } @versions), '>=', 2,
    'in the midst of it: none waited for its end');
my $screen = $s->log_text('import');
my @drawn = $screen =~ /\r(?:checking line|importing) [^\r]*\e\[K/g;
cmp_ok(scalar @drawn, '>=', 2, 'progress is drawn');
cmp_ok(scalar @drawn, '<=', 10 * $took + 2, 'at most ten times a second');
like($screen, qr/importing \[#*-*\] +\d+% \d+ of 20000\e\[K/, 'as a bar');
like($screen, qr/\r\e\[K[^\r\n]*20000 created, 0 changed[^\r\n]*\r?\n\z/,
    'and gone at the end');
(undef, undef, $err) = $s->ctl(['item', 'import', $large]);
is($err, '', 'nothing of it elsewhere');

# -- stopped in between: the same command goes on from there

my $other = file('other.csv', "sku,name,quantity\n", map {
    sprintf "L-%05d,Another %d,%d\n", $_, $_, 60 + $_ } 1 .. 20_000);
$head = head();
$s->spawn('stopped', ["$s->{build}/stockroomctl", 'item', 'import', $other]);
# It rests while we look: else it might be done by the time that we know.
ok($s->wait_for(sub {
	$s->kill('stopped', 'STOP');
	my $begun = head() > $head;
	$s->kill('stopped', 'INT', dirty => 1) if $begun;
	$s->kill('stopped', 'CONT');
	return $begun;
}, 30), 'it has begun to write');
is($s->reap('stopped') & 127, 2, 'it ends by the signal');
my ($changed) = $s->log_text('stopped') =~ /(\d+) changed already/;
ok($changed > 0 && $changed < 20_000, 'in the middle') or
    diag($s->log_text('stopped'));
is(head() - $head, $changed, 'what it says is what is there');
counts_are([$other], join(' ', 0, 20_000 - $changed, $changed, 0),
    'the rest comes with the next run');
nothing_changed($s, $s->token('ana'), 'good', sub {
	like($s->ctl_ok(['data', 'check']), qr/is good: 20017 items/,
	    'and all adds up');
});
counts_are([$large, '--atomic'], '0 20000 0 0', 'in one transaction');

$s->finish;
done_testing;
