# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What a page of the list, a write, the history of an item and catching up
# cost with a thousand, ten thousand, a hundred thousand and a million items
# and changes: the program's CPU time, of which nothing should be seen to
# grow faster than the logarithm.  Drawn as build/bench/growth.png and .txt.

package Growth;

use strict;
use warnings;
no warnings 'portable';	# 64 bits

use File::Path qw(make_path);
use MIME::Base64 qw(encode_base64);

use Bench;
use Proc;
use Stockroom;
use Wrk;

use constant {
	CONNECTIONS => 8,
	PATHS => 1000,
	# log(1,000,000) / log(1,000)
	LOGARITHMIC => '<= 2',
	FNV_START => 0xcbf29ce484222325,
	FNV_PRIME => 0x100000001b3,
};

my $items = '/api/v1/inventory/items';
my $bench = __FILE__ =~ s{/lib/Growth\.pm$}{}r;

sub sizes
{
	return (1000, 10_000, Bench::quick() ? () : (100_000, 1_000_000));
}

sub fnv
{
	my ($h, $bytes) = @_;

	use integer;	# which wraps
	$h = ($h ^ $_) * FNV_PRIME for unpack 'C*', $bytes;
	return $h;
}

# Where the list goes on behind a SKU: fcgi-app/cursor.c.
sub cursor
{
	my ($sku) = @_;

	my $check = fnv(fnv(FNV_START, "\0" x 8), "$sku\n");
	my $text = encode_base64(pack('q<', $check) . "$sku\n", '');
	return $text =~ tr{+/=}{-_}dr;
}

# Paths of SUB, which is told a number up to SIZE, into a file.
sub paths
{
	my ($s, $name, $size, $sub) = @_;

	my $file = "$s->{dir}/$name.paths";
	srand 4711;
	open my $fh, '>', $file or die "$file: $!\n";
	print $fh $sub->(1 + int rand $size), "\n" for 1 .. PATHS;
	close $fh or die "$file: $!\n";
	return $file;
}

# What is asked for, of SIZE items and a few more changes.
sub questions
{
	my ($s, $size) = @_;

	return (
	    list => [paths => paths($s, 'list', $size - 60, sub {
		"$items?limit=50&cursor=" .
		    cursor(sprintf 'PART-%07d', $_[0]) })],
	    write => [path => "$items/PART-%07d",
		patch => '{"quantity":1%06d}'],
	    history => [path => "$items/PART-0000001/history?limit=50"],
	    replay => [paths => paths($s, 'replay', $size - 60, sub {
		"/api/v1/inventory/changes?limit=50&since=$_[0]" })]);
}

# Fill it up to SIZE.
sub grow
{
	my ($s, $from, $size) = @_;

	Bench::say("growth: $size items");
	system("sqlite3 -batch -cmd '.parameter set :from $from' -cmd " .
	    "'.parameter set :to $size' '$s->{env}{STOCKROOM_DB}' " .
	    "<'$bench/grow.sql' >/dev/null") == 0 or die "sqlite3 failed\n";
}

# The CPU time of each kind with SIZE items: { KIND } = [us, a round each].
sub measure
{
	my ($s, $size) = @_;

	my %ask = questions($s, $size);
	my $token = $s->token('ana');
	my @turns = map {
		my @question = @{ $ask{$_} };
		$_ => sub {
			return Wrk::run(port => $s->{port}, token => $token,
			    items => $size, connections => CONNECTIONS,
			    seconds => 1, cpu => [$s->pid('app')], @question);
		}
	} qw(list write history replay);
	my $got = Bench::turns(@turns);
	return { map { $_ => $got->{$_}{cpu} } keys %$got };
}

# The figures, and two pictures of them.
sub draw
{
	my ($costs) = @_;

	my $dir = Stockroom::build() . '/bench';
	make_path($dir);
	open my $fh, '>', "$dir/growth.dat" or die "growth.dat: $!\n";
	print $fh "# items list write history replay, us of CPU time each\n";
	for my $size (sort { $a <=> $b } keys %$costs) {
		print $fh join(' ', $size, map { sprintf '%.1f',
		    Bench::median($costs->{$size}{$_}) }
		    qw(list write history replay)), "\n";
	}
	close $fh;
	for (['png', 'pngcairo size 900,600'], ['txt', 'dumb 79,24']) {
		my ($name, $terminal) = @$_;
		open my $plot, '|-', 'gnuplot' or die "gnuplot: $!\n";
		print $plot <<EOF;
set terminal $terminal
set output "$dir/growth.$name"
set logscale x
set format x "10^%L"
set yrange [0:*]
set key outside bottom center horizontal
set title "CPU time of a request, us, by items and changes"
plot for [i=2:5] "$dir/growth.dat" using 1:i with linespoints \\
    title word("- list write history replay", i)
EOF
		close $plot or die "gnuplot failed\n";
	}
	Bench::say("growth: $dir/growth.png, growth.txt, growth.dat");
}

sub growing
{
	my $s = Stockroom->new(users => { ana => 'editor' },
	    env => { STOCKROOM_USER_WRITES => 0 });
	my ($n, %costs) = (0);

	for my $size (sizes()) {
		$s->stop('app');
		grow($s, $n + 1, $size);
		$s->start('app');
		$s->start('nginx') unless $n;
		$costs{$size} = measure($s, $size);
		$n = $size;
	}
	$s->end;
	draw(\%costs);
	my ($least, $most) = (sizes())[0, -1];
	for my $kind (qw(list write history replay)) {
		Bench::row(what => "$kind: of $most, us of CPU",
		    ours => $costs{$most}{$kind},
		    beside => [["of $least", $costs{$least}{$kind},
			LOGARITHMIC]]);
	}
}

1;
