# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Ordinary users, at work while something else goes on: some read, some write
# and see by their streams what they wrote.  Each is a process of its own.
#
#	my $users = Regulars->new($s, readers => 2, writers => 2);
#	$users->figures;		# begin to count
#	my $f = $users->figures;	# what it was since the last call
#	$f->{read}{n} $f->{write}{p99} $f->{event}{p50}	# in ms
#	$f->{failed}	# what was refused: ("write 503"); empty: all is well
#	$users->end;
#
# $s is a Stockroom with app and relay; they go through the web server on
# $s->{port}, their streams too unless stream => [...] says otherwise, as
# Stream->open takes it.

package Regulars;

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Time::HiRes qw(time);

use Client;

use constant {
	REST => 0.02,	# seconds between two of a user's requests
	SEEN => 30,	# and until its own change is given up
};

my $json = JSON::PP->new->utf8->canonical;

sub new
{
	my ($class, $s, %opt) = @_;

	my $self = bless { users => [], owner => $$ }, $class;
	my ($who) = sort grep { $s->{users}{$_} ne 'viewer' }
	    keys %{ $s->{users} };
	my %common = (s => $s, token => $s->token($who),
	    stream => $opt{stream} // [port => $s->{port},
	    path => "$s->{base}/push/stream"]);
	my $n = 0;
	for my $kind (('read') x ($opt{readers} // 2),
	    ('write') x ($opt{writers} // 2)) {
		my %u = (%common, kind => $kind, sku => 'REG-' . ++$n);
		die "no item\n" unless ask(\%u, 'POST', '/inventory/items',
		    { sku => $u{sku}, name => 'regular' }) == 201;
		if ($kind eq 'write') {
			$u{st} = Stream->open(@{ $u{stream} }, ticket =>
			    $s->join_room(token => $u{token},
			    name => $u{sku})->{ticket})
			    or die "no stream: $!\n";
			$u{st}->wait_for('room_joined', 30) or die "no room\n";
		}
		push @{ $self->{users} }, begin(\%u);
		delete $u{st};
	}
	return $self;
}

# A user's process: works, and says what it was when asked by a line.
sub begin
{
	my ($u) = @_;

	socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
	    or die "socketpair: $!\n";
	my $pid = fork // die "fork: $!\n";
	if ($pid) {
		close $theirs;
		return { pid => $pid, sock => $ours };
	}
	close $ours;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
	$u->{ms} = {};
	while (1) {
		vec(my $set = '', fileno $theirs, 1) = 1;
		if (select $set, undef, undef, REST) {
			sysread $theirs, my $line, 1 or POSIX::_exit(0);
			syswrite $theirs, $json->encode($u->{ms}) . "\n";
			$u->{ms} = {};
		}
		eval { $u->{kind} eq 'read' ? look($u) : work($u); 1 } or
		    push @{ $u->{ms}{failed} }, "$u->{kind}: $@";
	}
}

# A request; its status.  Its time is one of WHAT's, if that is given; the
# answer's body goes to $u->{answer}.
sub ask
{
	my ($u, $method, $path, $body, $what) = @_;

	my %h = (Host => 'localhost', Authorization => "Bearer $u->{token}");
	$h{'Content-Type'} = 'application/json' if $body;
	my $start = time;
	my $r = Client::http(IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $u->{s}{port}), $method, "$u->{s}{base}/api/v1$path",
	    \%h, $body ? $json->encode($body) : '');
	return $r->{status} unless $what;
	push @{ $u->{ms}{$what} }, 1000 * (time - $start);
	push @{ $u->{ms}{failed} }, "$what $r->{status}"
	    if $r->{status} != 200;
	$u->{answer} = eval { $json->decode($r->{body}) };
	return $r->{status};
}

sub look
{
	my ($u) = @_;

	ask($u, 'GET', "/inventory/items/$u->{sku}", undef, 'read');
	ask($u, 'GET', '/inventory/items?limit=50', undef, 'read');
}

sub work
{
	my ($u) = @_;

	my $start = time;
	return if ask($u, 'PATCH', "/inventory/items/$u->{sku}",
	    { name => 'n' . ++$u->{n} }, 'write') != 200;
	my $seq = $u->{answer}{version};
	my $seen = $u->{st}->wait_for(sub {
		return $_->{event} eq 'disconnect' ||
		    ($_->{event} eq 'inventory_changed' &&
		    $_->{data}{seq} == $seq) }, SEEN);
	die "a change was not seen\n"
	    unless $seen && $seen->{event} eq 'inventory_changed';
	push @{ $u->{ms}{event} }, 1000 * ($seen->{at} - $start);
	# What was seen is needed no more.
	splice @{ $u->{st}{events} }, 0, $u->{st}{seen};
	$u->{st}{seen} = 0;
}

# What it was for all of them, since the last call.
sub figures
{
	my ($self) = @_;

	my %all = map { $_ => [] } qw(read write event failed);
	syswrite $_->{sock}, "\n" for @{ $self->{users} };
	for my $u (@{ $self->{users} }) {
		my $text = '';
		until ($text =~ /\n\z/) {
			sysread $u->{sock}, $text, 65536, length $text
			    or die "a user has ended\n";
		}
		my $said = $json->decode($text);
		push @{ $all{$_} }, @{ $said->{$_} } for keys %$said;
	}
	my %f = (failed => delete $all{failed});
	for my $what (keys %all) {
		my @ms = sort { $a <=> $b } @{ $all{$what} };
		my $at = sub { $ms[int($_[0] * $#ms + 0.5)] // 0 };
		$f{$what} = { n => scalar @ms, p50 => $at->(0.5),
		    p99 => $at->(0.99), max => $at->(1) };
	}
	return \%f;
}

# The same in words.
sub words
{
	my ($f) = @_;

	return join ', ', map { sprintf '%s %.0f/%.0f/%.0f ms (%d)', $_,
	    @{ $f->{$_} }{qw(p50 p99 max n)} } qw(read write event);
}

sub end
{
	my ($self) = @_;

	for my $u (splice @{ $self->{users} }) {
		close $u->{sock};
		kill 'TERM', $u->{pid};
		waitpid $u->{pid}, 0;
	}
}

sub DESTROY
{
	my ($self) = @_;

	return if $self->{owner} != $$;
	local ($?, $@, $!);
	$self->end;
}

1;
