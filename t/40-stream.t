#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The seam between snapshot and stream: while a writer changes items without
# a pause, fifty clients join, listen and read the pages by the client's rule.
# Half-way the relay is killed.  Each ends with exactly what the database holds;
# no hole, no repeat.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Check;
use Stockroom;

use constant { CLIENTS => 50, ITEMS => 60, PACE => 0.012 };

my $s = Stockroom->new(relay => 1, nginx => 1,
    users => { ana => 'editor', ben => 'editor' });
my @ana = (token => $s->token('ana'), via => 'fcgi');
my @ben = (token => $s->token('ben'));
my $items = '/inventory/items';

# -- the writer, a process of its own: every kind of change, at random

sub write_until
{
	my ($stop) = @_;

	srand 4711;
	my (@sku, $n, @bad);
	@sku = map { sprintf 'S-%03d', $_ } 0 .. ITEMS - 1;
	$n = 0;
	until (-e $stop) {
		my $i = int rand @sku;
		my $path = "$items/$sku[$i]";
		my $dice = rand;
		my $r;
		if ($dice < 0.45) {
			$r = $s->patch($path, { quantity => int rand 1000,
			    location => 'L' . int rand 9 }, @ana);
		} elsif ($dice < 0.7) {
			$r = $s->post("$path/adjustments", { delta => 1 },
			    @ana);
		} elsif ($dice < 0.8) {
			my $new = sprintf '%s-%03d', ('A' .. 'Z')[rand 26],
			    ++$n;
			$r = $s->patch($path, { sku => $new }, @ana);
			$sku[$i] = $new;
		} elsif ($dice < 0.9) {
			$r = $s->delete($path, @ana);
			# Half of them come back under the same SKU.
			if (rand() < 0.5) {
				$r = $s->post($items, { sku => $sku[$i],
				    name => 'again ' . ++$n }, @ana);
			} else {
				splice @sku, $i, 1;
			}
		} else {
			push @sku, sprintf '%s-%03d', ('A' .. 'Z')[rand 26],
			    ++$n;
			$r = $s->post($items, { sku => $sku[-1],
			    name => "new $n", notes => "n\nn" }, @ana);
		}
		push @bad, "$r->{status} $r->{body}"
		    unless $r->{status} =~ /^20/;
		sleep PACE;
	}
	return @bad;
}

# -- a client

# What of an item comes by events.
my @fields = qw(sku name location quantity unit qty_ordered reorder_level
    status notes version);

sub row
{
	my ($item) = @_;

	return { map { $_ => $item->{$_} } @fields };
}

sub start_client
{
	my ($i) = @_;

	my $c = { i => $i, rows => {}, taken => 0 };
	$c->{join} = $s->join_room(@{ $i % 2 ? \@ana : \@ben });
	listen_from($c, $i % 3 ? $c->{join}{position} : undef);
	return $c;
}

sub listen_from
{
	my ($c, $position) = @_;

	$c->{stream} = $s->open_stream(join => $c->{join},
	    position => $position);
	$c->{taken} = 0;
	# What it says, and after which change it has to begin.
	push @{ $c->{said} }, { log => [],
	    from => defined $position ? position_seq($position) : undef };
}

# Read all pages; what the stream says meanwhile waits.
sub read_pages
{
	my ($c) = @_;

	my $cursor;
	do {
		my $r = $s->get("$items?limit=" . (7 + $c->{i} % 5) .
		    (defined $cursor ? "&cursor=$cursor" : ''), @ben,
		    via => 'fcgi');
		die "page: $r->{status} $r->{body}" if $r->{status} != 200;
		# The first page's position is where the events start.
		$c->{last} //= position_seq($r->{json}{position});
		$c->{rows}{ $_->{sku} } = row($_) for @{ $r->{json}{items} };
		$cursor = $r->{json}{next_cursor};
		$c->{stream}->pump;
	} while defined $cursor;
}

# A row that the pages did not show, or an event without values.
sub read_row
{
	my ($c, $sku) = @_;

	my $r = $s->get("$items/$sku", @ben, via => 'fcgi');
	$c->{reread}++;
	if ($r->{status} == 200) {
		$c->{rows}{$sku} = row($r->{json});
	} else {
		delete $c->{rows}{$sku};
	}
}

sub apply
{
	my ($c, $d) = @_;

	my $type = $d->{update_type};
	my %new = map { $_->{field} => $_->{new_value} } @{ $d->{changes} };
	my ($renamed) = $type eq 'edit' ? map { $_->{old_value} }
	    grep { $_->{field} eq 'sku' } @{ $d->{changes} } : ();
	my $was = $renamed // $d->{sku};
	my $row = $c->{rows}{$was};
	if ($row && $row->{version} >= $d->{version}) {
		$row = undef;	# another one of that name, made later
		$was = undef;
	}
	my $now = $c->{rows}{ $d->{sku} };
	my $known = $now && $now->{version} >= $d->{version};
	if ($type eq 'delete') {
		delete $c->{rows}{$was} if defined $was;
		return;
	}
	delete $c->{rows}{$was} if $row && defined $renamed;
	return if $known;
	if ($type eq 'create') {
		$c->{rows}{ $d->{sku} } = { (map { $_ => $new{$_} } @fields),
		    version => $d->{version} };
	} elsif ($row) {
		$c->{rows}{ $d->{sku} } = { %$row, (map { exists $new{$_} ?
		    ($_ => $new{$_}) : () } @fields),
		    version => $d->{version} };
	} else {
		read_row($c, $d->{sku});
	}
}

# Take in what has come: seq = last + 1 applies, lower ones are dropped.
sub take
{
	my ($c) = @_;

	my $ev = $c->{stream}{events};
	while ($c->{taken} < @$ev) {
		my $e = $ev->[$c->{taken}++];
		next unless $e->{event} eq 'inventory_changed';
		my $d = $e->{data};
		push @{ $c->{said}[-1]{log} }, $d->{seq};
		next if $d->{seq} <= $c->{last};
		if ($d->{seq} > $c->{last} + 1) {
			$c->{gaps}++;
			my $r = $s->get('/inventory/changes?since=' .
			    "$c->{last}&limit=1000", @ben, via => 'fcgi');
			for (@{ $r->{json}{changes} }) {
				last if $_->{seq} >= $d->{seq};
				apply($c, $_);
				$c->{last} = $_->{seq};
			}
		}
		apply($c, $d);
		$c->{last} = $d->{seq};
	}
}

# The connection breaks; the client comes back with its position.
sub cut_off
{
	my ($c) = @_;

	take($c);
	$c->{stream}->close;
	$c->{join} = $s->join_room($c->{i} % 2 ? @ana : @ben,
	    ticket => $c->{join}{ticket});
	listen_from($c, $c->{join}{position} =~ s/:.*/:$c->{last}/r);
}

# -- the run

my @bad = grep { $_->{status} != 201 } map {
	$s->post($items, { sku => sprintf('S-%03d', $_), name => "item $_",
	    quantity => $_ }, @ana) } 0 .. ITEMS - 1;
is(scalar @bad, 0, 'items to start with') or diag($bad[0]{body});

my $stop = "$s->{dir}/stop";
pipe my $said_r, my $said_w or die;
my $writer = fork // die;
if (!$writer) {
	close $said_r;
	my @bad = eval { write_until($stop) };
	push @bad, $@ if $@;
	print $said_w map { "$_\n" } @bad;
	close $said_w;
	POSIX::_exit(0);
}
close $said_w;

my @clients;
for my $i (0 .. CLIENTS - 1) {
	my $c = start_client($i);
	push @clients, $c;
	# Without a position the stream starts from now: before the pages.
	$c->{stream}->wait_for('room_joined') or die "no room_joined\n"
	    unless $i % 3;
	read_pages($c);
	# Every fifth is cut off and comes back with its position.
	if ($i % 5 == 4) {
		cut_off($clients[$i - 2]);
	}
	take($_) for @clients;
	# Half-way the relay is killed, and another one takes its place.
	if ($i == CLIENTS / 2) {
		$s->kill('relay', 'KILL');
		$s->reap('relay');
		$s->start('relay');
		$s->wait_joined;
		cut_off($_) for @clients;
	}
}
open my $fh, '>', $stop or die;
close $fh;
my @writer_said = <$said_r>;
waitpid $writer, 0;
is(join('', @writer_said), '', 'every write was done');

my $head = position_seq($s->get("$items?limit=1", @ben)->{json}{position});
cmp_ok($head, '>', ITEMS + 50, "the writer wrote ($head changes)");
my $all = Stream->wait_until([map { $_->{stream} } @clients], sub {
	take($_) for @clients;
	return !grep { $_->{last} < $head } @clients;
}, 30);
ok($all, 'every client has come to the last change') or diag(explain(
    [map { { i => $_->{i}, last => $_->{last},
    ended => $_->{stream}{ended} } } grep { $_->{last} < $head } @clients]));

my %db;
my $cursor;
do {
	my $r = $s->get("$items?limit=100" .
	    (defined $cursor ? "&cursor=$cursor" : ''), @ben);
	$db{ $_->{sku} } = row($_) for @{ $r->{json}{items} };
	$cursor = $r->{json}{next_cursor};
} while defined $cursor;

my ($holes, $repeats, $gaps) = (0, 0, 0);
for my $c (@clients) {
	is_deeply($c->{rows}, \%db, "client $c->{i} has what the database has");
	for my $said (@{ $c->{said} }) {
		my @log = ($said->{from} // (), @{ $said->{log} });
		for (1 .. $#log) {
			$repeats++ if $log[$_] <= $log[$_ - 1];
			$holes++ if $log[$_] > $log[$_ - 1] + 1;
		}
	}
	$gaps += $c->{gaps} // 0;
}
is($holes, 0, 'no stream has a hole, from the position on that it named');
is($repeats, 0, 'none says anything twice');
is($gaps, 0, 'and nobody had to ask for what was missing');
my @again = grep { @{ $_->{said} } > 1 } @clients;
is(scalar(grep { my ($joined) = $_->{stream}->named('room_joined');
    $joined && $joined->{data}{recovered} } @again), scalar @again,
    'those that came back were recovered');

$_->{stream}->close for @clients;
$s->finish;
done_testing;
