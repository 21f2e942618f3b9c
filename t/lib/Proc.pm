# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What processes have used, as /proc tells it.

package Proc;

use strict;
use warnings;

sub slurp
{
	my ($path) = @_;

	open my $fh, '<', $path or return '';
	local $/;
	return scalar(<$fh>) // '';
}

# The processes and all that they have started.
sub tree
{
	my @pids = @_;
	my @all;

	while (defined(my $pid = shift @pids)) {
		push @all, $pid;
		push @pids, map { split ' ', slurp($_) }
		    glob "/proc/$pid/task/*/children";
	}
	return @all;
}

# CPU time of these and all that they have started, in seconds.
sub cpu
{
	my $sum = 0;

	for my $task (map { glob "/proc/$_/task/*" } tree(@_)) {
		my ($ns) = slurp("$task/schedstat") =~ /^(\d+)/
		    or next;
		$sum += $ns / 1e9;
	}
	return $sum;
}

# Memory that is their own, in KiB.  Not the pages of programs and libraries:
# those are private or shared as others run them or end.
sub private
{
	my $sum = 0;

	for my $pid (tree(@_)) {
		$sum += $_ for slurp("/proc/$pid/smaps_rollup") =~
		    /^Pss_(?:Anon|Shmem):\s*(\d+)/mg;
	}
	return $sum;
}

# The most of it that each of these, { name => pid }, was seen to have.  MORE is
# called before each look, waits, and says whether that is not the last one.
sub peaks
{
	my ($pids, $more) = @_;

	my (%most, $again);
	do {
		$again = $more->();
		for my $name (keys %$pids) {
			my $kib = private($pids->{$name});
			$most{$name} = $kib if $kib >= ($most{$name} // 0);
		}
	} while ($again);
	return \%most;
}

1;
