#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A disk that is full, or fails: nothing is acknowledged that is not there,
# reading goes on, writes are refused with 503 until there is room, and then
# taken again, without a hand; stockroomctl says what is wrong and leaves
# nothing behind.

use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use FailCalls;
use Stockroom;
use Tree;

use constant {
	# Twice the write-ahead log at its largest, and what it goes into.
	DISK => '48m',
	PAGE => 4096,
	STEPS => 14,		# so many different rests of room
	ITEMS => '/inventory/items',
};

plan skip_all => 'only root may mount' if $> != 0;
# A small disk that nobody else sees, and that goes when we do.
if (!$ENV{STOCKROOM_MOUNTS}) {
	$ENV{STOCKROOM_MOUNTS} = 1;
	exec Tree::unshare(), $^X, $0;
	die "unshare: $!\n";
}
my $dir = File::Temp->newdir('stockroom-disk-XXXXXX', TMPDIR => 1);
chmod 0755, $dir;
is(system('mount', '-t', 'tmpfs', '-o', 'mode=755,size=' . DISK, 'disk',
    "$dir"), 0, 'a small disk') or BAIL_OUT('no mount');

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' }, env => {
    STOCKROOM_DB => "$dir/stockroom.db", STOCKROOM_USER_WRITES => 0 });
my @ana = (token => $s->token('ana'));
my $st = $s->open_stream(@ana);
ok($st->wait_for('room_joined'), 'somebody listens');
my ($pid, $names, @done) = ($s->pid('app'), 0);

# Leave so many bytes of room.
sub fill
{
	my ($room) = @_;

	open my $fh, '>:raw', "$dir/ballast" or die "ballast: $!";
	my $page = 'x' x PAGE;
	my $size = 0;
	while (my $n = syswrite $fh, $page) {
		$size += $n;
	}
	truncate $fh, $size - $room if $room;
}

# The same, when the write-ahead log has no room of its own either: it is
# emptied by an app that has nothing to do.
sub fill_up
{
	ok($s->wait_for(sub { !-s "$dir/stockroom.db-wal" }, 20),
	    'the log is emptied');
	fill(0);
}

sub make_room { unlink "$dir/ballast" }

sub create
{
	my $sku = 'D-' . ++$names;
	my $r = $s->post(ITEMS, { sku => $sku, name => 'x' x 100,
	    notes => 'y' x 1500 }, @ana);
	push @done, $sku if $r->{status} == 201;
	return ($sku, $r);
}

# What is in the log, as a list.
sub logged
{
	my ($since, @skus) = (0);
	while (1) {
		my $r = $s->get("/inventory/changes?limit=200&since=$since",
		    @ana);
		my @changes = @{ $r->{json}{changes} } or return @skus;
		push @skus, map { $_->{sku} } @changes;
		$since = $changes[-1]{seq};
	}
}

# -- full, with more or less room for the write-ahead log

create() for 1 .. 3;
my (%refused, @wrong);
for my $step (0 .. STEPS - 1) {
	fill($step * 3 * PAGE);
	my ($sku, $r);
	for (1 .. 400) {
		($sku, $r) = create();
		last if $r->{status} != 201;
	}
	note("step $step: after ", scalar @done);
	$refused{ $r->{status} . ($r->{headers}{'retry-after'} // '') }++;
	my $gone = $s->get(ITEMS . "/$sku", @ana);
	my $there = $s->get(ITEMS . "/$done[-1]", @ana);
	my $list = $s->get(ITEMS . '?limit=50', @ana);
	push @wrong, "step $step: $gone->{status} $there->{status} " .
	    $list->{status} unless $gone->{status} == 404 &&
	    $there->{status} == 200 && $list->{status} == 200 &&
	    $list->{json}{counts}{all} == @done;
	is_problem($r, 503, 'a write is refused') if !$step;
	make_room();
	push @wrong, "step $step: refused with room"
	    if (create())[1]{status} != 201;
}
is(join(' ', %refused), '5031 ' . STEPS, 'refused each time, to try again');
is(join('; ', @wrong), '', 'reading went on, nothing refused was there, ' .
    'and writes were taken again at once');

# -- full again and again under several writers

my @got = parallel(4, sub {
	my ($i) = @_;
	my @acks;
	for my $n (1 .. 25) {
		fill(PAGE * ($n % 5)) if $i == 0 && $n % 2;
		make_room() if $i == 0 && !($n % 2);
		my $sku = "P-$i-$n";
		my $r = $s->post(ITEMS, { sku => $sku, name => 'x',
		    notes => 'z' x 1500 }, @ana);
		push @acks, [$sku, $r->{status}];
	}
	return \@acks;
});
make_room();
@got = map { @{ $_ // [['died', 0]] } } @got;
is(join(' ', grep { !/^(?:201|503)$/ } map { $_->[1] } @got), '',
    'done or refused');
cmp_ok(scalar(grep { $_->[1] == 503 } @got), '>', 0, 'some were refused');
push @done, map { $_->[0] } grep { $_->[1] == 201 } @got;
my @log = logged();
is(join(' ', sort @log), join(' ', sort @done),
    'the log has what was acknowledged, once');
ok($st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
    $_->{data}{seq} == @log }, 20), 'the last is announced');
is(join(' ', map { $_->{data}{seq} } $st->named('inventory_changed')),
    join(' ', 1 .. @log), 'all of it was, once and in order');
is($s->pid('app'), $pid, 'by one and the same app');
ok($s->running('app'), 'which goes on');

# -- the admin's commands

open my $fh, '>', "$s->{dir}/more.csv" or die;
print $fh "sku,name,notes\n", map { "I-$_,row," . 'n' x 1500 . "\n" } 1 .. 50;
close $fh or die;
my %command = (
	backup => [qw(data backup), "$dir/copy.db"],
	export => [qw(item export), "$dir/copy.csv"],
	import => [qw(item import --atomic), "$s->{dir}/more.csv"],
	'user add' => [qw(user add eve --role viewer)],
);
fill_up();
for my $name (sort keys %command) {
	my ($code, $out, $err) = $s->ctl($command{$name}, "long enough\n");
	cmp_ok($code, '>', 0, "$name fails on a full disk");
	cmp_ok($code, '<', 128, 'and is no crash');
	like($err, qr/^stockroomctl: \Q@{$command{$name}}[0..1]\E.*:/m,
	    'it says so');
}
is(join(' ', glob "$dir/copy*"), '', 'nothing is left of it');
is_status($s->get(ITEMS . '/I-1', @ana), 404, 'nothing is imported');
my ($code, undef, $err) = $s->ctl([qw(data prune)]);
cmp_ok($code, '<', 128, 'prune ends by itself') or diag($err);
make_room();
for my $name (sort keys %command) {
	($code, undef, $err) = $s->ctl($command{$name}, "long enough\n");
	is($code, 0, "$name when there is room") or diag($err);
	unlink glob "$dir/copy*";
}

# -- the end and the start on a full disk

fill_up();
$s->stop('app');
$s->spawn('app', ["$s->{build}/stockroom-app", '--socket', $s->app_socket]);
ok($s->wait_for(sub { !$s->running('app') || $s->ready_app }, 20),
    'an app that starts');
if ($s->running('app')) {
	is_status($s->get(ITEMS . "/$done[0]", @ana), 200, 'serves reads');
} else {
	unlike($s->log_text('app'), qr/signal/, 'or ends with a word');
	like((split /\n/, $s->log_text('app'))[-1], qr/ error .*database/,
	    'about the database');
	$s->kill('app', 'TERM', dirty => 1);
}
make_room();
$s->start('app') unless $s->running('app');
is((create())[1]{status}, 201, 'with room it takes writes');
is(($s->ctl([qw(data check)]))[0], 0, 'the database is good');
$st->close;
$s->finish;
system('umount', "$dir") == 0 or diag('umount');

# -- a disk that fails: every write, every fsync, every read of it

my $tools = File::Temp->newdir('stockroom-fail-XXXXXX', TMPDIR => 1);
my $w = FailCalls->new(FailCalls::build($tools));
$s = $w->s;
@ana = @{ $w->{ana} };
create();
my %kind = (write => 3, sync => 4, read => 2);
for my $kind (sort keys %kind) {
	my $mark = $w->head;
	my $last = $done[-1];
	$w->set('app', 60_000, $kind{$kind}, 1, 1);
	my @all = map { (create())[1]{status} } 1 .. 5;
	# What is in memory need not be read.
	my $good = $kind eq 'read' ? grep { $_ == 201 } @all : 0;
	is(scalar(grep { $_ == 503 } @all), 5 - $good,
	    "a disk that cannot $kind: 503");
	cmp_ok($good, '<', 5, 'sooner or later');
	my $r = $s->get(ITEMS . "/$last", @ana);
	like($r->{status}, $kind eq 'read' ? qr/^(?:200|503)$/ : qr/^200$/,
	    'reading');
	my ($fired) = $w->disarm('app');
	cmp_ok($fired, '>=', 5, 'it did fail');
	is(scalar(my @did = $w->changes($mark)), $good,
	    'nothing was done but what is acknowledged');
	is((create())[1]{status}, 201, 'when it is well again, all is');
}
is(join('; ', $w->catch_up), '', 'what was done was announced, and no more');
is(join('; ', $w->end), '', 'all ends well');
done_testing;
