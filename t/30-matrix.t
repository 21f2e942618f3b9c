#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Who may do what at the relay: every route of its table with every method,
# with every kind of ticket, from everywhere.  What must be answered is
# computed from the route's class and what is true of the ticket; a row
# without a class fails.  What is refused, nobody hears of.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);

use Nginx;
use Relay;
use Slurp qw(slurp);

# Each route, and what its row must ask for.
my %CLASS = (
	'GET /push/stream' => 'listen', 'GET /push/poll' => 'listen',
	'POST /push/cursor' => 'post', 'POST /push/lease' => 'edit',
	'POST /push/beat' => 'come', 'POST /push/leave' => 'leave',
	'GET /healthz' => 'local', 'GET /metrics' => 'local',
);
my %NEED = (listen => 'NOTHING', leave => 'NOTHING', local => 'NOTHING',
    post => 'MEMBER', edit => 'MEMBER', come => 'PAGE');
my %BODY = (
	'/push/cursor' => '{"editing_row":"A-1","mode":"select"}',
	'/push/lease' => '{"action":"take","row":"B-1"}',
	'/push/beat' => '{"state":"active"}',
);

# What a ticket gets at ROW.  What is true of it: good: genuine, its session
# neither over nor ended; fresh: less than a minute old; here: its sid is;
# theirs: the sid is another user's; serves: it is the sid's newest, of the
# same session; editor.
sub expected
{
	my ($row, $t) = @_;

	my $class = $row->{class};
	return 200 if $class eq 'local';
	return 401 unless $t->{good};
	return 403 if $t->{here} && $t->{theirs};
	return $t->{fresh} || $t->{here} && $t->{serves} ? 200 : 401
	    if $class eq 'listen';
	return 204 if $class eq 'leave';
	return $class eq 'come' && $t->{fresh} ? 204 : 401
	    unless $t->{here};
	return 401 unless $t->{serves};
	return $t->{editor} ? 200 : 403 if $class eq 'edit';
	return 204;
}

# -- the table, and nothing beside it

my $port = Nginx::free_port();
my $page = 'https://stock.example.com';
my $friend = 'https://app.example.com';
my $r = Relay->new(env => { STOCKROOM_LISTEN => "127.0.0.1:$port",
    STOCKROOM_ORIGIN => $page, ALLOW_ORIGINS => $friend });
my $app = $r->app(head => 0);

my $source = slurp($r->top . '/push-relay/route.c');
my @routes;
push @routes, { path => $1, method => $2, need => $3,
    local => $4 eq 'true' } while $source =~ /\{\s*"([^"]+)",\s*"(\w+)",
    \s*NEED_(\w+),\s*\w+,\s*\w+,\s*(true|false)\s*\}/gx;
my ($table) = $source =~ /routes\[\] = \{\n(.*?)\n\};/s;
is scalar @routes, scalar(() = $table =~ /NEED_/g),
    'each row of the table is read';
is_deeply [sort map { "$_->{method} $_->{path}" } @routes],
    [sort keys %CLASS], 'each row has a class, and each class a row';
for my $row (@routes) {
	my $key = "$row->{method} $row->{path}";
	$row->{class} = $CLASS{$key} // 'local';
	is $row->{need}, $NEED{ $row->{class} }, "$key needs what it should";
	is $row->{local} ? 1 : 0, $row->{class} eq 'local' ? 1 : 0,
	    "$key is for strangers or not";
}

my %served = map { $_->{path} => 1 } @routes;
my %probe = map { $_ => 1 } ('/', '/push', '/push/', '/push/stream/',
    '/push//stream', '/Push/stream', '/push/../metrics', '/metrics/',
    '/healthz/x', '/push/presence', '/push/revoke', '/api/v1/session',
    '/push/healthz', '/push/metrics', '/debug', '/stats',
    slurp("$r->{build}/stockroom-relay") =~
    m{(?<=\0)(/[A-Za-z0-9_.-][A-Za-z0-9_./-]{1,80})(?=\0)}g);
my @beside;
for my $path (grep { !$served{$_} } sort keys %probe) {
	for my $method (qw(GET POST OPTIONS)) {
		my $got = $r->relay_http($method, $path);
		push @beside, "$method $path: $got->{status}"
		    if $got->{status} != 404;
	}
}
is_deeply \@beside, [], 'nothing is served beside the table: ' .
    keys(%probe) . ' paths';

# -- who is here, and tickets of every kind

my $watch = $r->joined(user => 9, username => 'watch');
my ($ana, $sid) = $r->ticket(user => 1);
my $stream = $r->joined(ticket => $ana);
my ($vera, $vera_sid) = $r->ticket(user => 3, role => 'viewer');
my $viewer = $r->joined(ticket => $vera);
is $r->push(lease => $stream, { action => 'take', row => 'A-1' })->{status},
    200, 'ana edits a row';
my $far = Relay->new(idle => 1);
my ($revoked) = $r->ticket(user => 5, session => 'ended', issued => -500);
my ($disabled) = $r->ticket(user => 6, issued => -500);
my $now = int(time * 1000);
$app->say(qq({"revoke":{"session":"ended","at":$now}}),
    qq({"revoke":{"user":6,"at":$now}}),
    '{"query":"presence","room":"x","id":1}');
$app->wait_for('presence');

# Part N of a ticket, 0 to 2, with another letter in it.
sub bend
{
	my ($text, $n) = @_;

	my @part = split /\./, $text;
	my $c = substr $part[$n], 20, 1;
	substr($part[$n], 20, 1) = $c eq 'A' ? 'B' : 'A';
	return join '.', @part;
}

# A ticket of ours, of which these words are true; signed when it is used.
sub made
{
	my ($is, %opt) = @_;

	return { of => \%opt, map { $_ => 1 } split ' ', $is };
}

my @of_ana = (user => 1, sid => $sid);
my @parts = split /\./, $ana;
my %ticket = (
	'no ticket' => {},
	'an empty one' => { text => '' },
	'nonsense' => { text => 'x' },
	"a token of the app's" => { text => 'sr_' . 'A' x 43 },
	'a bent signature' => { text => bend($ana, 2) },
	'a bent payload' => { text => bend($ana, 1) },
	"another's signature" => { text => "v1.$parts[1]." .
	    (split /\./, $vera)[2] },
	'no signature' => { text => "v1.$parts[1]." },
	'another version' => { text => "v2.$parts[1].$parts[2]" },
	"another site's" => { text => scalar $far->ticket(@of_ana) },
	'one whose session is over' => made('', @of_ana, ends => -1),
	'one from the future' => made('', @of_ana, issued => 600_000),
	'one of a session that was signed out' => { text => $revoked },
	'one of a disabled user' => { text => $disabled },
	"another user's for her sid" => made('good fresh here theirs editor',
	    user => 2, sid => $sid),
	"another user's old one for her sid" => made('good here theirs',
	    user => 2, sid => $sid, issued => -90_000),
	"an admin's for her sid" => made('good fresh here theirs editor',
	    user => 4, sid => $sid, role => 'admin'),
	'her own of another session, old' => made('good here', @of_ana,
	    session => 'other', issued => -90_000),
	'her own that a newer one has replaced' => made('good here',
	    @of_ana, issued => -90_000),
	'an old one of nobody who is here' => made('good',
	    user => 7, issued => -90_000),
	'a new one of nobody who is here' => made('good fresh editor',
	    user => 8),
	"a viewer's" => { text => $vera, map { $_ => 1 }
	    qw(good fresh here serves) },
	"ana's" => { text => $ana, map { $_ => 1 }
	    qw(good fresh here serves editor) },
);
$far->finish;

# Whence a call may come; friend: pages from there may read the answer.
my %FROM = (
	'a script' => {},
	'our page' => { friend => $page, headers => { Origin => $page } },
	'an allowed page' => { friend => $friend,
	    headers => { Origin => $friend } },
	'another page' => { headers => { Origin => 'http://evil.example',
	    'Sec-Fetch-Site' => 'cross-site' } },
	'no origin' => { headers => { Origin => 'null' } },
	'our page with a cookie' => { friend => $page, headers => {
	    Origin => $page, Cookie => 'stockroom_session=' . 'A' x 43 } },
);

# -- the matrix

# Who is here, where, and what they edit.
my $asked = 1;
sub state
{
	$asked++;
	$app->say(qq({"query":"presence","room":"inventory_management",) .
	    qq("id":$asked}));
	my $is = $app->wait_for('presence')->{presence};
	delete @$_{qw(last_seen state expires_in)}
	    for @{ $is->{users} }, @{ $is->{leases} };
	return $Relay::json->encode([@$is{qw(count users leases)}]);
}

# What is wrong with the answer to TICKET from FROM at ROW, or ''.
sub cell
{
	my ($row, $t, $from, $type) = @_;

	my $want = expected($row, $t);
	my $h = $FROM{$from}{headers} // {};
	my ($method, $path, $class) = @$row{qw(method path class)};
	my $got;
	if ($class eq 'listen') {
		$got = Stream->open(unix => $r->push_socket, path => $path,
		    ticket => $t->{text}, headers => $h);
		$got->wait_status;
		$got->close;
	} else {
		$got = $r->relay_http($method, $path, ticket => $t->{text},
		    headers => $h, $method eq 'POST' ?
		    (body => $BODY{$path} // '', type => $type) : ());
	}
	return "$got->{status}, not $want" if $got->{status} != $want;
	my $head = $got->{headers};
	return "who may read it: $head->{'access-control-allow-origin'}"
	    if ($head->{'access-control-allow-origin'} // '') ne
	    ($FROM{$from}{friend} // '');
	return 'credentials of browsers'
	    if $head->{'access-control-allow-credentials'};
	return 'no problem document' if $want >= 400 &&
	    ($head->{'content-type'} // '') ne 'application/problem+json';
	return '';
}

# Whether a call changes who is here or what they do.
sub acts
{
	my ($row, $t) = @_;

	return 0 if expected($row, $t) >= 400 || $row->{class} eq 'local';
	return $row->{class} ne 'leave' || $t->{serves};
}

# All calls that act, or all that do not: a test a ticket and row.
my $count = 0;
sub matrix
{
	my ($acts) = @_;

	for my $row (@routes) {
		for my $name (sort keys %ticket) {
			my $t = $ticket{$name};
			next if acts($row, $t) xor $acts;
			$t->{text} = $r->ticket(%{ $t->{of} }) if $t->{of};
			my @bad;
			for my $from (sort keys %FROM) {
				for my $type ('application/json',
				    'text/plain',
				    'application/x-www-form-urlencoded') {
					last if $row->{method} eq 'GET' &&
					    $type ne 'application/json';
					$count++;
					my $wrong = cell($row, $t, $from,
					    $type) or next;
					push @bad, "$from, $type: $wrong";
				}
			}
			is join("\n", @bad), '',
			    "$row->{method} $row->{path} with $name";
		}
	}
}

# What the watcher has heard since the last time.
sub heard
{
	$watch->pump;
	my @new = splice @{ $watch->{events} };
	$watch->{seen} = 0;
	# A relay that has just begun tells once more who is here.
	return join ' ', grep { !/^(?:ping|presence_update)$/ }
	    map { $_->{event} } @new;
}

my $started = time;
$watch->wait_for('lease_changed', 5);
heard();
my $before = state();
matrix(0);

# Tickets in other places than where they belong.
for my $row (grep { $_->{class} ne 'local' } @routes) {
	my ($method, $path, $class) = @$row{qw(method path class)};
	my %other = (
		'in a cookie' => { headers => { Cookie => "ticket=$ana" } },
		'by another scheme' => { headers =>
		    { Authorization => "Basic $ana" } },
		'by no scheme' => { headers => { Authorization => $ana } },
		'in X-Ticket' => { headers => { 'X-Ticket' => $ana } },
		$path eq '/push/stream' ? () : ('in the address' =>
		    { query => "?ticket=$ana" }),
		$class eq 'leave' || $method eq 'GET' ? () :
		    ('in the body' => { body => $ana }),
		$class eq 'leave' ? ('as JSON' =>
		    { body => qq({"ticket":"$ana"}) }) : (),
	);
	for my $how (sort keys %other) {
		my %o = %{ $other{$how} };
		is $r->relay_http($method, $path . ($o{query} // ''),
		    headers => $o{headers}, $method eq 'POST' ?
		    (body => $o{body} // '') : ())->{status}, 401,
		    "$method $path with a ticket $how";
	}
}

# What another page has: it is not got by naming it.
my ($carl, $carl_sid) = $r->ticket(user => 2);
my $other = $r->joined(ticket => $carl);
ok $watch->wait_for(sub { $_->{event} eq 'user_joined' &&
    $_->{data}{sid} eq $carl_sid }, 10), 'carl comes';
is heard(), 'user_joined', 'and nobody heard of any call up to here';
$before = state();
for (['cursor', { sid => $sid, mode => 'edit' }], ['beat', { sid => $sid }],
    ['lease', { sid => $sid, action => 'release', row => 'A-1' }],
    ['lease', { sid => $sid, action => 'take', row => 'B-1' }]) {
	my ($what, $body) = @$_;
	is $r->push($what, $carl, $body)->{status}, 403,
	    "another's sid: $what " . ($body->{action} // '');
}
for (['take', undef, 423], ['renew', undef, 423], ['take', 'name', 423],
    ['release', undef, 204], ['release', 'name', 204]) {
	my ($action, $field, $want) = @$_;
	is $r->push(lease => $carl, { action => $action, row => 'A-1',
	    defined $field ? (field => $field) : () })->{status}, $want,
	    "another's lease: $action " . ($field // 'the row');
}
is state(), $before, 'nothing that was refused has changed anything';
is heard(), '', 'nor is heard of';
$watch->{seen} = 0;
is $stream->count('disconnect') + $viewer->count('disconnect'), 0,
    'nobody was sent away';

# -- other methods

for my $row (@routes) {
	my @bad;
	for my $method (qw(GET HEAD POST PUT PATCH DELETE OPTIONS BREW)) {
		next if $method eq $row->{method};
		my $want = $method eq 'OPTIONS' && !$row->{local} ? 204 : 405;
		my $allow = $row->{method} .
		    ($want == 204 ? ', OPTIONS' : '');
		for my $name ('no ticket', 'a bent payload', "ana's") {
			my $got = $r->relay_http($method, $row->{path},
			    ticket => $ticket{$name}{text});
			push @bad, "$method with $name: $got->{status} " .
			    ($got->{headers}{allow} // '')
			    if $got->{status} != $want ||
			    ($got->{headers}{allow} // '') ne $allow;
		}
	}
	is join("\n", @bad), '', "other methods of $row->{path}";
}

# -- the relay's own port, where strangers come

for my $row (@routes) {
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) or die "port: $!\n";
	my $got = Client::http($sock, $row->{method}, $row->{path},
	    { Host => 'localhost' }, '');
	is $got->{status}, $row->{local} ? 404 : 401,
	    "from outside: $row->{method} $row->{path}";
}

# -- and who may, does

is state(), $before, 'nothing has changed up to here';
matrix(1);
diag(sprintf '%d cells in %.1f s', $count, time - $started);
$_->close for $stream, $viewer, $other, $watch;
$r->finish;
done_testing;
