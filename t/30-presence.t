#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Who is here: joining, leaving, colours, lists.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my $ana = $r->joined(user => 1, username => 'ana', color => '#FF6B6B');
my $me = $ana->{joined}{data}{users}[0];
is_deeply [sort keys %$me], [sort qw(sid user_id username name color
    cursor_position editing_row editing_field mode state last_seen)],
    'an entry has its members';
is $me->{username}, 'ana', 'username';
is $me->{color}, '#FF6B6B', 'the wish is granted';
is $me->{state}, 'active', 'state';
like $me->{last_seen}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'last_seen';
is $ana->{joined}{data}{count}, 1, 'one person';
is $ana->{headers}{'x-accel-buffering'}, 'no', 'not to be buffered';
is $ana->{headers}{'cache-control'}, 'no-cache, no-transform',
    'nor cached or packed';
is $ana->{headers}{'content-type'}, 'text/event-stream', 'the type';
is $ana->{headers}{'x-content-type-options'}, 'nosniff', 'and no other';

# A second person, with the same wish.
my $ben = $r->joined(user => 2, username => 'ben', color => '#FF6B6B');
my $in = $ana->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{user_id} == 2 })->{data};
ok $in->{first}, 'the first page of ben';
isnt $in->{color}, '#FF6B6B', 'the colour is taken';
like $in->{color}, qr/^#[0-9A-F]{6}$/, 'another one is given';
is scalar @{ $ben->{joined}{data}{users} }, 2, 'ben sees both';
is $ben->{joined}{data}{presence_version}, $in->{version},
    'the version is that of the change';

# A second page of the same person, and one under another name.
my $ben2 = $r->joined(user => 2, username => 'ben');
my $two = $ana->wait_for('user_joined')->{data};
ok !$two->{first}, 'not the first page of ben';
is $two->{color}, $in->{color}, 'in the same colour';
is $ben2->{joined}{data}{count}, 2, 'still two people';
my $bob = $r->joined(user => 2, username => 'ben', name => 'Bob');
my $named = $ana->wait_for('user_joined')->{data};
ok $named->{first}, 'another name is another person';
is $named->{name}, 'Bob', 'by that name';
isnt $named->{color}, $in->{color}, 'in another colour';
is $bob->{joined}{data}{count}, 3, 'three people';

# Three pages of one person come and go: the first and the last one count.
my @tabs = map { $r->joined(user => 8, username => 'tri') } 1 .. 3;
is_deeply [map { $_->{joined}{data}{count} } @tabs], [4, 4, 4],
    'three pages are one person';
my @seen = map { $ana->wait_for('user_joined')->{data}{first} } 1 .. 3;
is_deeply [map { $_ ? 1 : 0 } @seen], [1, 0, 0], 'who comes once';
for my $tab (@tabs) {
	$r->push(leave => '', $tab->{ticket});
	$tab->close;
}
my @gone = map { $ana->wait_for('user_left')->{data} } 1 .. 3;
is_deeply [sort map { $_->{sid} } @gone],
    [sort map { $_->{events}[0]{data}{sid} } @tabs], 'each page goes';
is_deeply [map { $_->{last} ? 1 : 0 } @gone], [0, 0, 1],
    'and the person with the last';

# A page goes: after 1.5 s, and not when it comes back before.
my $t = time;
is $r->push(leave => '', $ben2->{ticket})->{status}, 204, 'a leave';
$ben2->close;
my $left = $ana->wait_for('user_left', 10);
cmp_ok $left->{at} - $t, '>', 1.3, 'not at once';
cmp_ok $left->{at} - $t, '<', 5, 'but sooner than one who says nothing';
is $left->{data}{sid}, $two->{sid}, 'that page';
ok !$left->{data}{last}, 'not the last one of ben';

my $seen = @{ $ana->{events} };
is $r->push(leave => $ben, '')->{status}, 204, 'a reload: it leaves';
$ben->close;
my $again = $r->joined(user => 2, username => 'ben', sid => $in->{sid});
# The late leave of the page before, with its old ticket.
is $r->push(leave => '', $ben->{ticket})->{status}, 204,
    'a leave that comes late';
my $gone = $r->push(leave => '', $bob->{ticket});
$bob->close;
$left = $ana->wait_for('user_left');
is $left->{data}{name}, 'Bob', 'Bob goes';
ok $left->{data}{last}, 'and was the last of his name';
is scalar(grep { $_->{event} =~ /^user_/ &&
    $_->{data}{sid} eq $in->{sid} } @{ $ana->{events} }[$seen .. $#{
    $ana->{events} }]), 0, 'nobody saw the reload';

# The same sid opens another stream: the first is told.
my $other = $r->joined(user => 2, username => 'ben', sid => $in->{sid});
is $again->wait_for('disconnect')->{data}{code}, 'replaced',
    'one stream a page';
ok $again->wait_end, 'the older one ends';
is $other->{joined}{data}{count}, 2, 'nobody has come or gone';

# States go out as the list.
is $r->push(beat => $other, { state => 'away' })->{status}, 204, 'away';
my $list = $ana->wait_for('presence_update')->{data};
is_deeply [map { "$_->{username} $_->{state}" } @{ $list->{users} }],
    ['ana active', 'ben away'], 'and the others know';
is $list->{count}, 2, 'with the count';
cmp_ok $list->{version}, '>', $in->{version}, 'and a newer version';

# A post of the page, or a stream, says that it is looked at again.
is $r->push(cursor => $other, { mode => 'hover' })->{status}, 204,
    'a cursor';
$list = $ana->wait_for('presence_update')->{data};
is $list->{users}[1]{state}, 'active', 'is activity';
$r->push(beat => $other, { state => 'away' });
is $ana->wait_for('presence_update')->{data}{users}[1]{state}, 'away',
    'away again';
$other->close;
$other = $r->joined(user => 2, username => 'ben', sid => $in->{sid});
is $other->{joined}{data}{users}[1]{state}, 'active', 'a return is, too';
is $ana->wait_for('presence_update')->{data}{users}[1]{state}, 'active',
    'which the others hear';

# Another room is another world.
my $far = $r->joined(user => 3, username => 'far', room => 'elsewhere');
is $far->{joined}{data}{count}, 1, 'alone in another room';
$app->change(1);
ok $far->wait_for('inventory_changed'), 'but changes are for all';

# A page that follows another one's stream has none: its beat is its coming.
my ($ticket, $sid) = $r->ticket(user => 4, username => 'tab');
is $r->push(cursor => $ticket, {})->{status}, 401, 'no cursor of nobody';
is $r->push(beat => $ticket, '{"state":"x"}')->{status}, 422, 'a bad beat';
is $r->push(beat => $ticket)->{status}, 204, 'a beat without a stream';
my $come = $ana->wait_for(sub { $_->{event} =~ /^user_/ })->{data};
is "$come->{sid} $come->{first} $come->{state}", "$sid 1 active",
    'is seen as a coming, once';
is $r->push(cursor => $ticket, { editing_row => 'T' })->{status}, 204,
    'it may point';
is $r->push(lease => $ticket, { action => 'take', row => 'T' })->{status},
    200, 'and edit';
is $ana->wait_for('lease_changed')->{data}{sid}, $sid, 'as others see';
$seen = @{ $ana->{events} };
$again = $r->joined(ticket => $ticket);
is_deeply [map { $_->{sid} } @{ $again->{joined}{data}{leases} }], [$sid],
    'a stream of its own: the same page';
$again->close;
is $r->push(beat => $ticket)->{status}, 204, 'back to following';
my ($hidden) = $r->ticket(user => 5, username => 'hid');
is $r->push(beat => $hidden, { state => 'away' })->{status}, 204,
    'a hidden page';
$come = $ana->wait_for('user_joined')->{data};
is "$come->{username} $come->{state}", 'hid away', 'comes as such';
is_deeply [grep { $_->{event} =~ /^user_/ &&
    $_->{data}{sid} ne $come->{sid} }
    @{ $ana->{events} }[$seen .. $#{ $ana->{events} }]], [],
    'nobody saw the change of transport';
# It is reloaded: it leaves, beats with a newer ticket, and nobody sees it,
# whether the stream of the page before has ended by then or not.
my $before = $r->joined(user => 14, username => 'turns', issued => -2000);
ok $ana->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{user_id} == 14 }), 'a page with a stream';
$seen = @{ $ana->{events} };
my $after;
for my $closes (0, 1) {
	is $r->push('leave', '', $after // $before->{ticket})->{status}, 204,
	    'it leaves';
	$before->close if $closes;
	($after) = $r->ticket(user => 14, username => 'turns',
	    sid => $before->{events}[0]{data}{sid},
	    issued => $closes ? 0 : -1000);
	is $r->push(beat => $after)->{status}, 204, 'and comes back to follow';
	is $r->push(leave => '', $before->{ticket})->{status}, 204,
	    'a leave that comes late';
}
ok !$ana->wait_for(sub { $_->{event} eq 'user_left' &&
    $_->{data}{user_id} == 14 }, 2.5), 'nobody sees it go';
is $r->push(cursor => $after, {})->{status}, 204, 'it is here';
$r->push('leave', $after, $after);
ok $ana->wait_for(sub { $_->{event} eq 'user_left' &&
    $_->{data}{user_id} == 14 }), 'and goes for good';
my ($stale) = $r->ticket(user => 4, issued => -61_000);
is $r->push(beat => $stale)->{status}, 401, 'an old ticket opens nothing';
my ($theirs) = $r->ticket(user => 6, sid => $sid);
is $r->push(beat => $theirs)->{status}, 403, "another's sid is not one's own";
for my $gone ($ticket, $hidden) {
	is $r->push('leave', $gone, $gone)->{status}, 204, 'it goes';
}
# In one moment, and so in either order.
my %left;
$ana->wait_for(sub {
	$left{$_->{data}{username}}++ if $_->{event} eq 'user_left';
	return keys %left == 2;
}, 5);
is_deeply \%left, { tab => 1, hid => 1 }, 'both are gone';

# The app asks.
$app->say('{"query":"presence","room":"inventory_management","id":7}');
my $answer = $app->wait_for('presence');
is $answer->{id}, 7, 'the answer is to that question';
is $answer->{presence}{count}, 2, 'people';
is_deeply [map { $_->{username} } @{ $answer->{presence}{users} }],
    [qw(ana ben)], 'and entries';
ok !exists $answer->{presence}{next}, 'that was all';
$app->say('{"query":"presence","room":"nowhere","id":8}');
is_deeply $app->wait_for('presence')->{presence}{users}, [],
    'nobody is nowhere';
my $crowd = 'crowd';
my @crowd = map { $r->joined(user => 100 + $_, room => $crowd) } 1 .. 130;
is scalar @{ $crowd[-1]{joined}{data}{users} }, 100,
    'a list has at most a hundred entries';
is $crowd[-1]{joined}{data}{count}, 130, 'but the count is of all';
is $crowd[-1]{joined}{data}{more}, JSON::PP::true, 'which says that it is cut';
is $crowd[-1]{joined}{data}{me}{user_id}, 230, 'and who one is oneself';
ok $crowd[-1]{joined}{data}{me}{color}, 'and looks like';
my (@users, $next);
for (my $id = 20; $id < 24; $id++) {
	my $from = $next ? qq(,"cursor":$next) : '';
	$app->say(qq({"query":"presence","room":"$crowd"$from,"id":$id}));
	$answer = $app->wait_for('presence')->{presence};
	push @users, @{ $answer->{users} };
	last unless $next = $answer->{next};
}
is_deeply [map { $_->{user_id} } @users], [101 .. 230],
    'the pages of a query have everybody once';
# A thousand, some of whom come and go while the pages are read: those who
# are there all the time come exactly once, and nobody comes twice.
my @hall = map { scalar $r->ticket(user => 1000 + $_, room => 'hall') }
    1 .. 1000;
$r->push(beat => $_) for @hall;
my ($pages, %met) = (0);
$next = 0;
do {
	$app->say(qq({"query":"presence","room":"hall","cursor":$next,) .
	    qq("id":@{[ 100 + $pages++ ]}}));
	$answer = $app->wait_for('presence')->{presence};
	$met{ $_->{user_id} }++ for @{ $answer->{users} };
	$app->say({ revoke => { user => 1000 + $pages * 10, at =>
	    int(time * 1000) } }, { revoke => { user => 2001 - $pages * 10,
	    at => int(time * 1000) } });
	$r->push(beat => scalar $r->ticket(user => 3000 + $pages,
	    room => 'hall'));
} while $next = $answer->{next};
cmp_ok $pages, '>=', 10, 'at most a hundred a page';
my %went = map { (1000 + $_ * 10 => 1, 2001 - $_ * 10 => 1) } 1 .. $pages;
is_deeply [grep { !$met{$_} && !$went{$_} } 1001 .. 2000], [],
    'of a thousand nobody is missed';
is_deeply [grep { $met{$_} > 1 } keys %met], [], 'and nobody comes twice';
ok !$met{1991}, 'who has gone before his page is not there';
cmp_ok scalar(keys %met), '<=', 1000 + $pages, 'nor anybody else';
# A query needs no app line: one line by hand is enough.
my $hand = $r->app(quiet => 1);
$hand->say('{"query":"presence","room":"elsewhere","id":1}');
is $hand->wait_for('presence')->{presence}{count}, 1, 'asked by hand';

$r->finish;
done_testing;
