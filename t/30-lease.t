#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Edit leases: take, renew, release, steal; who hears of it, and who may not.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Relay;

my $r = Relay->new;
my $app = $r->app(head => 0);
my $ana = $r->joined(user => 1, username => 'ana', color => '#45B7D1');
my $ben = $r->joined(user => 2, username => 'ben');
my $tab = $r->joined(user => 2, username => 'ben');
my $vera = $r->joined(user => 3, username => 'vera', role => 'viewer');
my %sid = (ana => $ana->{events}[0]{data}{sid},
    ben => $ben->{events}[0]{data}{sid},
    tab => $tab->{events}[0]{data}{sid});
is_deeply $vera->{joined}{data}{leases}, [], 'nobody edits';

sub lease
{
	my ($st, $action, $row, $field) = @_;

	return $r->push(lease => $st, { action => $action, row => $row,
	    field => $field });
}

# The next lease_changed that vera hears.
sub heard
{
	my $ev = $vera->wait_for('lease_changed') or return undef;
	return $ev->{data};
}

# The parts of a lease or an event that do not depend on the time.
sub fixed
{
	my ($of) = @_;

	my %l = %$of;
	delete @l{qw(expires_in version)};
	return \%l;
}

# Take: the taker, the others and who comes later know it.
my $t = time;
my $res = lease($ana, take => 'S1', 'name');
is $res->{status}, 200, 'taken';
my %who = (sid => $sid{ana}, user_id => 1, username => 'ana', name => '',
    color => '#45B7D1');
my %mine = (row => 'S1', field => 'name', %who);
is_deeply fixed($res->{json}{lease}), \%mine, 'as it was asked';
cmp_ok $res->{json}{lease}{expires_in}, '==', 20000, 'for twenty seconds';
my $ev = heard();
cmp_ok time - $t, '<', 1, 'the room hears it at once';
is_deeply fixed($ev), { %mine, action => 'taken', from => undef },
    'and whose it is';
cmp_ok $ev->{version}, '>', $vera->{joined}{data}{presence_version},
    'as a newer version';
my $late = $r->joined(user => 4, username => 'late');
is_deeply [map { fixed($_) } @{ $late->{joined}{data}{leases} }], [\%mine],
    'who comes later knows it too';
cmp_ok $late->{joined}{data}{leases}[0]{expires_in}, '>', 10000,
    'and how long it lasts';
$app->say('{"query":"presence","room":"inventory_management","id":1}');
is_deeply [map { fixed($_) }
    @{ $app->wait_for('presence')->{presence}{leases} }], [\%mine],
    'so does the app';

# Others do not get it, and are told who has it.
for my $case ([$ben, 'take', 'name'], [$ben, 'renew', 'name'],
    [$ben, 'take', undef]) {
	my ($st, $action, $field) = @$case;
	$res = lease($st, $action, 'S1', $field);
	my $name = "$action " . ($field // 'the row');
	is $res->{status}, 423, "$name: locked";
	is $res->{json}{type}, '/problems/locked', 'a problem';
	is_deeply fixed($res->{json}{holder}), \%mine, 'by whom';
	cmp_ok $res->{json}{holder}{expires_in}, '>', 10000, 'how long';
}
is lease($ben, release => 'S1', 'name')->{status}, 204,
    'to release what one does not have is no trouble';
is lease($ben, take => 'S1', 'name')->{status}, 423, 'and no use';
is lease($ben, take => 'S1', 'notes')->{status}, 200, 'another field is free';
is lease($tab, take => 'S1', 'notes')->{status}, 423,
    'another page of his is another holder';
is heard()->{field}, 'notes', 'only what changed is told';
is lease($ana, renew => 'S1', 'name')->{status}, 200, 'renewed';
is lease($ana, take => 'S1', 'name')->{status}, 200, 'taken again: the same';
is lease($ana, renew => 'S7', undef)->{status}, 200,
    'a renewal of what is free takes it';
is_deeply fixed(heard()), { %who, action => 'taken', row => 'S7',
    field => undef, from => undef }, 'renewals are not told, that is';

# Steal: the loser is named, once each.
$res = lease($tab, steal => 'S1', undef);
is $res->{status}, 200, 'stolen';
my @lost = map { heard() } 1 .. 2;
is_deeply [map { "$_->{action} $_->{sid}" } @lost],
    [("stolen $sid{tab}") x 2], 'the room hears who has it';
is_deeply [sort map { $_->{from}{sid} } @lost],
    [sort @sid{qw(ana ben)}], 'and who lost it';
is_deeply [sort keys %{ $lost[0]{from} }],
    [qw(color name sid user_id username)], 'by name';
cmp_ok $lost[1]{version}, '==', $lost[0]{version} + 1, 'each one version';
is lease($ana, renew => 'S1', 'name')->{status}, 423, 'the loser is out';
is lease($tab, release => 'S1', undef)->{status}, 204, 'released';
is_deeply fixed(heard()), { %{ fixed($lost[0]) }, action => 'released',
    from => undef }, 'which the room hears';
is lease($ana, take => 'S1', 'name')->{status}, 200, 'it is free again';
is heard()->{action}, 'taken', 'and taken';

# In order with who is here: a held joining goes out before it.
my $old = $r->joined(user => 5);
my $new = $r->joined(user => 6);
is lease($new, take => 'S5', undef)->{status}, 200, 'a new page takes';
my $joined = $ana->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{user_id} == 6 });
$ev = $ana->wait_for('lease_changed');
ok $joined && $ev, 'ana sees it come, then edit';
is $ev->{data}{version}, $joined->{data}{version} + 1, 'one after the other';
is heard()->{row}, 'S5', 'vera, too';

# The page's going ends it, before it is seen to go; a reload does not.
my ($again) = $r->push('leave', $new, $new->{ticket})->{status};
is $again, 204, 'a page says that it goes';
$new->close;
$ev = heard();
is "$ev->{action} $ev->{row}", 'released S5', 'its lease is free';
ok $vera->wait_for(sub { $_->{event} eq 'user_left' &&
    $_->{data}{user_id} == 6 }), 'then it is gone';
$r->push('leave', $ana, $ana->{ticket});
$ana->close;
$ana = $r->joined(ticket => $ana->{ticket});
is scalar(grep { $_->{sid} eq $sid{ana} }
    @{ $ana->{joined}{data}{leases} }), 2, 'a reload keeps its own';
is lease($ana, renew => 'S1', 'name')->{status}, 200, 'and renews them';

# Sign-out ends it at once.
$app->say({ revoke => { session => 'session1', at => int(time * 1000) } });
my @gone = map { heard() } 1 .. 2;
is_deeply [sort map { "$_->{action} $_->{row}" } @gone],
    ['released S1', 'released S7'], 'signed out: released';

# Who takes is looking, who only goes on with what it has may be hidden.
sub state_of
{
	my ($sid, $id) = @_;

	$app->say(qq({"query":"presence","room":"inventory_management",) .
	    qq("id":$id}));
	my ($u) = grep { $_->{sid} eq $sid }
	    @{ $app->wait_for('presence')->{presence}{users} };
	return $u->{state};
}
$r->push(beat => $ben, { state => 'away' });
is lease($ben, renew => 'S1', 'name')->{status}, 200, 'a renewal';
is state_of($sid{ben}, 2), 'away', 'is no looking';
heard();
is lease($ben, take => 'S1', 'name')->{status}, 200, 'to take';
is state_of($sid{ben}, 3), 'active', 'is';
is lease($ben, release => 'S1', 'name')->{status}, 204, 'enough';
heard();

# Another room is another world.
my $far = $r->joined(user => 7, room => 'elsewhere');
is lease($ben, take => 'S1', undef)->{status}, 200, 'here';
is lease($far, take => 'S1', undef)->{status}, 200, 'and there';
is heard()->{username}, 'ben', 'the room hears its own';

# Bounds.
is lease($ben, take => "B$_", undef)->{status}, 200, "lease $_" for 2 .. 8;
heard() for 2 .. 8;
is lease($ben, take => 'B9', undef)->{status}, 409, 'eight a page';
is lease($ben, take => 'B8', undef)->{status}, 200, 'its own it may renew';
is lease($tab, take => 'B9', undef)->{status}, 200, 'the next page has more';
is heard()->{row}, 'B9', 'nothing came of the ninth';

# Who may, and how it is asked.
$res = lease($vera, take => 'V', undef);
is $res->{status}, 403, 'a viewer edits nothing';
is $res->{headers}{'content-type'}, 'application/problem+json', 'a problem';
is $r->push(lease => $r->joined(user => 8, role => 'admin'),
    { action => 'take', row => 'A' })->{status}, 200, 'an admin does';
is heard()->{field}, undef, 'a field need not be said';
is $r->push(lease => 'v1.x.y', { action => 'take', row => 'A' })->{status},
    401, 'a ticket is needed';
for my $case ([400, '{'], [400, ''], [400, '[]'], [422, '{}'],
    [422, '{"action":"take"}'], [422, '{"row":"A"}'],
    [422, '{"action":"grab","row":"A"}'], [422, '{"action":1,"row":"A"}'],
    [422, '{"action":"take","row":""}'], [422, '{"action":"take","row":7}'],
    [422, '{"action":"take","row":null}'],
    [422, '{"action":"take","row":"a\nb"}'],
    [422, '{"action":"take","row":"' . 'x' x 65 . '"}'],
    [422, '{"action":"take","row":"A","field":""}'],
    [422, '{"action":"take","row":"A","field":["a"]}'],
    [422, '{"action":"take","row":"A","what":1}'],
    [400, '{"action":"take","row":"A","row":"B"}'],
    [403, qq({"action":"take","row":"A","sid":"$sid{ana}"})],
    [413, '{"action":"take","row":"' . 'x' x 5000 . '"}']) {
	my ($want, $body) = @$case;
	my $name = substr $body, 0, 40;
	$name =~ s/[^ -~]/?/g;
	is $r->push(lease => $tab, $body)->{status}, $want,
	    "$want for $name";
}
is_deeply $r->push(lease => $tab, { action => 'grab', row => 'A' })
    ->{json}{errors}, [{ pointer => '/action',
    detail => 'must be take, renew, release or steal' }], 'with the place';
my $far_new = $r->joined(user => 9, room => 'elsewhere');
is_deeply [map { $_->{row} } @{ $far_new->{joined}{data}{leases} }], ['S1'],
    'of all that, the other room has its own alone';

# A relay that starts anew has none.
$r->stop('relay');
$r->start('relay');
my $first = $r->joined(user => 2);
is_deeply $first->{joined}{data}{leases}, [], 'no lease survives a restart';
is lease($first, take => 'S1', undef)->{status}, 200, 'all is free';
is $r->metric('leases'), 1, 'the operator sees one';

$r->finish;
done_testing;
