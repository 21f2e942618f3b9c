#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A relay says how far it was told what is revoked, and hears the rest however
# old that is; a new one, where nobody is, hears only what may yet matter.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;
use Time::HiRes qw(time);

use Check;
use Stockroom;

use constant { MINUTE => 60_000, WAIT => 30 };	# ms; s

my $s = Stockroom->new(users => { ana => 'editor' });
my $relay = IO::Socket::UNIX->new(Type => SOCK_STREAM,
    Local => $s->event_socket, Listen => 8) or die "listen: $!";
my $db = $s->{env}{STOCKROOM_DB};

# Lines from C until one matches; the last of them, or undef.
my $said = '';
sub line
{
	my ($c, $re) = @_;

	my $deadline = time + WAIT;
	for (;;) {
		while ($said =~ s/^(.*)\n//) {
			my $one = $1;
			return $one if $one =~ $re;
		}
		my $left = $deadline - time;
		return undef if $left <= 0 ||
		    !IO::Select->new($c)->can_read($left);
		sysread($c, $said, 65536, length $said) or return undef;
	}
}

# An app connects, to a relay that has heard all up to MS ago; undef: nothing.
sub relay_of
{
	my ($ms) = @_;

	$s->stop('app');
	$relay->accept while IO::Select->new($relay)->can_read(0);
	$s->start('app');
	my $c = $relay->accept;
	$said = '';
	my ($epoch, $head) = line($c, qr/^\{"app"/) =~
	    /"epoch":"(\w+)","head":(\d+)/;
	my $told = defined $ms ? ',"told":' . (int(time * 1000) - $ms) : '';
	print $c qq({"hello":{"epoch":"$epoch","have":$head$told}}\n);
	$c->flush;
	return $c;
}

sub sign_out
{
	my ($ms_ago) = @_;

	my $cookie = $s->sign_in('ana', again => 1);
	is_status($s->delete('/session', headers => { Cookie => $cookie,
	    'Sec-Fetch-Site' => 'same-origin' }), 204, 'signed out');
	my $at = int(time * 1000) - $ms_ago;
	is(system('sqlite3', '-cmd', '.timeout 10000', $db, 'UPDATE revoked ' .
	    "SET at = $at WHERE at = (SELECT max(at) FROM revoked)"), 0,
	    'some time ago');
}

relay_of(undef);
sign_out(60 * MINUTE);
my $c = relay_of(undef);
my $told = line($c, qr/^\{"(?:revoke|told)"/);
like($told, qr/"told"/, 'a new relay is not told what was long ago');
my ($ms) = $told =~ /(\d+)/;
cmp_ok(abs(time * 1000 - $ms), '<', WAIT * 1000, 'but that it is told all');
like(line(relay_of(59 * MINUTE), qr/^\{"(?:revoke|told)"/),
    qr/"revoke":\{"session"/, 'one that heard nothing since is');
like(line(relay_of(30 * MINUTE), qr/^\{"(?:revoke|told)"/), qr/"told"/,
    'one that heard of it is not');

# Many at once: each is told once, however many there are.
$c = relay_of(0);
line($c, qr/"told"/);
my $now = int(time * 1000);
my $n = 700;
is(system('sqlite3', '-cmd', '.timeout 10000', $db, 'WITH RECURSIVE n(i) AS ' .
    "(VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < $n) INSERT INTO " .
    "revoked SELECT printf('%032x', i), $now - $n + i FROM n"), 0, "$n end");
ok(defined line($c, qr/"session":"@{[ sprintf '%032x', $n ]}"/), 'all told');
is_status($s->post('/inventory/items', { sku => 'A', name => 'a' },
    token => $s->token('ana')), 201, 'something changes');
my $again = 0;
$again++ while line($c, qr/^\{"(?:revoke|change)"/) =~ /revoke/;
cmp_ok($again, '<', 2, 'and no more');
$s->finish;
done_testing;
