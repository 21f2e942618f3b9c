# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Those who mean no good, each a process that ends by itself, on loopback only:
#
#	my $f = Flood->slow('B', $port, '/api/v1/session', seconds => 5);
#	my $f = Flood->sign_in($port, seconds => 4, at_once => 40);
#	my $f = Flood->ranges($port, '/', seconds => 4, at_once => 10);
#	my $f = Flood->reconnect($port, \@tickets, seconds => 4, rate => 200);
#	my $f = Flood->deaf($port, \@tickets, seconds => 4);
#	$f->wait;			# until it has ended by itself
#	$f->{said}			# what it had to say, { name => number }
#	my $kib = Flood::peaks({ app => $pid }, $f, $g);	# wait for both;
#	$kib->{app}			# the most memory that it had meanwhile

package Flood;

use strict;
use warnings;

use Errno qw(EAGAIN EINPROGRESS EINTR);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(MSG_PEEK SOL_SOCKET SO_RCVBUF inet_aton pack_sockaddr_in);
use Time::HiRes qw(sleep time);

use Proc;

use constant LOOK => 0.1;	# seconds between two looks at memory

my $json = JSON::PP->new->canonical;

# Run SUB, given the time when it should end, in a process of its own; what it
# returns is what it says.
sub begin
{
	my ($class, $seconds, $sub) = @_;

	my $pid = open my $fh, '-|';
	die "fork: $!\n" unless defined $pid;
	if (!$pid) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$SIG{PIPE} = 'IGNORE';
		alarm 60 + $seconds;	# whatever happens
		my $said = eval { $sub->(time + $seconds) } //
		    { died => "$@" };
		syswrite STDOUT, $json->encode($said);
		POSIX::_exit(0);
	}
	return bless { pid => $pid, fh => $fh, owner => $$, text => '' },
	    $class;
}

# Take in what it says next; whether that was the end.
sub hear
{
	my ($self) = @_;

	my $n = sysread $self->{fh}, $self->{text}, 65536,
	    length $self->{text};
	return defined $n ? $n == 0 : $! != EINTR;
}

sub wait
{
	my ($self) = @_;

	local ($?, $!);
	1 until $self->hear;
	close $self->{fh};
	delete $self->{pid};
	$self->{said} = $self->{slow} ? stands($self->{text}) :
	    $json->decode($self->{text});
	die "flood: $self->{said}{died}" if $self->{said}{died};
	return $self->{said};
}

# slowhttptest says how it stands now and then, in colours.  The last counts;
# of connections the most that there were, since it makes each once.
sub stands
{
	my ($text) = @_;

	$text =~ s/\e\[[\d;]*m//g;
	my %said = $text =~ /(closed|error|available): +(\w+)/g;
	($said{connected}) = sort { $b <=> $a }
	    $text =~ /connected: +(\d+)/g;
	return \%said;
}

# Wait for all of these.  The most memory of their own that the processes,
# { name => pid }, had meanwhile, { name => KiB }: what is freed at once counts
# too.
sub peaks
{
	my ($pids, @floods) = @_;

	my $open = IO::Select->new(map { [$_->{fh}, $_] } @floods);
	my $most = Proc::peaks($pids, sub {
		$_->[1]->hear and $open->remove($_)
		    for $open->can_read(LOOK);
		return $open->count;
	});
	$_->wait for @floods;
	return $most;
}

sub DESTROY
{
	my ($self) = @_;

	return unless $self->{pid} && $self->{owner} == $$;
	local ($?, $!);
	kill 'TERM', $self->{pid};
	close $self->{fh};
}

# slowhttptest: headers (H), bodies (B) or reading (X), slow.
# Options: seconds, connections, host, args => [more].
sub slow
{
	my ($class, $mode, $port, $path, %opt) = @_;

	my $n = $opt{connections} // 400;
	my $pid = open my $fh, '-|', 'slowhttptest', "-$mode", '-c', $n,
	    '-r', $n, '-i', 1, '-l', $opt{seconds}, '-x', 4, '-v', 1, '-p', 3,
	    '-u', "http://127.0.0.1:$port$path", @{ $opt{args} // [] }
	    or die "slowhttptest: $!\n";
	return bless { pid => $pid, fh => $fh, owner => $$, text => '',
	    slow => 1 }, $class;
}

# The n-th of many addresses that are all this machine.
sub address
{
	my ($n) = @_;

	return join '.', 127, 1 + ($n >> 16) % 250, ($n >> 8) & 255, $n & 255;
}

# Connect without waiting; FROM is our own address, RCVBUF the bytes that the
# kernel may take in for us.
sub connecting
{
	my ($port, %opt) = @_;

	my $sock = IO::Socket::INET->new(Proto => 'tcp',
	    defined $opt{from} ? (LocalAddr => $opt{from}) : ())
	    or die "socket: $!\n";
	setsockopt $sock, SOL_SOCKET, SO_RCVBUF, $opt{rcvbuf} if $opt{rcvbuf};
	$sock->blocking(0);
	connect $sock, pack_sockaddr_in($port, inet_aton('127.0.0.1'))
	    or $! == EINPROGRESS or die "connect: $!\n";
	return $sock;
}

# So many requests under way, each of the bytes and from the address that NEXT
# returns.  Says how often each status came.
sub requests
{
	my ($class, $port, $next, %opt) = @_;

	return $class->begin($opt{seconds}, sub {
		my ($until) = @_;

		my (%said, %under_way);
		while (time < $until) {
			while (keys %under_way < $opt{at_once}) {
				my ($out, $from) = $next->();
				my $sock = connecting($port, from => $from);
				$under_way{ fileno $sock } = { sock => $sock,
				    in => '', out => $out };
			}
			step(\%under_way, sub {
				my ($c) = @_;
				$said{ $c->{in} =~ m{^HTTP/1.1 (\d+)} ? $1 :
				    'none' }++;
				return 0;
			});
		}
		return \%said;
	});
}

# Wrong passwords, each for another account, or for USER's, and from another
# address.
sub sign_in
{
	my ($class, $port, %opt) = @_;

	my $n = 0;
	return $class->requests($port, sub {
		my $name = $opt{user} // 'nobody' . ++$n;
		my $body = qq({"username":"$name","password":"x$n"});
		return ("POST /api/v1/session HTTP/1.1\r\nHost: x\r\n" .
		    "Sec-Fetch-Site: same-origin\r\nConnection: close\r\n" .
		    'Content-Length: ' . length($body) . "\r\n" .
		    "Content-Type: application/json\r\n\r\n$body",
		    address(++$n));
	}, %opt);
}

# A byte here and there of a file, as many as the web server takes in one line:
# each would be sent in a part of its own.
sub ranges
{
	my ($class, $port, $path, %opt) = @_;

	my $range = join ',', map { my $at = 2 * $_; "$at-$at" } 0 .. 699;
	my $get = "GET $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" .
	    "Range: bytes=$range\r\n\r\n";
	return $class->requests($port, sub { return $get }, %opt);
}

# Write and read what is possible.  A connection that has ended is forgotten
# when SUB says 0 of it.
sub step
{
	my ($under_way, $ended) = @_;

	my ($r, $w) = ('', '');
	for (values %$under_way) {
		vec($r, fileno $_->{sock}, 1) = 1;
		vec($w, fileno $_->{sock}, 1) = 1 if length $_->{out};
	}
	select $r, $w, undef, 0.02;
	for my $fd (keys %$under_way) {
		my $c = $under_way->{$fd};
		if (length $c->{out} && vec $w, $fd, 1) {
			my $n = syswrite $c->{sock}, $c->{out};
			substr($c->{out}, 0, $n) = '' if $n;
		}
		next unless vec $r, $fd, 1;
		my $n = sysread $c->{sock}, $c->{in}, 65536, length $c->{in};
		next if $n || (!defined $n && $! == EAGAIN);
		delete $under_way->{$fd} unless $ended->($c);
	}
}

# A GET that listens.
sub listening
{
	my ($path, $ticket) = @_;

	return "GET $path HTTP/1.1\r\nHost: x\r\n" .
	    "Authorization: Bearer $ticket\r\n\r\n";
}

# Streams that are opened RATE times a second and dropped when they have begun,
# each sid again and again.  Says how many were opened and how many began.
sub reconnect
{
	my ($class, $port, $tickets, %opt) = @_;

	return $class->begin($opt{seconds}, sub {
		my ($until) = @_;

		my $start = time;
		my %said = (opened => 0, begun => 0, refused => 0);
		my %under_way;
		while (time < $until) {
			my $due = $opt{rate} * (time - $start);
			while ($said{opened} < $due) {
				my $t = $tickets->[$said{opened}++ % @$tickets];
				my $sock = connecting($port);
				$under_way{ fileno $sock } = { sock => $sock,
				    in => '', out => listening(
				    $opt{path} // '/push/stream', $t) };
			}
			step(\%under_way, sub { $said{refused}++; return 0 });
			for my $fd (keys %under_way) {
				next unless $under_way{$fd}{in} =~
				    m{^(?:HTTP/1\.1 (?!200)|event: (\w+))}m;
				$said{ ($1 // 'disconnect') eq 'disconnect' ?
				    'refused' : 'begun' }++;
				delete $under_way{$fd};
			}
		}
		return \%said;
	});
}

# Those who listen and never read: half stream, half poll.  Says how many hold
# a connection, and to how many an answer has begun.
sub deaf
{
	my ($class, $port, $tickets, %opt) = @_;

	return $class->begin($opt{seconds}, sub {
		my ($until) = @_;

		my @socks;
		for my $t (@$tickets) {
			my $sock = connecting($port, rcvbuf => 1);
			vec(my $w = '', fileno $sock, 1) = 1;
			select undef, $w, undef, 5;
			syswrite $sock, listening($opt{path} // (@socks % 2 ?
			    '/push/poll' : '/push/stream'), $t);
			push @socks, $sock;
		}
		my $left = $until - time;
		sleep $left if $left > 0;
		my $begun = grep {
			my $in = '';
			defined recv $_, $in, 65536, MSG_PEEK and
			    $in =~ m{^HTTP/1\.1 200} &&
			    $in !~ /^event: disconnect/m;
		} @socks;
		return { held => scalar @socks, begun => $begun };
	});
}

1;
