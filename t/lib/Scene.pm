# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The main scene, through any web server: ana and ben sign in, see each other,
# see a change at once and where the other is, by a stream and by long-polls,
# and sign out.  All of it goes through curl, so TLS, HTTP/2 and a prefix
# make no difference.
#
#	use Scene;
#	my $seen = scene($s, url => 'https://stock.example.com/stock/',
#	    curl => ['--cacert', $file, '--connect-to', ...]);
#	$seen->{cookie}		# the Set-Cookie line of ana's sign-in
#	$seen->{join}		# what ben's join answered
#	$seen->{secrets}	# that no log may show: name => text
#
# Options, besides these two (by default $s->{url} and $s->{curl}):
#	label	what the tests are called after
#	who	{ ana => [curl's arguments], ben => [...] }: they have signed in
#		at the web server already, and this shows it
#	stream	0: there must be none, only polls; default: there must be one
#	within	seconds in which a change must be seen; default 5
#
# fetch($s, @args) is one request of curl's, any.

package Scene;

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

use Poll;
use Stream;

our @EXPORT = qw(scene fetch);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $runs = 0;

# Run curl with ARGS; {status, head, headers (names in lower case), body,
# json}.  Status 0: no answer; {body} is then what curl said.
sub fetch
{
	my ($s, @args) = @_;

	my $pid = open my $fh, '-|', 'curl', '-sS', '-i', '--max-time', '20',
	    @{ $s->{curl} // [] }, @args or die "curl: $!\n";
	my ($head, $body) = ('', do { local $/; <$fh> } // '');
	close $fh;
	# The last head counts: "100 Continue" comes before it.
	$head = $1 while $body =~ s{\A(HTTP/\S+ .*?\r\n\r\n)}{}s;
	my %h;
	for (split /\r\n/, $head) {
		my ($name, $value) = /^([^:\s]+):\s*(.*)$/ or next;
		$name = lc $name;
		$h{$name} = exists $h{$name} ? "$h{$name}\n$value" : $value;
	}
	my ($status) = $head =~ m{^HTTP/\S+ (\d+)};
	return { status => $status // 0, head => $head, headers => \%h,
	    body => $body, json => scalar eval { $json->decode($body) } };
}

# A person: how curl is him, and what he does.

sub api
{
	my ($me, $method, $path, $body) = @_;

	return fetch($me->{s}, '-X', $method, @{ $me->{args} },
	    '-H', "Origin: $me->{origin}", defined $body ? ('-H',
	    'Content-Type: application/json', '-d', $json->encode($body)) :
	    (), "$me->{url}api/v1/$path");
}

sub push_post
{
	my ($me, $what, $body) = @_;

	my $at = $me->{join}{poll} =~ s{[^/]*$}{$what}r;
	return fetch($me->{s}, '-H',
	    "Authorization: Bearer $me->{join}{ticket}",
	    '-H', "Origin: $me->{origin}", '-H',
	    'Content-Type: application/json', '-d', $json->encode($body),
	    absolute($me, $at));
}

# An address as a page on ORIGIN takes it.
sub absolute
{
	my ($me, $at) = @_;

	return $at =~ m{^https?://} ? $at : $me->{origin} . $at;
}

# What tells him of others: a stream, or polls.
sub listen_by
{
	my ($me, $class, $what) = @_;

	return $me->{ears} = $class->open(curl => $me->{s}{curl} // [],
	    url => absolute($me, $me->{join}{$what}),
	    ticket => $me->{join}{ticket},
	    headers => { Origin => $me->{origin} },
	    position => $me->{join}{position});
}

sub person
{
	my ($s, $name, $opt) = @_;

	my $me = bless { s => $s, name => $name, url => $opt->{url},
	    origin => $opt->{url} =~ s{^(https?://[^/]+).*}{$1}r }, 'Scene';
	my $jar = "$s->{dir}/jar-$name-$runs";
	$me->{args} = $opt->{who} ? $opt->{who}{$name} :
	    ['-b', $jar, '-c', $jar];
	return $me;
}

# -- the acts

sub pages
{
	my ($me, $label) = @_;

	for my $page ('', 'inventory/management') {
		my $r = fetch($me->{s}, @{ $me->{args} }, "$me->{url}$page");
		is($r->{status}, 200, "$label: page /$page");
		like($r->{headers}{'content-type'} // '', qr{^text/html}i,
		    "$label: it is HTML");
		like($r->{headers}{'content-security-policy'} // '',
		    qr/default-src 'none'/, "$label: with a strict policy");
		my ($at) = $r->{body} =~ m{src="([^"]*/?js/[^"]+\.js)"};
		$at = "$me->{url}$page" =~ s{[^/]*$}{$at}r;
		1 while $at =~ s{[^/]+/\.\./}{};
		my $script = fetch($me->{s}, @{ $me->{args} }, $at);
		is($script->{status}, 200, "$label: its script");
		like($script->{headers}{'content-type'} // '',
		    qr{^text/javascript}i, "$label: of the right type");
	}
}

sub sign_in
{
	my ($me, $label) = @_;

	my $r = $me->api('POST', 'session', { username => $me->{name},
	    password => $me->{s}->PASSWORD });
	is($r->{status}, 201, "$label: $me->{name} signs in") or
	    diag($r->{body});
	my $cookie = $r->{headers}{'set-cookie'} // '';
	like($cookie, qr/HttpOnly/i, "$label: with a cookie");
	my $tls = $me->{url} =~ /^https/;
	$tls ? like($cookie, qr/; ?Secure/i, "$label: for TLS only") :
	    unlike($cookie, qr/; ?Secure/i, "$label: for plain HTTP");
	my ($value) = $cookie =~ /^[^=]*=([^;]*)/;
	$me->{cookie} = $cookie;
	$me->{secret} = $value;
}

sub who_am_i
{
	my ($me, $label) = @_;

	my $r = $me->api('GET', 'session');
	is($r->{status}, 200, "$label: the server knows $me->{name}") or
	    diag($r->{body});
	is(($r->{json}{user} // {})->{username}, $me->{name},
	    "$label: by that name");
}

sub take_seat
{
	my ($me, $label, $stream) = @_;

	my $r = $me->api('POST', 'inventory/collaboration/join',
	    { room => $me->{s}->room });
	like($r->{status}, qr/^20[01]$/, "$label: $me->{name} joins") or
	    diag($r->{body});
	$me->{join} = $r->{json} // {};
	is(defined $me->{join}{stream} ? 1 : 0, $stream,
	    "$label: " . ($stream ? 'there is a stream' : 'no stream'));
}

# What ben hears of ana, by the ears that he has.
sub live
{
	my ($ana, $ben, $label, $within) = @_;

	my $ears = $ben->{ears};
	my $sku = sprintf 'SCENE-%d-%d', $runs, ++$ben->{scenes};
	my $hears = sub {
		my ($what, $test) = @_;
		my $from = time;
		my $ev = $ears->wait_for($test, $within);
		my $took = time - $from;
		ok($ev, "$label: ben hears $what") or
		    diag(explain([map { $_->{event} } @{ $ears->{events} }]));
		cmp_ok($took, '<', $within, "$label: at once");
		return $ev;
	};
	my $change = sub {
		my ($type) = @_;
		return sub { $_->{event} eq 'inventory_changed' &&
		    $_->{data}{sku} eq $sku &&
		    $_->{data}{update_type} eq $type };
	};
	my $r = $ana->api('POST', 'inventory/items', { sku => $sku,
	    name => 'made in the scene', quantity => 3 });
	is($r->{status}, 201, "$label: ana makes an item") or
	    diag($r->{body});
	$hears->('that it was made', $change->('create'));
	$r = $ana->api('PATCH', "inventory/items/$sku", { quantity => 7 });
	is($r->{status}, 200, "$label: ana changes it");
	my $ev = $hears->('that it was changed', $change->('edit'));
	is($ev && $ev->{data}{new_value}, 7, "$label: and to what");
	is($ev && $ev->{data}{username}, 'ana', "$label: and by whom");
	$r = $ana->push_post('cursor', { cursor_position => { x => 1, y => 2 },
	    editing_row => $sku, editing_field => undef, mode => 'select' });
	is($r->{status}, 204, "$label: ana points at it") or diag($r->{body});
	$hears->('where ana is', sub {
		my @all = $_->{event} eq 'cursor_updated' ? $_->{data} :
		    $_->{event} eq 'cursors' ? @{ $_->{data} } : ();
		return grep { ($_->{editing_row} // '') eq $sku } @all;
	});
	$r = $ben->api('GET', "inventory/items/$sku");
	is($r->{json}{quantity}, 7, "$label: the server has it, too");
}

sub presence
{
	my ($me, $label) = @_;

	my $r = $me->api('GET', 'inventory/collaboration/presence?room=' .
	    $me->{s}->room);
	is($r->{status}, 200, "$label: who is here");
	my %here = map { $_->{username} => 1 } @{ $r->{json}{users} // [] };
	ok($here{ana} && $here{ben}, "$label: ana and ben") or
	    diag($r->{body});
}

sub scene
{
	my ($s, %opt) = @_;

	$runs++;
	local $s->{curl} = $opt{curl} // $s->{curl};
	$opt{url} //= $s->{url};
	$opt{url} =~ s{/?$}{/};
	my ($stream, $within) = ($opt{stream} // 1, $opt{within} // 5);
	my $label = $opt{label} // $opt{url};
	my ($ana, $ben) = map { person($s, $_, \%opt) } qw(ana ben);
	$ana->pages($label);
	for my $me ($ana, $ben) {
		$me->sign_in($label) unless $opt{who};
		$me->who_am_i($label);
	}
	for my $how ($stream ? ['Stream', 'stream'] : (), ['Poll', 'poll']) {
		my $by = "$label, by $how->[1]";
		$_->take_seat($by, $stream) for $ben, $ana;
		$ben->listen_by(@$how);
		ok($ben->{ears}->wait_for('room_joined'), "$by: ben is in") or
		    diag($ben->{ears}{text} // '');
		$ana->listen_by(@$how);
		ok($ana->{ears}->wait_for('room_joined'), "$by: so is ana");
		ok($ben->{ears}->wait_for(sub {
			$_->{event} eq 'user_joined' &&
			    $_->{data}{username} eq 'ana' }, $within),
		    "$by: ben sees her come");
		live($ana, $ben, $by, $within);
		$ben->presence($by);
		$_->{ears}->close for $ana, $ben;
	}
	if (!$opt{who}) {
		is($ana->api('DELETE', 'session')->{status}, 204,
		    "$label: ana signs out");
		is($ana->api('GET', 'session')->{status}, 401,
		    "$label: and is nobody");
	}
	return { cookie => $ana->{cookie}, join => $ben->{join}, secrets => {
		map { $_->{secret} ? ("$_->{name}'s cookie" => $_->{secret}) :
		    (), "$_->{name}'s ticket" => $_->{join}{ticket} }
		$ana, $ben } };
}

1;
