#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Another key that signs tickets: app and relay take it up as they run, nobody
# loses a stream, the old ones end when they are to, and what goes wrong
# changes nothing.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(time);

use Check;
use Slurp qw(replace);
use Stockroom;

my $s = Stockroom->new(relay => 1);
my $key = $s->{env}{STOCKROOM_KEY_FILE};
my $list = "$key.pub";

sub slurp
{
	my ($path) = @_;

	open my $fh, '<', $path or return '';
	local $/;
	return scalar <$fh>;
}

# Run a key command; its document.
sub key_json
{
	my (@argv) = @_;

	return $Stockroom::json->decode($s->ctl_ok(['key', @argv, '--json']));
}

sub rotate { return key_json('rotate', @_) }
sub mode { return (stat $_[0])[2] & 07777 }

sub beat
{
	my ($ticket) = @_;

	return $s->relay_http('POST', '/push/beat', ticket => $ticket,
	    json => { state => 'active' })->{status};
}

my $version = 0;
sub change
{
	my $r = $s->post('/inventory/items', { sku => 'K-' . ++$version,
	    name => 'x' }, token => $s->token('ana'));
	die "change: $r->{status}" unless $r->{status} == 201;
	return "K-$version";
}

# Each of these hears of a change.
sub all_hear
{
	my ($name, @all) = @_;

	my $sku = change();
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for my $st (@all) {
		ok $st->wait_for(sub { $_->{event} eq 'inventory_changed' &&
		    $_->{data}{sku} eq $sku }), $name;
	}
}

# ---- what there is

my $first = key_json('show');
is scalar @{ $first->{keys} }, 1, 'one key';
my $print = $first->{keys}[0]{fingerprint};
like $print, qr{^SHA256:[A-Za-z0-9+/]{43}$}, 'with a fingerprint';
like $first->{keys}[0]{made_at}, qr/^20\d\d-/, 'and when it was made';
is $first->{keys}[0]{use}, 'signs', 'it signs';
like $s->ctl_ok(['key', 'show']), qr/\Q$print\E/, 'as a table too';
unlike $s->ctl_ok(['key', 'show']), qr/\Q${\ substr slurp($key), 0, 20}\E/,
    'never the key itself';

# ---- a new key

my $ana = $s->open_stream(as => 'ana');
my $ben = $s->open_poll(as => 'ben');
ok $_->wait_for('room_joined'), 'here' for $ana, $ben;
my %pid = map { $_ => $s->pid($_) } qw(app relay);
my $secret = slurp($key);
my $before = time;
my $new = rotate();
isnt $new->{fingerprint}, $print, 'a new key';
my $vera = $s->open_stream(as => 'vera');
ok $vera->wait_for('room_joined'), 'the next ticket opens a stream';
isnt slurp($key), $secret, 'the secret file is another one';
is mode($key), 0400, 'for its owner only';
is mode($list), 0444, 'and the list for all';
is scalar(split /\n/, slurp($list)), 2, 'two keys are good';
my ($good_until) = slurp($list) =~ /\n\S+ (\d+)\n\z/;
cmp_ok abs($good_until / 1000 - $before - 86400), '<', 60,
    'the old one for a day';
my $shown = key_json('show');
is $shown->{keys}[0]{fingerprint}, $new->{fingerprint}, 'the new one signs';
is $shown->{keys}[1]{fingerprint}, $print, 'the old one is shown';
is $shown->{keys}[1]{use}, 'replaced', 'as what it is';
is $shown->{keys}[1]{good_until}, $new->{old_good_until}, 'and until when';
ok $s->wait_for(sub { $s->log_text('relay') =~ /have new ticket keys/ }),
    'the relay has it without being told';
like $s->log_text('app'), qr/signing with a new ticket key/, 'the app too';
all_hear('nobody lost a stream', $ana, $ben, $vera);
is beat($ana->{join}{ticket}), 204, 'an old ticket serves its page';
my $again = $s->join_room(as => 'ana', ticket => $ana->{join}{ticket});
is $again->{sid}, $ana->{join}{sid}, 'and keeps its sid when it is renewed';
is beat($again->{ticket}), 204, 'the new one serves as well';
ok !$_->count('disconnect'), 'nobody was told to go' for $ana, $ben, $vera;
# Rest for so long that the relay has looked again.
all_hear('nor later', $ana, $ben, $vera);

# ---- many, in the middle of joins

for my $n (1 .. 5) {
	rotate();
	my $st = $s->open_stream(as => 'vera');
	ok $st->wait_for('room_joined'), "a stream after rotation $n";
	$st->close;
}
all_hear('all these cost nobody anything', $ana, $ben);
is $s->pid($_), $pid{$_}, "$_ was not started again" for sort keys %pid;

# ---- at once

my $old = $s->join_room(as => 'vera');
my $text = $s->ctl_ok(['key', 'rotate', '--now']);
my $start = time;
like $text, qr/void/, 'the old ones are void';
for my $st ($ana, $ben, $vera) {
	my $bye = $st->wait_for('disconnect', 5);
	# A poll that was not held just then is refused.
	is $bye ? $bye->{data}{code} : $st->{status},
	    $bye ? 'ticket' : 401, 'told to get another ticket';
}
note sprintf 'all were told after %.2f s', time - $start;
is beat($ana->{join}{ticket}), 401, 'the old ticket serves nobody';
my $st = Stream->open($s->stream_address, ticket => $old->{ticket});
is $st->wait_status, 401, 'a fresh one opens nothing';
is_problem($s->post('/inventory/collaboration/join',
    { room => $s->room, ticket => $old->{ticket} }, as => 'vera'), 422,
    'nor is it renewed', pointer => '/ticket');
is scalar(split /\n/, slurp($list)), 1, 'one key is good';
$ana = $s->open_stream(as => 'ana');
ok $ana->wait_for('room_joined'), 'who joins again is here again';
my ($users) = $ana->named('room_joined');
is scalar @{ $users->{data}{users} }, 1, 'and no ghosts are';

# ---- the old one's last day, in three seconds

$ben = $s->open_stream(as => 'ben');
ok $ben->wait_for('room_joined'), 'ben has a ticket of this key';
rotate();
my $soon = int(time * 1000) + 3000;
my $lines = slurp($list);
$lines =~ s{ \d+\n\z}{ $soon\n} or die;
replace("$list.new", $lines);
chmod 0444, "$list.new";
rename "$list.new", $list or die;
$vera = $s->open_stream(as => 'vera');
ok $vera->wait_for('room_joined'), 'vera one of the next';
my $bye = $ben->wait_for('disconnect', 30);
is $bye->{data}{code}, 'ticket', 'his ends with the key';
my $late = time - $soon / 1000;
cmp_ok $late, '>', -0.5, 'not before';
cmp_ok $late, '<', 5, 'nor with some later ping';
is beat($ben->{join}{ticket}), 401, 'the ticket is void';
all_hear('hers goes on', $vera);
$ana = $s->open_stream(as => 'ana');
ok $ana->wait_for('room_joined'), 'ana joins again';

# ---- files that are no good

my $good = slurp($list);
replace($list, "no key\n");
ok $s->wait_for(sub { $s->log_text('relay') =~
    /ticket\.key\.pub: it does not hold a key/ }), 'a bad list is said';
all_hear('and changes nothing', $ana);
my $more = $s->open_stream(as => 'ben');
ok $more->wait_for('room_joined'), 'the keys they had are good';
$more->close;
my ($code, undef, $said) = $s->ctl(['key', 'rotate']);
is $code, 73, 'it is not replaced';
like $said, qr/ticket\.key\.pub.*does not hold a key/, 'and why';
is slurp($list), "no key\n", 'it stays';
($code, my $out) = $s->ctl(['key', 'show', '--json']);
is $code, 73, 'nor shown';
ok $Stockroom::json->decode($out)->{error}, 'with one document';
is scalar(() = $s->log_text('relay') =~ /does not hold a key/g), 1,
    'the relay says it once';
replace($list, $good);
chmod 0444, $list;
rotate();
all_hear('all is well again', $ana);
for (['key', 'rotate', 'x'], ['key', 'rotate', '--later'], ['key', 'show',
    'x']) {
	is +($s->ctl($_))[0], 64, "usage: @$_";
}
{
	local $s->{env}{STOCKROOM_KEY_FILE} = "$s->{dir}/none";
	for my $verb (qw(show rotate)) {
		($code, undef, $said) = $s->ctl(['key', $verb]);
		is $code, 66, "$verb: no key";
		like $said, qr/there is no key yet/, 'says so';
		ok !-e "$s->{dir}/none", 'and makes none';
	}
}

# ---- started again, and by a copy that systemd made

$s->restart($_) for qw(app relay);
$s->wait_joined;
$ana = $s->open_stream(as => 'ana');
ok $ana->wait_for('room_joined'), 'both start with several keys';
mkdir "$s->{dir}/credentials" or die;
copy($key, "$s->{dir}/credentials/ticket.key") or die;
chmod 0400, "$s->{dir}/credentials/ticket.key";
my %credential = (CREDENTIALS_DIRECTORY => "$s->{dir}/credentials",
    STOCKROOM_KEY_FILE => "$s->{dir}/credentials/ticket.key");
$s->restart('app', env => \%credential);
$s->wait_joined;
is join(' ', map { s{.*/}{}r } glob "$s->{dir}/credentials/*"), 'ticket.key',
    'an app with its key as a credential makes nothing beside it';
rotate();
$ben = $s->open_stream(as => 'ben');
ok $ben->wait_for('room_joined'), 'its tickets are good after a rotation';
all_hear('and streams go on', $ana, $ben);
$s->stop('app');
unlink "$s->{dir}/credentials/ticket.key";
$s->spawn('lost', ["$s->{build}/stockroom-app", '--socket',
    "$s->{dir}/lost.sock"], env => \%credential);
is $s->reap('lost') >> 8, 78, 'a credential that is not there: no start';
delete $s->{proc}{lost};
like $s->log_text('lost'), qr/ticket\.key: No such file/, 'and why';
$s->start('app');

# ---- whose the files are

if ($> == 0) {
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	# Who has changed users cannot look for its own leaks.
	local $s->{env}{ASAN_OPTIONS} = 'detect_leaks=0';
	chown $uid, $gid, $s->{dir}, glob "$s->{dir}/stockroom.db* $key*";
	rotate();
	is +(stat $_)[4], $uid, "$_ stays its owner's" for $key, $list;
	is scalar(grep { !/\.(?:key|pub)$/ } glob "$key*"), 0,
	    'and nothing is left over';
	chown 0, 0, $s->{dir}, glob "$s->{dir}/stockroom.db* $key*";
}

$s->finish;
done_testing;
