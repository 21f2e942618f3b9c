#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The power goes.  All that the app and stockroomctl write is written down,
# while many write at once, the disk fails for a moment, the log is moved into
# the file, a backup is made, the key is replaced and the backup restored.  Of
# that, the disk is made as it may be after a cut at any moment, and the
# product is started on it: nothing that was acknowledged or announced is
# missing, the log has no gap, and all is sound.
#
#	STOCKROOM_SEED=7 t/70-power.t		the cuts of this seed
#	STOCKROOM_RUNS=200 t/70-power.t		so many of them

use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(remove_tree);
use File::Temp;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

use Check;
use FastCGI;
use Power;
use Slurp qw(slurp);
use Preload;
use Stockroom;

use constant {
	WRITERS => 8,
	PER_RECORD => 50,	# cuts of one recording
	KEY => 'STOCKROOM_KEY_FILE',
};

my $runs = $ENV{STOCKROOM_RUNS} // 20;
my $seed = $ENV{STOCKROOM_SEED} // 1;
my $tmp = File::Temp->newdir;
ok(my $record = Preload::build('t/fault/record-writes.c', $tmp),
    'a disk that remembers');

# ---- what is recorded

# Write items until SUB->(number of answers of each status) is true.
sub write_until
{
	my ($s, $name, $sub) = @_;

	my $token = $s->token('ana');
	my $stop = "$tmp/stop";
	unlink $stop;
	my @pids = map {
		my $k = $_;
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			writer($s, $token, "$name-$k", $stop);
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. WRITERS;
	my $good = $s->wait_for(sub { $sub->(answers($name)) }, 60);
	open my $fh, '>', $stop or die "$stop: $!";
	close $fh;
	waitpid $_, 0 for @pids;
	return $good;
}

# How often each status was answered to the writers of that name.
sub answers
{
	my ($name) = @_;

	my %n;
	for (glob "$tmp/answers.$name-*") {
		$n{$_}++ for split "\n", slurp($_);
	}
	return \%n;
}

# Make an item, change it, adjust it, and so on.
sub writer
{
	my ($s, $token, $name, $stop) = @_;

	open my $fh, '>>', "$tmp/answers.$name" or die;
	$fh->autoflush;
	for (my $i = 0; !-e $stop; $i++) {
		my $sku = "$name-" . int($i / 3);
		my ($method, $path, $json) = (
		    ['POST', '', { sku => $sku, name => 'x' x (1 + $i % 90) }],
		    ['PATCH', "/$sku", { quantity => $i,
			notes => 'y' x ($i * 37 % 900) }],
		    ['POST', "/$sku/adjustments", { delta => 2 }],
		)[$i % 3]->@*;
		my $body = $Stockroom::json->encode($json);
		my $r = FastCGI::request($s->app_socket, [$s->params($method,
		    "/api/v1/inventory/items$path", body => $body,
		    type => 'application/json',
		    headers => { Authorization => "Bearer $token",
			'Idempotency-Key' => "$name-$i" })], $body);
		if ($r) {
			print $fh $r->{status} // 0, "\n";
		} else {
			sleep 0.005;	# nobody listens at this moment
		}
	}
}

sub mark
{
	my ($what) = @_;

	open my $fh, '>>', "$tmp/log" or die;
	print $fh "M $what\n";
}

# Whether the relay has all.  An event that is sent after the restore has begun
# is of the history before it, and would be taken for one of the next.
sub all_told
{
	my ($s) = @_;

	return $s->wait_for(sub {
		my (undef, $out) = $s->ctl(['status', 'show', '--json']);
		my $doc = eval { $Stockroom::json->decode($out) } // {};
		return defined $doc->{relay}{lag} && $doc->{relay}{lag} == 0;
	}, 20);
}

sub wal_size { return -s "$_[0]{env}{STOCKROOM_DB}-wal" // 0 }

# Start a Stockroom whose disk remembers; its files as they are before.
sub begin
{
	my (%env) = @_;

	my $s = Stockroom->new(relay => 1, users => { ana => 'editor' },
	    env => { STOCKROOM_USER_WRITES => 0 });
	$s->token('ana');
	$s->stop('app');
	remove_tree("$tmp/base");
	mkdir "$tmp/base" or die;
	unlink "$tmp/log", glob "$tmp/answers.*";
	copy($_, "$tmp/base/") or die "$_: $!"
	    for grep { /\.(db|db-wal|db-shm|db\.lock|key|pub)$/ }
	    glob "$s->{dir}/*";
	$s->{record} = { LD_PRELOAD => $record,
	    RECORD_LOG => "$tmp/log", RECORD_DIR => $s->{dir},
	    RECORD_FAULT => "$tmp/fault",
	    ASAN_OPTIONS => 'detect_leaks=0:verify_asan_link_order=0', %env };
	$s->start('app', env => $s->{record});
	$s->wait_joined;
	return $s;
}

# The same of stockroomctl.
sub record_ctl
{
	my ($s, @argv) = @_;

	mark("begin $argv[1]");
	local $s->{env} = { %{ $s->{env} }, %{ $s->{record} } };
	$s->ctl_ok([@argv]);
	mark("end $argv[1]");
}

sub record
{
	my $s = begin();
	my @phases = (
		# the WAL is moved into the file while they write
		sub { write_until($s, 'A', sub {
			($_[0]{200} // 0) >= 120 && wal_size($s) > 4218000 }) },
		# the disk fails, and is well again
		sub { open my $fh, '>', "$tmp/fault" or die;
		    close $fh;
		    write_until($s, 'B', sub { ($_[0]{503} // 0) >= 10 }) },
		sub { unlink "$tmp/fault" },
		sub { write_until($s, 'C', sub { ($_[0]{200} // 0) >= 30 }) },
		# they rest, and it is cut to nothing
		sub { $s->wait_for(sub { wal_size($s) == 0 }, 20) },
		sub { write_until($s, 'D', sub { ($_[0]{200} // 0) >= 30 }) },
		sub { record_ctl($s, 'data', 'backup', "$s->{dir}/backup") },
		sub { record_ctl($s, 'key', 'rotate') },
		sub { write_until($s, 'E', sub { ($_[0]{200} // 0) >= 30 }) },
		sub { all_told($s) },
		sub { record_ctl($s, 'data', 'restore', '--yes',
		    "$s->{dir}/backup") },
		sub { write_until($s, 'F', sub { ($_[0]{200} // 0) >= 30 }) },
		sub { $s->stop('app') },
	);
	for my $i (0 .. $#phases) {
		$phases[$i]->() || $i == $#phases or
		    die "phase $i came to nothing\n";
	}
	return $s;
}

# ---- what is judged

# What was promised by the records up to N: the answers and the events, by
# number: [record, sku].
sub promises
{
	my ($p, $n) = @_;

	my @told;
	for my $i (0 .. $n - 1) {
		my ($kind, @words) = @{ $p->{records}[$i] };
		next unless $kind eq 'S';
		my $text = $words[-1];
		if ($text =~ /Status: 20[01]\r/ && $text =~ /ETag: "v(\d+)"/) {
			my $seq = $1;
			my ($sku) = $text =~ /"sku":"([^"]+)"/ or next;
			push @told, [$i, $seq, $sku];
		}
		while ($text =~ /\{"change":(\{.*\})\}\n/g) {
			my $c = $Stockroom::json->decode($1);
			push @told, [$i, $c->{seq}, $c->{sku}];
		}
	}
	return @told;
}

# The number of the mark, if it is one of the first N records.
sub marked
{
	my ($p, $n, @what) = @_;

	my ($i) = $p->places(sub { $_[0] eq "M" && "@_" eq "M @what" });
	return defined $i && $i < $n ? $i : undef;
}

sub sql
{
	my ($db, $text) = @_;

	open my $fh, '-|', 'sqlite3', $db, $text or die "sqlite3: $!\n";
	chomp(my @rows = <$fh>);
	close $fh;
	return @rows;
}

# What is wrong with the disk in DIR after N records.
sub faults
{
	my ($s, $p, $n, $dir) = @_;

	local $s->{env} = { %{ $s->{env} }, STOCKROOM_DB =>
	    "$dir/stockroom.db", KEY, "$dir/ticket.key",
	    STOCKROOM_EVENT_SOCKET => "$dir/none" };
	my @bad;
	my ($code, $out, $err) = $s->ctl(['data', 'check']);
	push @bad, "data check: $err" if $code;
	my $r = $s->post('/inventory/items', { sku => 'after',
	    name => 'the power is back' }, via => 'cgi',
	    token => $s->token('ana'), key => 'after');
	push @bad, "the first write: $r->{status} $r->{body}"
	    unless $r->{status} == 201;
	my $db = "$dir/stockroom.db";
	my ($sound, $epoch, $kept) = sql($db, 'PRAGMA integrity_check;' .
	    "SELECT value FROM meta WHERE key = 'epoch';" .
	    'SELECT count(*) FROM idem');
	push @bad, 'integrity_check: ' . ($sound // 'nothing')
	    if ($sound // '') ne 'ok';
	my %log = map { split /\|/ } sql($db, 'SELECT seq, sku FROM change');
	my $head = keys %log;
	push @bad, 'the log has a gap' if grep { !$log{$_} } 1 .. $head;
	push @bad, "$kept answers are kept of $head" if $kept != $head;
	push @bad, map { "item $_ is not as its last change made it" }
	    sql($db, 'SELECT sku FROM item WHERE version != (SELECT max(seq)' .
	    ' FROM change WHERE change.item_id = item.id)');

	# Before the restore one history counts, after it the other.
	my $old = $epoch eq $s->{epoch};
	my $began = marked($p, $n, 'begin restore') // $n;
	push @bad, 'the restore is undone' if $old &&
	    defined marked($p, $n, 'end restore');
	push @bad, 'restored too early' if !$old && $began == $n;
	for (promises($p, $n)) {
		my ($i, $seq, $sku) = @$_;
		next if $old != ($i < $began);
		push @bad, "change $seq of $sku is lost" if
		    ($log{$seq} // '') ne $sku;
	}
	return (@bad, file_faults($s, $p, $n, $dir));
}

# A backup is whole or not there; so is a key.
sub file_faults
{
	my ($s, $p, $n, $dir) = @_;

	my @bad;
	if (-e "$dir/backup") {
		my ($code, $out, $err) = $s->ctl(['data', 'check',
		    "$dir/backup"]);
		push @bad, "the backup: $err" if $code;
	} elsif (defined marked($p, $n, 'end backup')) {
		push @bad, 'the backup is lost';
	}
	push @bad, 'the new key is lost' if
	    defined marked($p, $n, 'end rotate') &&
	    slurp("$dir/ticket.key") ne
	    slurp("$s->{dir}/ticket.key");
	return @bad;
}

# Cut the power once; what is wrong afterwards.
sub try_cut
{
	my ($s, $p, $n, $style) = @_;

	my $dir = File::Temp->newdir;
	$p->cut($n, $style, $dir);
	return faults($s, $p, $n, "$dir");
}

# Where to cut, and in which style: each in a stretch of its own, every other
# one beside a sync, a name or a length that changes; and every fourth right
# after a command has begun or ended, of which nothing is there but what was
# synced.
sub where
{
	my ($p, $k, $of) = @_;

	my @marks = $p->places(sub { $_[0] eq 'M' });
	return ($marks[($seed + int $k / 4) % @marks] + 1, 0) if $k % 4 == 3;
	my ($from, $to) = map { int($p->count * $_ / $of) } $k, $k + 1;
	my @edges = grep { $_ >= $from && $_ < $to }
	    $p->places(sub { $_[0] =~ /^[fFXTNRU]$/ });
	my $n = @edges && $k % 2 ? $edges[rand @edges] + int rand 2 :
	    $from + 1 + int rand($to - $from);
	return ($n, int rand Power::STYLES);
}

# ---- the cuts

my ($s, $p);
my %seen;
srand $seed;
for my $run (0 .. $runs - 1) {
	my $k = $run % PER_RECORD;
	if ($k == 0) {
		$s->finish if $s;
		my $began = time;
		$s = record();
		$p = Power->new("$tmp/log", "$tmp/base");
		($s->{epoch}) = sql("$tmp/base/stockroom.db",
		    "SELECT value FROM meta WHERE key = 'epoch'");
		note(sprintf '%d records in %.1f s', $p->count,
		    time - $began);
		$seen{$_->[0]}++ for @{ $p->{records} };
	}
	my $of = $runs - $run + $k < PER_RECORD ? $runs - $run + $k :
	    PER_RECORD;
	my ($n, $style) = where($p, $k, $of);
	my @bad = try_cut($s, $p, $n, $style);
	ok(!@bad, "seed $seed, run $run: cut after $n of " . $p->count .
	    ", style $style; " . promises($p, $n) . ' promises') or
	    diag(map { "$_\n" } @bad[0 .. ($#bad > 9 ? 9 : $#bad)]);
}
$s->finish;
cmp_ok($seen{$_} // 0, '>', 0, "it was recorded: $_") for qw(O W T f F X N R U);

# ---- a disk that lies is found out

$s = begin(RECORD_SWALLOW => 1);
ok(write_until($s, 'L', sub { ($_[0]{200} // 0) >= 30 }),
    'a disk that only seems to sync');
$s->kill('app', 'KILL');
$s->reap('app');
$p = Power->new("$tmp/log", "$tmp/base");
($s->{epoch}) = sql("$tmp/base/stockroom.db",
    "SELECT value FROM meta WHERE key = 'epoch'");
# Early enough: what is moved into the file is synced there.
my ($n) = ($p->places(sub { $_[0] eq 'S' }))[60];
my @bad = try_cut($s, $p, $n, 0);
cmp_ok(scalar(grep { /is lost/ } @bad), '>=', 20, 'what it lost is missed');
$s->finish;
done_testing;
