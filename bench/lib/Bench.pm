# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The frame of the benchmarks: what is compared takes turns, and what comes
# of it is a row of one table.
#
#	sub sending
#	{
#		my $got = Bench::turns(
#			floor => sub { return { us => ... } },
#			relay => sub { return { us => ... } });
#		Bench::row(what => 'a delivery, us',
#		    ours => $got->{relay}{us},
#		    beside => [['floor', $got->{floor}{us}, '<= 1.20']]);
#	}
#
# bench/README says how a bench is added.

package Bench;

use strict;
use warnings;

use Time::HiRes qw(time);

use constant ROUNDS => 5;

my %count = (yes => 0, no => 0);
my $headed;

# BENCH_QUICK=1 makes everything short: to try a bench, not to quote it.
sub quick { return $ENV{BENCH_QUICK} ? 1 : 0 }

# The first, or the second when it is to be quick.
sub either
{
	my ($full, $quick) = @_;

	return quick() ? $quick : $full;
}

sub rounds { return $ENV{BENCH_ROUNDS} || either(ROUNDS, 1) }

# What goes on, for who waits; the table has standard output for itself.
sub say
{
	print STDERR 'bench: ', @_, "\n";
}

# A list of NAME => SUB: each is called once a round, in this order, so that
# a machine that slows down does so for all.  SUB is told the round, from 1,
# and returns a hash of figures; of all it is { NAME }{ FIGURE } = [values].
# One that dies is out of it, and is not measured.
sub turns
{
	my @turn = @_;
	my (%got, %out);

	for my $round (1 .. rounds()) {
		for (my $i = 0; $i < @turn; $i += 2) {
			my ($name, $sub) = @turn[$i, $i + 1];
			next if $out{$name};
			my $f = eval { $sub->($round) };
			unless ($f) {
				Bench::say("$name: $@");
				$out{$name} = 1;
				delete $got{$name};
				next;
			}
			push @{ $got{$name}{$_} }, $f->{$_} for keys %$f;
			Bench::say("round $round: $name: ", join ', ', map {
			    "$_ " . figure($f->{$_}) } sort keys %$f);
		}
	}
	return \%got;
}

# ---- arithmetic

sub median
{
	my @v = sort { $a <=> $b } @{ $_[0] };

	die "a median of nothing\n" unless @v;
	return ($v[$#v / 2] + $v[@v / 2]) / 2;
}

# The median of the rounds' ratios: the two of one round met the same machine.
sub ratio
{
	my ($ours, $theirs) = @_;

	die "not the same rounds\n" unless @$ours == @$theirs;
	return median([map { $theirs->[$_] == 0 ? 9 ** 9 :
	    $ours->[$_] / $theirs->[$_] } 0 .. $#$ours]);
}

# Whether a value keeps a limit such as '<= 1.20', '<= 1/6', '>= 5' or '= 50'.
sub keeps
{
	my ($value, $limit) = @_;

	my ($sign, $bound, $part) = $limit =~ m{^([<>]?)= ([\d.]+)(?:/(\d+))?$}
	    or die "\"$limit\" is no limit\n";
	$bound /= $part // 1;
	return $value == $bound if $sign eq '';
	return $sign eq '<' ? $value <= $bound : $value >= $bound;
}

# Three digits, or all before the point.
sub figure
{
	my ($v) = @_;

	my $text = sprintf '%.*f', $v >= 99.95 ? 0 : $v >= 9.995 ? 1 : 2, $v;
	1 while $text =~ s/^(\d+)(\d{3})(?!\d)/$1,$2/;
	return $text;
}

# ---- the table

sub line
{
	my (@column) = @_;

	my $text = sprintf '%-33s %8s  %-15s %8s %6s %8s %s', @column;
	print $text =~ s/ +$//r, "\n";
}

sub judged
{
	my ($value, $limit) = @_;

	return ('', '') unless defined $limit;
	my $met = defined $value && keeps($value, $limit) ? 'yes' : 'no';
	$count{$met}++;
	return ($limit, $met);
}

# A row, printed at once: WHAT was measured, and in what; OURS, its values, a
# round each; REACH, a limit of their median; BESIDE, whom it is compared
# with: [name, values, limit of ours divided by theirs]; without values it
# could not be measured, and no limit is kept.
sub row
{
	my (%row) = @_;

	local $| = 1;
	unless ($headed++) {
		line('what', 'ours', 'beside', '', 'ratio', 'to reach', 'met');
		line('-' x 33, '-' x 8, '-' x 15, '-' x 8, '-' x 6, '-' x 8,
		    '---');
	}
	my $ours = median($row{ours});
	my @first = ($row{what}, figure($ours));
	my @beside = @{ $row{beside} // [] };
	if (defined $row{reach} || !@beside) {
		line(@first, '', '', '', judged($ours, $row{reach}));
		@first = ('', '');
	}
	for (@beside) {
		my ($name, $values, $limit) = @$_;
		my $ratio = $values && ratio($row{ours}, $values);
		line(@first, $name, $values ? (figure(median($values)),
		    figure($ratio)) : ('-', '-'), judged($ratio, $limit));
		@first = ('', '');
	}
}

# ---- which of them to run

# The processor, as it calls itself.
sub processor
{
	open my $fh, '<', '/proc/cpuinfo' or return 'a processor';
	my ($name) = grep { s/^model name\s*:\s*// } <$fh>;
	chomp($name //= 'a processor');
	return $name;
}

sub machine
{
	my ($kernel) = `uname -sr` =~ /(.*)/;
	my ($os) = map { /^PRETTY_NAME="(.*)"/ } do {
		open my $fh, '<', '/etc/os-release' or ();
		$fh ? <$fh> : ();
	};
	my ($cores) = `nproc` =~ /(\d+)/;
	my ($memory) = `grep MemTotal /proc/meminfo` =~ /(\d+)/;
	return sprintf "%s, %d cores, %.0f GiB; %s, %s", processor(), $cores,
	    $memory / 1048576, $os // 'no name', $kernel;
}

# Whether NAME is asked for: by itself, or by what it begins with.
sub wanted
{
	my ($name, @only) = @_;

	return !@only || grep { $name eq $_ || index($name, "$_-") == 0 } @only;
}

# Run those of BENCHES, [name, sub], that ONLY names, all without; the exit
# code: 1 when one could not be run, which is no matter of what it reached.
sub run
{
	my ($benches, @only) = @_;

	for my $only (@only) {
		next if grep { wanted($_->[0], $only) } @$benches;
		print STDERR "bench: no \"$only\"; there are: ",
		    join(' ', map { $_->[0] } @$benches), "\n";
		return 64;
	}
	my $failed = 0;
	my @started = localtime;
	printf "%04d-%02d-%02d, %s\n", $started[5] + 1900, $started[4] + 1,
	    $started[3], machine();
	printf "medians of %d rounds%s\n\n", rounds(),
	    quick() ? ', and quick: not to be quoted' : '';
	for my $bench (grep { wanted($_->[0], @only) } @$benches) {
		my ($name, $sub) = @$bench;
		my $t = time;
		Bench::say($name);
		next if eval { $sub->(); 1 } and
		    Bench::say(sprintf '%s: %.0f s', $name, time - $t);
		print "$name: not measured: $@";
		$failed = 1;
	}
	print "\n$count{yes} met, $count{no} not met\n";
	return $failed;
}

1;
