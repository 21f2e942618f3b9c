#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Cursors: the newest of each page, the first at once; and bad ones.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
$r->app(head => 0);
my $ana = $r->joined(user => 1, username => 'ana');
my $ben = $r->joined(user => 2, username => 'ben', color => '#45B7D1');
my $eve = $r->joined(user => 3, username => 'eve');

my $t = time;
is $r->push(cursor => $ben, { cursor_position => { x => 100, y => 200 },
    editing_row => 'SKU-123', editing_field => 'quantity',
    mode => 'edit' })->{status}, 204, 'taken';
my $ev = $ana->wait_for('cursor_updated');
cmp_ok $ev->{at} - $t, '<', 1, 'the first one is there at once';
is_deeply $ev->{data}, { sid => $ben->{joined}{data}{users}[1]{sid},
    user_id => 2, username => 'ben', name => '', color => '#45B7D1',
    cursor_position => { x => 100, y => 200 }, editing_row => 'SKU-123',
    editing_field => 'quantity', mode => 'edit' }, 'as it was sent';
ok $ben->wait_for('cursor_updated'), 'to its own page, too';
is $r->push(cursor => $ben, {})->{status}, 204, 'nowhere';
my $none = $ana->wait_for(sub { $_->{event} =~ /^cursor/ })->{data};
$none = $none->[0] if ref $none eq 'ARRAY';
is_deeply [@$none{qw(cursor_position editing_row editing_field mode)}],
    [(undef) x 4], 'is nulls';

# Many in a moment: fewer events than posts, and the last one counts.
for my $i (1 .. 30) {
	$r->push(cursor => $_, { editing_row => "R$i", mode => 'hover' })
	    for $ben, $eve;
}
my %last;
ok(Stream->wait_until([$ana], sub {
	for my $e (@{ $ana->{events} }) {
		$last{$_->{username}} = $_->{editing_row} for
		    $e->{event} eq 'cursors' ? @{ $e->{data} } :
		    $e->{event} eq 'cursor_updated' ? $e->{data} : ();
	}
	return ($last{ben} // '') eq 'R30' && ($last{eve} // '') eq 'R30';
}, 5), 'the newest of each arrives');
cmp_ok scalar(grep { $_->{event} =~ /^cursor/ } @{ $ana->{events} }), '<',
    60, 'not each of them';
my ($batch) = $ana->named('cursors');
ok $batch, 'in batches';
is ref $batch->{data}, 'ARRAY', 'which are lists';

# It is remembered for who comes later.
my $late = $r->joined(user => 4);
my ($b) = grep { $_->{username} eq 'ben' }
    @{ $late->{joined}{data}{users} };
is $b->{editing_row}, 'R30', 'the list has the place';

# Bad ones are told so, and change nothing.
for my $case ([400, '{'], [400, ''], [400, '[]'], [400, 'null'],
    [400, '{"mode":"edit","mode":"edit"}'], [400, "{\"mode\":\"\xff\"}"],
    [400, '{"editing_row":"\u0000"}'],
    [422, '{"mode":"fly"}'], [422, '{"mode":7}'],
    [422, '{"what":1}'], [422, '{"editing_row":"' . 'x' x 65 . '"}'],
    [422, '{"editing_row":"a\nb"}'], [422, '{"editing_row":["a"]}'],
    [422, '{"cursor_position":5}'], [422, '{"cursor_position":{"x":1}}'],
    [422, '{"cursor_position":{"x":"1","y":2}}'],
    [422, '{"cursor_position":{"x":1,"y":2,"z":3}}'],
    [422, '{"cursor_position":{"x":1e300,"y":2}}'],
    [403, '{"sid":"' . $ana->{joined}{data}{users}[0]{sid} . '"}'],
    [413, '{"editing_row":"' . 'x' x 5000 . '"}'],
    [413, 'x' x 200000]) {
	my ($want, $body) = @$case;
	my $res = $r->push(cursor => $ben, $body);
	my $name = substr $body, 0, 40;
	$name =~ s/[^ -~]/?/g;
	is $res->{status}, $want, "$want for $name";
	is $res->{headers}{'content-type'}, 'application/problem+json',
	    'a problem';
	is $res->{json}{status}, $want, 'which says the status';
	ok $res->{json}{detail} && $res->{json}{title} &&
	    $res->{json}{request_id}, 'and why';
	is $res->{headers}{'x-request-id'}, $res->{json}{request_id},
	    'and its name';
}
is_deeply $r->push(cursor => $ben, { mode => 'fly' })->{json}{errors},
    [{ pointer => '/mode', detail => 'must be hover, select or edit' }],
    'with the place';
is $r->push(cursor => $ben, '{"sid":"' .
    $ben->{joined}{data}{users}[1]{sid} . '","editing_row":"ü"}')->{status},
    204, "one's own sid may be said";
for my $body ('{"state":"asleep"}', '{"state":1}', '{"x":1}') {
	is $r->push(beat => $ben, $body)->{status}, 422, "beat: $body";
}
my $beat = $r->push(beat => $ben);
is $beat->{status}, 204, 'a beat needs no body';
is_deeply [sort keys %{ $beat->{headers} }], [qw(connection date x-request-id)],
    'and its answer has no more than it must';
is $r->push(cursor => $ben, '{"cursor_position":{"x":1.5,"y":-2}}'
    )->{status}, 204, 'pixels may have a fraction';

# Too many.
my ($good, $too) = (0, 0);
for (1 .. 200) {
	my $res = $r->push(cursor => $eve, { editing_row => "S$_" });
	$good++ if $res->{status} == 204;
	next unless $res->{status} == 429;
	$too++;
	is $res->{headers}{'retry-after'}, 1, 'when to try again'
	    if $too == 1;
}
cmp_ok $good, '>=', 50, 'a burst is fine';
cmp_ok $too, '>=', 50, 'then it is enough';
is $r->push(beat => $ben)->{status}, 204, 'others are not concerned';

$r->finish;
done_testing;
