#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The frame of the benchmarks: its arithmetic, its table, and a flow of events
# to a few clients, of which none may be lost.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp qw(tempdir);
use FindBin;
use IPC::Open2 qw(open2);
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../bench/lib";
use Test::More;

use Bench;
use Floods;
use Page;
use Peers;
use Proc;
use Push;
use Stockroom;

$ENV{BENCH_ROUNDS} = 3;

# What SUB prints.
sub printed
{
	my ($sub) = @_;

	my $text = '';
	open my $fh, '>', \$text or die;
	my $old = select $fh;
	$sub->();
	select $old;
	return $text;
}

# ---- arithmetic

is(Bench::median([9, 1, 5]), 5, 'the middle one');
is(Bench::median([1, 2, 4, 100]), 3, 'between the middle two');
is(Bench::median([7]), 7, 'the only one');
# The machine is half as fast in the second round, for both.
is(Bench::ratio([10, 20, 12], [8, 16, 6]), 1.25,
    'the median of the ratios, and no ratio of medians');
ok(!eval { Bench::ratio([1, 2], [1]); 1 }, 'rounds that do not match');
ok(Bench::keeps(1.2, '<= 1.20') && !Bench::keeps(1.21, '<= 1.20'), 'at most');
ok(Bench::keeps(5, '>= 5') && !Bench::keeps(4.9, '>= 5'), 'at least');
ok(Bench::keeps(50, '= 50') && !Bench::keeps(49, '= 50') &&
    !Bench::keeps(51, '= 50'), 'exactly');
ok(Bench::keeps(0.16, '<= 1/6') && !Bench::keeps(0.17, '<= 1/6'), 'a part');
ok(!eval { Bench::keeps(1, '< 2'); 1 }, 'what is no limit');
is(join(' ', map { Bench::figure($_) } 0.004, 1.234, 9.996, 12.34, 123.4,
    1234567), '0.00 1.23 10.0 12.3 123 1,234,567', 'three digits');

# ---- turns

my @order;
my $got;
{
	open my $err, '>&', \*STDERR or die;
	open STDERR, '>', '/dev/null' or die;
	$got = Bench::turns(
	    a => sub { push @order, "a$_[0]"; return { us => $_[0] } },
	    b => sub { die "not today\n" if $_[0] == 2; push @order, "b$_[0]";
		return { us => 10 * $_[0] } },
	    c => sub { push @order, "c$_[0]"; return { us => 2 } });
	open STDERR, '>&', $err or die;
}
is("@order", 'a1 b1 c1 a2 c2 a3 c3', 'they take turns; who dies is out');
is_deeply($got, { a => { us => [1, 2, 3] }, c => { us => [2, 2, 2] } },
    'what each measured, by round');

# ---- the table

my $text = printed(sub {
	Bench::row(what => 'a thing, us', ours => [3, 1, 2], beside => [
	    ['floor', [3, 1, 2], '<= 1.20'], ['peer', [1, 1, 1], '<= 0.75'],
	    ['gone', undef, '<= 0.75'], ['other', [4, 4, 4]]]);
	Bench::row(what => 'memory, KiB', ours => [6], reach => '<= 6.5');
});
my @line = split /\n/, $text;
like($line[2], qr/^a thing, us +2\.00 +floor +2\.00 +1\.00 +<= 1\.20 +yes$/,
    'a limit kept');
like($line[3], qr/^ +peer +1\.00 +2\.00 +<= 0\.75 +no$/, 'and not kept');
like($line[4], qr/^ +gone +- +- +<= 0\.75 +no$/, 'nothing to compare with');
like($line[5], qr/^ +other +4\.00 +0\.50$/, 'no limit');
like($line[6], qr/^memory, KiB +6\.00 +<= 6\.5 +yes$/, 'by itself');

# ---- which to run

my @ran;
my @benches = map { my $name = $_; [$name, sub { push @ran, $name }] }
    qw(push-a push-b pushed);
{
	open my $err, '>&', \*STDERR or die;
	open STDERR, '>', '/dev/null' or die;
	printed(sub { is(Bench::run(\@benches, 'push'), 0, 'runs') });
	is("@ran", 'push-a push-b', 'those whose names begin so');
	my $code;
	printed(sub { $code = Bench::run(\@benches, 'pull') });
	is($code, 64, 'a name that there is not');
	my $said = printed(sub {
		$code = Bench::run([['a', sub { die "no way\n" }]]);
	});
	is($code, 1, 'what could not be run');
	like($said, qr/^a: not measured: no way$/m, 'and says so');
	open STDERR, '>&', $err or die;
}

# ---- CPU time

my $before = Proc::cpu($$);
my $n = 0;
$n++ until $n % 1000 == 0 && (times)[0] > $before + 0.1;
cmp_ok(Proc::cpu($$) - $before, '>', 0.05, 'CPU time grows with work');
cmp_ok(Proc::private($$), '>', 1000, 'a perl needs its memory');

# A program that nobody else runs; it says when it has begun.
my $dir = tempdir('stockroom-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
copy($^X, "$dir/perl") && chmod 0755, "$dir/perl" or die "perl: $!";
my ($one, $two) = map {
	my $pid = open2(my $out, my $in, "$dir/perl", '-e',
	    '$| = 1; print "\n"; <STDIN>');
	scalar <$out>;
	{ pid => $pid, in => $in };
} 1, 2;
my $kib = Proc::private($one->{pid});
close $two->{in};
waitpid $two->{pid}, 0;
cmp_ok(abs(Proc::private($one->{pid}) - $kib), '<', 100,
    'memory grows by nobody\'s end');
close $one->{in};
waitpid $one->{pid}, 0;

# ---- a flow of events

for my $kind ('floor', 'relay') {
	my $p = Peers->new($kind, clients => 20);
	$p->open;
	my $f = $p->burst(events => 10, every => 0.005);
	cmp_ok($f->{us}, '>', 0, "$kind: CPU time a delivery");
	cmp_ok($f->{p50}, '<=', $f->{p99}, "$kind: the median, and p99");
	cmp_ok($f->{last}, '>=', $f->{p50}, "$kind: the last one's");
	ok(eval { $p->end; 1 }, "$kind: each has come once") or diag($@);
}

my $p = Peers->new('relay', clients => 20, load => { tick => 5 });
$p->open;
my $f = $p->burst(events => 1, every => 0.5, moves => 40, mute => 1);
cmp_ok($f->{seen_us}, '>', 0, 'moves: CPU time of one that is seen');
cmp_ok($f->{frames}, '>', 0, 'they come');
$p->end;

# A crowd that hears of hardly anything is not measured.
ok(eval { Push::crowded({ frames => 16.6, each => 49 }) }, 'full frames');
ok(!eval { Push::crowded({ frames => $_->[0], each => $_->[1] }) },
    "$_->[0] frames a second of $_->[1]") for [0, 0], [2, 49], [16.6, 30];

# Nor is what is seen among listeners that are not there, or miss it.
my $s = Stockroom->new(relay => 1, nginx => 1,
    env => { STOCKROOM_MAX_STREAMS => 50 });
ok(!eval { Page::listeners($s, patience => 1) }, 'half of them are refused');
$s->end;
$s = Stockroom->new(relay => 1, nginx => 1);
my $crowd = Page::listeners($s, patience => 1);
$s->stop('relay');
$s->post('/inventory/items', { sku => 'A', name => 'a' }, as => 'ana');
ok(!eval { Page::ended($crowd); 1 }, 'a change that none has seen');
$s->end;

# Nor is a flood that was refused, or that nobody met.
my %at_work = (failed => [], map { $_ => { n => 99 } } qw(read write event));
my @deaf = ({ held => 80, begun => 80 }) x 2;
for (['slow heads', { connected => 400, closed => 0 }],
    ['ranges', { 200 => 500 }], ['guesses', { 401 => 9, 429 => 500 }],
    ['reconnects', { begun => 1180, refused => 0, opened => 1200 }],
    ['never reading', @deaf, { 200 => 99 }]) {
	my ($name, @said) = @$_;
	ok(eval { Floods::judge($name, \%at_work, @said); 1 },
	    "$name: carried out") or diag($@);
}
ok(!eval { Floods::judge('nobody', { %at_work, @$_ }, {}); 1 },
    "$_->[0] of others") for [event => { n => 0 }], [failed => ['write 503']];
for (['slow heads', { connected => 0, closed => 400 }],
    ['ranges', { 400 => 500 }], ['ranges', { 200 => 1 }],
    ['guesses', { 429 => 500, 503 => 1 }],
    ['reconnects', { begun => 1180, refused => 20, opened => 1200 }],
    ['reconnects', { begun => 0, refused => 0, opened => 1200 }],
    ['never reading', $deaf[0], { begun => 0 }, { 200 => 99 }],
    ['never reading', @deaf, { 429 => 99 }]) {
	my ($name, @said) = @$_;
	ok(!eval { Floods::judge($name, \%at_work, @said); 1 },
	    "$name: " . join ', ', map { Floods::words($_) } @said);
}

# The floor numbers what it sends; an event that says another number was lost.
$p = Peers->new('floor', clients => 3, load => { patience => 1 });
$p->open;
$p->burst(events => 2, every => 0.005);
$p->{seq}++;
ok(!eval { $p->burst(events => 1, every => 0.005) }, 'not all have come');
ok(!eval { $p->end; 1 }, 'a lost event is found');

done_testing;
