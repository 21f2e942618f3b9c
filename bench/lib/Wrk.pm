# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Requests by wrk, as bench/wrk.lua makes them:
#
#	my $f = Wrk::run(port => 8000, path => '/items/PART-%05d',
#	    items => 20000, token => 'sr_...', connections => 16,
#	    seconds => 4, cpu => [$pid, ...]);
#
# or paths => FILE, a path each line.  $f has a second's answers (rate), the
# median and the 99th percentile of an answer's time in us, and the CPU time
# that a request took of the processes named, in us.  It dies when an answer
# was no good.

package Wrk;

use strict;
use warnings;

use JSON::PP ();

use Proc;

# How many were asked for: what a run writes, none has written before it, so
# that each is a change.
my $asked = 0;

my $lua = __FILE__ =~ s{lib/Wrk\.pm$}{wrk.lua}r;

sub run
{
	my (%opt) = @_;

	local %ENV = (%ENV, defined $opt{paths} ?
	    (BENCH_PATHS => $opt{paths}) : (BENCH_PATH => $opt{path}),
	    BENCH_ITEMS => $opt{items} // 1, BENCH_TOKEN => $opt{token} // '',
	    defined $opt{patch} ?
	    (BENCH_PATCH => $opt{patch}, BENCH_FIRST => $asked) : ());
	my $before = Proc::cpu(@{ $opt{cpu} // [] });
	my $said = `wrk --threads 1 --connections $opt{connections} \\
	    --duration $opt{seconds}s --timeout 10s --script '$lua' \\
	    'http://127.0.0.1:$opt{port}/' 2>&1`;
	my $cpu = Proc::cpu(@{ $opt{cpu} // [] }) - $before;
	my ($line) = $said =~ /^(\{.*\})$/m or die "wrk: $said\n";
	my $f = JSON::PP::decode_json($line);
	die "wrk: $f->{bad} of $f->{requests} were no good\n"
	    if $f->{bad} || !$f->{requests};
	# Those under way at the end are not among the answers.
	$asked += $f->{requests} + $opt{connections};
	return { rate => $f->{requests} / $f->{us} * 1e6,
	    median => $f->{median}, p99 => $f->{p99},
	    $opt{cpu} ? (cpu => $cpu / $f->{requests} * 1e6) : () };
}

1;
