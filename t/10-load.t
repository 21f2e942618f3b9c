#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The load program's checker: relays that lie, each in one way, and one that
# does not.  A checker that finds nothing here finds nothing anywhere.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP ();
use lib "$FindBin::Bin/lib";
use POSIX ();
use Socket qw(SOCK_STREAM);
use Test::More;

use Load;
use Relay;

use constant EPOCH => '019a00000000abcd';
use constant OTHER => '019b00000000abcd';

my $dir = tempdir('stockroom-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
my $stock = bless { users => {}, env => {
	STOCKROOM_KEY_FILE => "$dir/ticket.key" } }, 'Fake';

# ---- a relay that says what it is told to

sub change
{
	my ($seq, %more) = @_;

	return JSON::PP->new->canonical->encode({
	    seq => $seq, user_id => 1, username => 'ana', version => $seq,
	    update_type => 'edit', sku => 'A', field => 'notes',
	    old_value => 'x', new_value => "n$seq", changes => [],
	    timestamp => '2026-01-02T03:04:05.678Z', source => 'api',
	    room => undef, %more });
}

# An event as a pair: its id or undef, and what it says.
sub event
{
	my ($name, $data, $seq) = @_;

	return { event => $name, data => $data,
	    defined $seq ? (id => EPOCH . ":$seq") : () };
}

sub joined
{
	my (%opt) = @_;

	my $recovered = $opt{recovered} // 1 ? 'true' : 'false';
	my ($from, $to) = ($opt{from} // 0, $opt{to} // 0);
	return event('room_joined', '{"room":"inventory_management",' .
	    "\"recovered\":$recovered,\"from\":\"" . EPOCH . ":$from\"," .
	    '"to":"' . EPOCH . ":$to\",\"users\":[]}");
}

sub changes
{
	return map { event('inventory_changed', change($_), $_) } @_;
}

sub sse
{
	my (@events) = @_;

	return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" .
	    "Connection: close\r\n\r\n" . join '', map {
	    (defined $_->{id} ? "id: $_->{id}\n" : '') .
	    "event: $_->{event}\ndata: $_->{data}\n\n" } @events;
}

# A poll's answer.
sub answer
{
	my ($n, $upto, @events) = @_;

	my $body = '{"events":[' . join(',', map {
	    "{\"event\":\"$_->{event}\"," .
	    (defined $_->{id} ? "\"id\":\"$_->{id}\"," : '') .
	    "\"data\":$_->{data}}" } @events) . '],"position":"' . EPOCH .
	    ":$upto\",\"presence_version\":1,\"answer\":$n,\"pause\":5}";
	return reply($body);
}

sub reply
{
	my ($body) = @_;

	return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" .
	    'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

# What the app says: where the log is (the last place for ever), and all of
# the log.
my %app = (items => [], changes => []);

sub app_says
{
	my ($what) = @_;

	if ($what eq 'items') {
		my $at = $app{items}[0];
		shift @{ $app{items} } if @{ $app{items} } > 1;
		return "{\"items\":[],\"position\":\"$at\"}";
	}
	return '{"changes":[' . join(',', @{ $app{changes} }) .
	    '],"more":false}';
}

# Serve until we are killed: the Nth request of a stream or a poll gets the
# Nth of TEXTS, a beat its 204, the app what %app says; what is asked of the
# relay goes to the log.
sub serve
{
	my ($listen, $log, @texts) = @_;

	my $set = IO::Select->new($listen);
	my %in;
	while (1) {
		for my $sock ($set->can_read) {
			if ($sock == $listen) {
				$set->add(scalar $listen->accept);
				next;
			}
			if (!sysread $sock, $in{$sock}, 65536,
			    length($in{$sock} // '')) {
				$set->remove($sock);
				close $sock;
				next;
			}
			while ($in{$sock} =~ s/\A(.*?)\r\n\r\n//s) {
				my $head = $1;
				my $len = $head =~ /^Content-Length: (\d+)/m ?
				    $1 : 0;
				substr $in{$sock}, 0, $len, '';
				if ($head =~ /^POST/) {
					syswrite $sock, "HTTP/1.1 204 No " .
					    "Content\r\n\r\n";
					next;
				}
				if ($head =~ m{/api/v1/inventory/(\w+)}) {
					syswrite $sock, reply(app_says($1));
					next;
				}
				syswrite $log, ($head =~ /^(.*?)\r/)[0] .
				    "\n";
				my $text = shift @texts or next;
				syswrite $sock, $text;
				next if $text !~ /event: disconnect/;
				$set->remove($sock);
				close $sock;
				last;
			}
		}
	}
}

my $server;		# the process that plays the relay
END {
	kill 'KILL', $server if $server;
}
my $patience = 10;	# seconds that load waits for what must come

# Run load against a relay that says TEXTS; (exit code, check, requests).
sub against
{
	my ($poll, $head, @texts) = @_;

	my $path = "$dir/relay.sock";
	unlink $path;
	my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $path, Listen => 8) or die "listen: $!\n";
	open my $log, '>', "$dir/requests" or die;
	$server = fork // die "fork: $!\n";
	if (!$server) {
		eval { serve($listen, $log, @texts) };
		POSIX::_exit(0);
	}
	close $listen;
	my $load = Load->new($stock, push => $path, poll => $poll ? 100 : 0,
	    @{ $app{items} } ? (api => $path) : (position => EPOCH . ':0'),
	    patience => $patience);
	$load->run('open');
	$load->run('joined');
	my $level = $load->run("level $head");
	my $check = $load->run("check $head");
	my $code = $load->end;
	kill 'KILL', $server;
	waitpid $server, 0;
	$server = undef;
	open $log, '<', "$dir/requests" or die;
	return ($code, { %$check, level => $level->{ok} }, <$log>);
}

# ---- streams

my ($code, $check, @asked) = against(0, 5, sse(joined(), changes(1 .. 5)));
is $code, 0, 'an honest stream: exit 0';
ok $check->{ok}, 'nothing to complain of';
like $asked[0], qr{^GET /push/stream\?position=019a00000000abcd:0 },
    'the position is named';

# What the stream says, and which fault must be found, how often.
my @lies = (
	['a hole', [changes(1, 2, 4, 5)], holes => 1],
	['a hole at the begin', [changes(3, 4, 5)], holes => 2],
	['a repeat', [changes(1, 2, 2, 3 .. 5)], repeats => 1],
	['another order', [changes(1, 2, 3, 1, 4, 5)], disorder => 1],
	['a number that is not the id\'s', [changes(1 .. 4),
	    event('inventory_changed', change(6), 5)], broken => 1],
	['no JSON', [changes(1 .. 4),
	    event('inventory_changed', '{"seq":5', 5)], broken => 1],
);
for my $lie (@lies) {
	my ($name, $events, $fault, $n) = @$lie;
	($code, $check) = against(0, 5, sse(joined(), @$events));
	is $code, 1, "$name: exit 1";
	is $check->{$fault}, $n, "$name: counted";
	is $check->{ok} ? 1 : 0, 0, "$name: not well";
}

$patience = 1;		# for what must not
($code, $check) = against(0, 5, sse(joined(), changes(1 .. 4)));
$patience = 10;
is $code, 1, 'the last event does not come: exit 1';
is $check->{behind}, 1, 'and it is said who is behind';
ok !$check->{level}, 'waiting for it fails';

# It comes back after a cut, from where it was, and is lied to then.
($code, $check, @asked) = against(0, 5,
    sse(joined(), changes(1 .. 3), event('disconnect',
    '{"code":"shutdown","reason":"","retry":20}')),
    sse(joined(from => 3, to => 3), changes(5)));
is $code, 1, 'a hole after a return: exit 1';
is $check->{holes}, 1, 'counted';
like $asked[1], qr{position=019a00000000abcd:3 }, 'it had named its place';

# The same event says one thing to one and another thing later.
($code, $check) = against(0, 5, sse(joined(), changes(1 .. 3),
    event('inventory_changed', change(3, new_value => 'y'), 3),
    changes(4, 5)));
is $check->{repeats}, 1, 'a repeat that says something else';

# ---- polls

my @first = (event('connection_established', '{"sid":"x"}'), joined());
($code, $check, @asked) = against(1, 5,
    answer(1, 2, @first, changes(1, 2)), answer(2, 2),
    answer(3, 5, changes(3 .. 5)));
is $code, 0, 'honest polls: exit 0' or diag explain $check;
like $asked[0], qr{^GET /push/poll\?position=019a00000000abcd:0 },
    'the first names the position alone';
like $asked[1], qr{position=019a00000000abcd:2&answer=1&presence_version=1 },
    'the second, what it has';
like $asked[2], qr{position=019a00000000abcd:2&answer=2&}, 'and so on';

for my $lie (
	['a hole between two polls', [answer(1, 2, @first, changes(1, 2)),
	    answer(2, 5, changes(4, 5))], holes => 1],
	['a position beyond what was brought', [answer(1, 5, @first,
	    changes(1 .. 3))], holes => 2],
	['what was there already', [answer(1, 3, @first, changes(1 .. 3)),
	    answer(2, 5, changes(3 .. 5))], repeats => 1],
) {
	my ($name, $texts, $fault, $n) = @$lie;
	($code, $check) = against(1, 5, @$texts);
	is $code, 1, "$name: exit 1";
	is $check->{$fault}, $n, "$name: counted";
}

# ---- the log itself, and another epoch

# The app's log ends the check; what the stream said is held against it.
%app = (items => [EPOCH . ':0'], changes => [map { change($_) } 1 .. 5]);
($code, $check) = against(0, 5, sse(joined(), changes(1 .. 5)));
is $code, 0, 'a stream that says what the log says'
    or diag explain $check;
$app{changes}[2] = change(3, new_value => 'y');
($code, $check) = against(0, 5, sse(joined(), changes(1 .. 5)));
is $code, 1, 'one that says something else: exit 1';
is $check->{false}, 1, 'counted';
$app{changes} = [map { change($_) } 1 .. 6];
($code, $check) = against(0, 5, sse(joined(), changes(1 .. 5)));
is $code, 1, 'the log has more than anybody heard: exit 1';
is $check->{unheard}, 1, 'counted';

# A gap is closed from the log, and still was a hole.
$app{changes} = [map { change($_) } 1 .. 5];
($code, $check) = against(0, 5, sse(joined(), changes(1, 2, 5)));
is $check->{holes}, 2, 'a hole that the log mends is one';
is $check->{unheard}, 0, 'and is mended';
($code, $check) = against(0, 5,
    sse(joined(recovered => 0, to => 4), changes(5)));
is $code, 0, 'what was not promised is read from the log'
    or diag explain $check;

%app = (items => [EPOCH . ':0', OTHER . ':7'],
    changes => [map { change($_) } 8, 9]);
my @anew = map { { %$_, data => $_->{data} =~ s/${\ EPOCH}/${\ OTHER}/gr,
    defined $_->{id} ? (id => $_->{id} =~ s/${\ EPOCH}/${\ OTHER}/r) : ()
    } } joined(from => 7, to => 7), changes(8, 9);
($code, $check, @asked) = against(0, 9, sse(joined(), changes(1, 2),
    event('disconnect', '{"code":"epoch","reason":"","retry":0}')),
    sse(@anew));
is $code, 0, 'another epoch: begun again' or diag explain $check;
like $asked[1], qr{position=${\ OTHER}:7 }, 'at its newest place';

# ---- a real relay whose streams are so short that never all are there at once

my $relay = Relay->new(env => { STOCKROOM_STREAM_LIFE => 1 });
my $app = $relay->app(head => 0);
my $load = Load->new($relay, push => $relay->push_socket, clients => 200,
    position => Relay::EPOCH . ':0');
$load->run($_) for 'open 500', 'joined', 'pause 1500';
$app->change(1);
$app->pump;
ok($load->run('level 1')->{ok}, 'each has been there, and has the event');
ok($load->run('check 1')->{ok}, 'once');
is($load->end, 0, 'which is a good end');
$relay->finish;

done_testing;
