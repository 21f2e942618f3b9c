#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Long-polling: the answers, what is held, places, limits and errors.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $e = Relay::EPOCH;
my $r = Relay->new(env => { STOCKROOM_POLL_HOLD => 2,
    STOCKROOM_USER_STREAMS => 3, STOCKROOM_MAX_STREAMS => 100 });
my $app = $r->app(head => 0);

my $eye = $r->joined(user => 90);

# The first answer.
$app->change(1 .. 3);
1 until $app->wait_for('ack')->{ack} == 3;
my $t = time;
my $ana = $r->poll(user => 1, position => "$e:1", idle => 1);
my $first = $ana->ask_once;
cmp_ok time - $t, '<', 1, 'answered at once';
is $ana->{status}, 200, 'well';
is $ana->{headers}{'content-type'}, 'application/json', 'in JSON';
is $ana->{headers}{'x-content-type-options'}, 'nosniff', 'and nothing else';
is $ana->{headers}{'cache-control'}, 'no-store', 'for nobody else';
ok $ana->{headers}{'x-request-id'}, 'with an id';
is_deeply [sort keys %$first],
    [qw(answer events pause position presence_version)], 'its members';
is_deeply [map { $_->{event} } @{ $first->{events} }],
    [qw(connection_established room_joined inventory_changed
    inventory_changed)], 'the hello, the room, then what was missed';
my $joined = $first->{events}[1]{data};
ok $joined->{recovered}, 'nothing is missed';
is $joined->{from}, "$e:1", 'from';
is $joined->{to}, "$e:3", 'to';
is_deeply [map { $_->{id} } @{ $first->{events} }[2, 3]],
    ["$e:2", "$e:3"], 'with their positions';
is $first->{position}, "$e:3", 'where to go on';
is $first->{presence_version}, $joined->{presence_version},
    'and what is known of the presence';
is $first->{pause}, 0, 'without a rest';

# The next one is held, and ends with nothing.
$t = time;
my $empty = $ana->ask_once;
cmp_ok time - $t, '>', 1.5, 'held';
cmp_ok time - $t, '<', 10, 'for as long as is set';
is_deeply $empty->{events}, [], 'nothing happened';
is $empty->{position}, "$e:3", 'the same place';

# An event ends it within milliseconds.
my @took;
my $ben = $r->polled(user => 2);
for my $seq (4 .. 23) {
	Stream->wait_until([$ben], sub { $ben->waiting &&
	    time - $ben->{asked_at} > 0.03 });
	$t = time;
	$app->change($seq);
	my $ev = $ben->wait_for('inventory_changed', 5);
	is $ev && $ev->{data}{seq}, $seq, "event $seq";
	push @took, time - $t;
}
@took = sort { $a <=> $b } @took;
cmp_ok $took[10], '<', 0.1, sprintf 'at once: median %.1f ms, most %.1f ms',
    1000 * $took[10], 1000 * $took[-1];
is_deeply [map { $_->{data}{seq} } $ben->named('inventory_changed')],
    [4 .. 23], 'each once';

# Many at once come in few answers.
my $n = @{ $ben->{answers} };
for my $seq (24 .. 223) {
	$app->change($seq);
	$ben->pump if $seq % 10 == 0;
}
ok $ben->wait_for(sub { ($_->{data}{seq} // 0) == 223 }), 'a flood';
cmp_ok @{ $ben->{answers} } - $n, '<', 60, 'gathers';

# One after the other, they are 25 ms apart.
$t = time;
for my $seq (224 .. 243) {
	$app->change($seq);
	$ben->wait_for(sub { ($_->{data}{seq} // 0) == $seq });
}
cmp_ok time - $t, '>', 0.4, 'answers keep their distance';
1 until $app->wait_for('ack')->{ack} == 243;

# An answer has a bound; the rest comes at once.
my $wide = 'w' x 2000;
$app->say(map { $app->line($_, new_value => $wide) } 244 .. 743);
1 until $app->wait_for('ack')->{ack} == 743;
my $far = $r->poll(user => 3, position => "$e:243", idle => 1);
$t = time;
my @got;
while (!@got || $got[-1] < 743) {
	my $a = $far->ask_once or last;
	push @got, map { $_->{data}{seq} // () } @{ $a->{events} };
	cmp_ok length $far->{body}, '<=', 262144, 'an answer has its bound';
	is $a->{pause}, 0, 'and the next may come at once';
	is $a->{position}, "$e:$got[-1]", 'from its end on';
}
is_deeply \@got, [244 .. 743], 'all come, in order';
cmp_ok time - $t, '<', 6, 'and none waits';
$far->close;

# The same passing events as a stream gets, in the same order.
my ($ps, $ss) = ($r->polled(user => 4), $r->joined(user => 5));
ok $_->wait_for(sub { $_->{text} =~ /user5/ && $_->{event} ne
    'room_joined' || $_->{event} eq 'presence_update' }), 'both are in'
    for $ps;
my @mark = map { scalar @{ $_->{events} } } $ps, $ss;
my @guests;
for my $i (1 .. 6) {
	push @guests, $r->joined(user => 5 + $i, name => "guest $i");
	$r->push(cursor => $guests[-1], { editing_row => "R$_" }) for 1 .. 4;
	$r->push(lease => $guests[-1], { action => 'take', row => "L$i",
	    field => 'name' });
	$_->pump for $ps, $ss;
}
$r->push(beat => $guests[0], { state => 'away' });
$r->push(leave => shift @guests);
my $last = sub { scalar grep { $_->{data}{user_id} == 6 }
    $_->named('user_left') };
ok(Stream->wait_all([$ps, $ss], $last), 'the end of it');
my @seen = map {
	my $st = $_;
	my $from = shift @mark;
	[map { [$_->{event}, $_->{data}] } grep { $_->{event} =~
	    /^(user_|curs|lease|presence)/ } @{ $st->{events} }
	    [$from .. $#{ $st->{events} }]] } $ps, $ss;
is_deeply $seen[0], $seen[1], 'the same passing events in the same order';
cmp_ok scalar @{ $seen[0] }, '>=', 15, scalar @{ $seen[0] } . ' of them';
$_->close for @guests, $ss;

# From here on in a room where nothing else happens.
$_->close for $ps;
my $watch = $r->joined(user => 24, room => 'quiet');
my $pat = $r->polled(user => 25, room => 'quiet');
ok $watch->wait_for('user_joined'), 'one polls, one watches';
ok(Stream->wait_until([$watch, $pat], sub {
	return !$watch->{joined}{data}{settling} ||
	    $watch->count('presence_update');
}, 20), 'settling is over');
my $quiet = sub {
	my $n = @{ $pat->{answers} };
	return Stream->wait_until([$pat, $watch], sub {
		my ($last, $before) = reverse @{ $pat->{answers} };
		return @{ $pat->{answers} } > $n && !@{ $last->{events} } &&
		    $pat->waiting && time - $pat->{asked_at} > 0.2;
	});
};
ok $quiet->(), 'nothing happens';

# Who knows another presence than the relay thinks gets it whole.
$pat->stop;
is_deeply $pat->ask_once(seconds => 5)->{events}, [], 'the same: nothing';
my $whole = $pat->ask_once(presence_version => 1);
is_deeply [map { $_->{event} } @{ $whole->{events} }], ['presence_update'],
    'another: the whole presence';
is $whole->{presence_version}, $whole->{events}[0]{data}{version},
    'of the version told';
$pat->{idle} = 0;

# Away stays away; a leave that a poll follows was none.
my $pid = $pat->{events}[0]{data}{sid};
$r->push(beat => $pat, { state => 'away' });
ok $quiet->(), 'polls later';
my ($list) = reverse $watch->named('presence_update');
is_deeply [map { $_->{state} } grep { $_->{sid} eq $pid }
    @{ $list->{data}{users} }], ['away'],
    'a hidden page that polls is still hidden';
is $r->push(leave => $pat)->{status}, 204, 'it leaves';
$pat->cut;
ok(Stream->wait_until([$pat], sub { $pat->waiting }), 'and comes back');
my $until = time + 2.5;
Stream->wait_until([$pat, $watch], sub { time > $until }, 3);
is $watch->count('user_left'), 0, 'which nobody sees';
is $watch->count('user_joined'), 1, 'neither its coming';
ok $quiet->(), 'all is quiet again';

# One place a page: the newer poll or stream takes it.
my %old = %$pat;
my $twin = $r->poll(ticket => $pat->{ticket}, idle => 1);
@$twin{qw(position presence_version answer)} =
    @old{qw(position presence_version answer)};
$twin->ask;
$n = @{ $pat->{answers} };
my $answer;
ok(Stream->wait_until([$pat], sub { $answer = $pat->{answers}[$n] }),
    'the older one is answered');
is_deeply $answer, { events => [], pause => 0, map { $_ => $old{$_} }
    qw(position presence_version answer) }, 'with nothing new';
$pat->stop;
my $over = $r->joined(ticket => $pat->{ticket});
ok(Stream->wait_until([$twin], sub { @{ $twin->{answers} } }),
    'a stream ends a poll');
is_deeply $twin->{answers}[0]{events}, [], 'with nothing either';
$pat = $r->polled(ticket => $pat->{ticket});
is $over->wait_for('disconnect')->{data}{code}, 'replaced',
    'a poll ends a stream';
$watch->pump;
is $watch->count('user_left'), 0, 'nobody sees a leaving in it';
$_->close for $pat, $watch;

# Places that cannot be gone on from: a new beginning, at once.
$ben->stop;
$app->change(744 .. 4900);
1 until $app->wait_for('ack')->{ack} == 4900;
for my $case (["$e:3", 'out of the ring'],
    ['019b00000000abcd:5', 'of another history'],
    ["$e:99999", 'far ahead']) {
	my ($pos, $what) = @$case;
	my $a = $ben->ask_once(position => $pos);
	is $a->{events}[1]{event}, 'room_joined', $what;
	ok !$a->{events}[1]{data}{recovered}, 'it is told the truth';
	is $a->{position}, "$e:4900", 'and where to go on';
}
$ben->ask_once;
my $odd = $ben->ask_once(answer => $ben->{answer} + 5);
is $odd->{events}[0]{event}, 'connection_established',
    'a number that is none begins anew';
$ben->ask_once;
$ben->{address}{ticket} = $ben->{ticket} = $r->ticket(user => 2,
    sid => $ben->{events}[0]{data}{sid}, name => 'Benny', issued => 1);
my $named = $ben->ask_once;
is $named->{events}[1]{event}, 'room_joined', 'so does a new ticket';
is $named->{events}[1]{data}{me}{name}, 'Benny', 'which counts from now on';
is $ben->ask_once(position => "$e:4899")->{events}[0]{data}{seq}, 4900,
    'the position is the client\'s';

# Refusals.
sub poll_status
{
	my ($query, %opt) = @_;

	return $r->relay_http('GET', "/push/poll$query", %opt);
}
my $places = $r->metric('streams');
my $res = poll_status('');
is $res->{status}, 401, 'no ticket';
is $res->{json}{type}, '/problems/unauthorized', 'as a problem';
is poll_status('', ticket => 'v1.x.y')->{status}, 401, 'no good ticket';
my $ticket = $r->ticket(user => 30);
is poll_status("?ticket=$ticket")->{status}, 401, 'none in the address';
is poll_status('', ticket => scalar $r->ticket(issued => -61000))->{status},
    401, 'one that is too old';
is poll_status('', ticket => scalar $r->ticket(user => 31,
    sid => $ben->{events}[0]{data}{sid}))->{status}, 403, "another user's sid";
for my $bad ('position=x', "position=$e", 'presence_version=-1',
    'presence_version=1x', 'answer=', 'answer=1.5', 'answer=1e3',
    'answer=9999999999999999', "position=$e:1%00") {
	next if $bad eq 'answer=';	# is one that is not there
	$res = poll_status("?$bad", ticket => $ticket);
	is $res->{status}, 400, $bad;
	is $res->{json}{errors}[0]{pointer}, '?' . ($bad =~ /(\w+)=/)[0],
	    'and where';
}
is $r->metric('streams'), $places, 'none of it opened a place';

# Places are counted with the streams.
my @three = map { $r->polled(user => 40) } 1 .. 3;
my $full = $r->poll(user => 40);
my $bye = $full->wait_for('disconnect');
is $bye && $bye->{data}{code}, 'full', 'one too many';
cmp_ok $full->{events}[-1]{data}{retry}, '>', 0, 'may try again';
is $three[0]->{status}, 200, 'the others go on';
$_->close for @three;

# Polling like mad is answered with 429.
my %status;
for (1 .. 200) {
	$ben->ask_once(answer => undef) or last;
	last if $ben->{status} == 429;
}
for (1 .. 200) {
	last if ($ben->{status} // 0) == 429;
	$ben->ask_once(answer => undef);
}
is $ben->{status}, 429, 'too many polls';
cmp_ok $ben->{headers}{'retry-after'}, '>=', 1, 'and when to come back';
is $ben->{problem}{type}, '/problems/too-many-requests', 'as a problem';

# A crowd rests for different times, a small room does not.
is max(map { $_->{pause} } @{ $ana->{answers} }), 0, 'no rest in a small room';
my @crowd = map { $r->joined(user => 100 + $_) } 1 .. 60;
my $one = $r->polled(user => 99);
my %pause;
for my $seq (4901 .. 4930) {
	$app->change($seq);
	ok $one->wait_for(sub { ($_->{data}{seq} // 0) == $seq }),
	    "event $seq";
	$pause{ $one->{answers}[-1]{pause} }++;
}
cmp_ok scalar keys %pause, '>', 3, 'a crowd does not come back as one';
cmp_ok max(keys %pause), '<=', 250, 'nor late';
$_->close for @crowd, $one;

# Revoked: told at once.
my $zoe = $r->polled(user => 50);
ok(Stream->wait_until([$zoe], sub { $r->metric('polls_held') == 1 }),
    'zoe is held');
$app->say({ revoke => { user => 50, at => int(time * 1000) } });
my $sent = $zoe->wait_for('disconnect');
is $sent && $sent->{data}{code}, 'ticket', 'and sent away';
is $zoe->ask_once && $zoe->{status}, undef, 'for good';
is $zoe->{status}, 401, 'which is a status then';

# The end of the relay.
my @held = map { $r->polled(user => 60 + $_) } 1 .. 40;
$_->close for $eye, $ana, $ben, $zoe;
ok(Stream->wait_until(\@held, sub { $r->metric('polls_held') == 40 }),
    'forty are held');
$t = time;
$r->kill('relay', 'TERM', dirty => 1);
ok(Stream->wait_all(\@held, sub { $_->{ended} }, 10), 'the relay ends');
is $r->reap('relay', 10), 0, 'in order';
cmp_ok time - $t, '<', 10, 'and soon';
unlike $r->log_text('relay'), qr/cutting off/,
    'it does not wait for who has read all';
# One that was about to poll again finds nobody.
my %retry = map { $_->{data}{retry} => $_->{data}{code} } map {
    $_->named('disconnect') } @held;
is_deeply { map { $_ => 1 } values %retry }, { shutdown => 1 }, 'and why';
cmp_ok scalar(keys %retry), '>', 20,
    'each is told to come back at a time of its own';

$r->finish;
done_testing;
