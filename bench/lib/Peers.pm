# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What listens and is told, beside each other: the relay, the floor and the
# peers, each with a crowd of clients (bench/load) of its own.
#
#	my $p = Peers->new('nchan', clients => 1000);
#	my $f = $p->burst(events => 50, every => 0.05);
#	$p->end;
#
# All are on loopback TCP, as browsers come: floor, relay (on the port of its
# own), nchan, socket.io, python, and through nginx: relay-nginx, floor-nginx,
# python-nginx.

package Peers;

use strict;
use warnings;

use Digest::MD5 qw(md5_base64);
use Digest::SHA qw(hmac_sha256_hex);
use IO::Socket::UNIX;
use JSON::PP ();
use Time::HiRes qw(sleep time clock_gettime CLOCK_MONOTONIC);

use Bench;
use Load;
use Nginx;
use Proc;
use Relay;
use Slurp qw(slurp spew);

use constant {
	SECRET => 'signs the tickets of peers',
	CALM => 0.05,		# of a processor, by one with nothing to do
	PATIENCE => 180,	# seconds that a crowd may need
};

my $json = JSON::PP->new->canonical;
my $here = Stockroom::top() . '/bench/peers';

# How each is started and told, what its clients speak, and how much longer
# than others they are given to come; or, for ours, who are pinged each 15 s
# from then on and answer by beats, the seconds: so that these fall into all
# rounds alike.
my %kind = (
	'floor' => { start => \&start_floor, give => \&give_line },
	'relay' => { start => \&start_relay, give => \&give_app,
	    come => 15 },
	'relay-nginx' => { start => \&start_relay_nginx, give => \&give_app,
	    come => 15 },
	'floor-nginx' => { start => \&start_floor_nginx, give => \&give_line },
	'nchan' => { start => \&start_nchan, give => \&give_post,
	    peer => 'nchan', ticket => \&nchan_ticket },
	'socket.io' => { start => \&start_node, give => \&give_line,
	    peer => 'socket.io', ticket => \&hmac_ticket },
	'python' => { start => \&start_python, give => \&give_line,
	    peer => 'socket.io', ticket => \&hmac_ticket, slow => 8 },
	'python-nginx' => { start => \&start_python_nginx,
	    give => \&give_line, peer => 'socket.io',
	    ticket => \&hmac_ticket, slow => 8 },
);

# Options: clients; load: more options of bench/load; env: settings of the
# relay; socket: it is reached by its Unix socket, and has no port, which
# would have half of its descriptors.  Once it is open, idle has the memory of
# each part for a client that only waits, in KiB.
sub new
{
	my ($class, $kind, %opt) = @_;

	my $k = $kind{$kind} or die "no kind \"$kind\"\n";
	my $r = Relay->new(idle => 1, env => { STOCKROOM_MAX_STREAMS => 20000,
	    STOCKROOM_ADDRESS_CONNECTIONS => 20000, %{ $opt{env} // {} } });
	my $self = bless { kind => $kind, r => $r, parts => [], seq => 0,
	    clients => $opt{clients}, socket => $opt{socket},
	    come => 1000 * Bench::either($k->{come} // 0, 0) ||
	    $opt{clients} / 2 * ($k->{slow} // 1),
	    give => $k->{give} }, $class;
	$k->{start}->($self);
	$self->{private} = $self->private;
	$self->{load} = $self->crowd($opt{clients}, $self->tickets($k),
	    %{ $opt{load} // {} });
	return $self;
}

# A crowd for it.
sub crowd
{
	my ($self, $clients, %load) = @_;

	return Load->new($self->{r}, push => $self->{push},
	    clients => $clients, position => Relay::EPOCH . ':0',
	    patience => PATIENCE, life => 3600, silence => 600, tick => 50,
	    %load);
}

# ---- starting

sub part
{
	my ($self, $name, $argv, %opt) = @_;

	push @{ $self->{parts} }, $name;
	return $self->{r}->spawn($name, $argv, %opt);
}

sub pids
{
	my ($self) = @_;

	return map { $self->{r}->pid($_) } @{ $self->{parts} };
}

# Wait until the part that was started last listens on this port.
sub listens
{
	my ($self, $port) = @_;

	my $last = $self->{parts}[-1];
	$self->{r}->wait_for(sub {
		die "$last ended\n", $self->{r}->log_text($last)
		    unless $self->{r}->running($last);
		return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $port);
	}, 30) or die "$last does not listen\n";
	return $port;
}

# One that takes events as lines of its standard input.
sub takes_lines
{
	my ($self, $name, @argv) = @_;

	pipe my $out, my $in or die "pipe: $!\n";
	$self->part($name, \@argv, stdin => $out,
	    env => { BENCH_SECRET => SECRET });
	$in->autoflush;
	$self->{in} = $in;
}

# And listens on a port.
sub reads_lines
{
	my ($self, $name, $port, @argv) = @_;

	$self->takes_lines($name, @argv);
	$self->{push} = $self->listens($port);
}

sub start_floor
{
	my ($self) = @_;

	my $port = Nginx::free_port();
	$self->reads_lines('floor', $port,
	    Stockroom::build() . '/bench/floor', "127.0.0.1:$port",
	    Relay::EPOCH);
}

sub start_relay
{
	my ($self) = @_;

	my $r = $self->{r};
	my $port = Nginx::free_port();
	$r->{env}{STOCKROOM_LISTEN} = "127.0.0.1:$port"
	    unless $self->{socket};
	$r->start('relay');
	push @{ $self->{parts} }, 'relay';
	$self->{app} = $r->app(head => 0);
	$self->{push} = $self->{socket} ? $r->push_socket :
	    $self->listens($port);
}

sub start_relay_nginx
{
	my ($self) = @_;

	$self->{socket} = 1;
	$self->start_relay;
	$self->ours_nginx;
}

# The floor in the relay's place, behind the same nginx.
sub start_floor_nginx
{
	my ($self) = @_;

	my $socket = $self->{r}->push_socket;
	$self->takes_lines('floor', Stockroom::build() . '/bench/floor',
	    $socket, Relay::EPOCH);
	$self->{r}->wait_for(sub { -S $socket }, 30)
	    or die "floor does not listen\n";
	$self->ours_nginx;
}

# As shipped, but for the number of connections that main.conf speaks of.
sub ours_nginx
{
	my ($self) = @_;

	my $conf = Nginx::configure($self->{r});
	my $text = slurp($conf);
	$text =~ s/worker_connections \d+/worker_connections 16000/
	    or die "$conf: no worker_connections\n";
	spew($conf, $text);
	$self->nginx('nginx', $conf);
}

sub nginx
{
	my ($self, $name, $conf) = @_;

	my $r = $self->{r};
	$self->part($name, [Nginx::program(), '-p', $r->{dir}, '-c', $conf,
	    '-e', $r->log_file($name), '-g', $> == 0 ?
	    'daemon off; user root;' : 'daemon off;']);
	$self->{push} = $self->listens($r->{port});
	# Its worker has taken what it takes anyway when it answers.
	my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $r->{port}) or die "$name: $!\n";
	print $sock "GET / HTTP/1.0\r\n\r\n";
	<$sock> // die "$name does not answer\n";
}

# Fill in a configuration of ours.
sub fill
{
	my ($self, $name) = @_;

	my $r = $self->{r};
	$r->{port} //= Nginx::free_port();
	my %in = (DIR => $r->{dir}, PORT => $r->{port}, SECRET => SECRET,
	    BACK => $self->{back} // '', MODULES => '/usr/lib/nginx/modules');
	my $text = slurp("$here/$name.conf.in");
	$text =~ s/\@(\w+)\@/$in{$1}/g;
	spew("$r->{dir}/$name.conf", $text);
	return "$r->{dir}/$name.conf";
}

sub start_nchan
{
	my ($self) = @_;

	$self->nginx('nchan', $self->fill('nchan'));
}

sub start_node
{
	my ($self) = @_;

	my $port = Nginx::free_port();
	$self->reads_lines('node', $port, '/usr/bin/env', 'node',
	    "$here/socketio.mjs", $port);
}

sub start_python
{
	my ($self) = @_;

	my $port = $self->{back} = Nginx::free_port();
	$self->reads_lines('python', $port, '/usr/bin/python3', '-B',
	    "$here/socketio_app.py", $port);
}

sub start_python_nginx
{
	my ($self) = @_;

	$self->start_python;
	$self->nginx('front', $self->fill('front'));
}

# ---- tickets

sub nchan_ticket
{
	my ($user, $expires) = @_;

	my $md5 = md5_base64("$expires $user " . SECRET) =~ tr{+/}{-_}r;
	return "md5=$md5&expires=$expires&user=$user";
}

sub hmac_ticket
{
	my ($user, $expires) = @_;

	return "$user.$expires." . hmac_sha256_hex("$user.$expires", SECRET);
}

# Options of bench/load that make its clients those of a peer.
sub tickets
{
	my ($self, $k) = @_;

	return () unless $k->{peer};
	my $path = "$self->{r}{dir}/tickets";
	my $expires = time + 86400;
	spew($path, join '', map {
		$k->{ticket}->($_, int $expires) . "\n"
	    } 1 .. $self->{clients});
	return (peer => $k->{peer}, tickets => $path);
}

# ---- telling

# The data of an event, which says when it was made.
sub data
{
	my ($self) = @_;

	my $change = Relay::App::line({ epoch => Relay::EPOCH },
	    ++$self->{seq}, new_value => stamp())->{change};
	return $change;
}

sub stamp
{
	return sprintf 't=%d', 1e6 * clock_gettime(CLOCK_MONOTONIC);
}

# What the relay gives on is without the epoch.
sub text
{
	my ($self) = @_;

	my $data = $self->data;
	delete $data->{epoch};
	return $json->encode($data);
}

sub give_line
{
	my ($self, $text) = @_;

	print { $self->{in} } ($text // $self->text) . "\n";
}

sub give_app
{
	my ($self) = @_;

	# What was acknowledged is read now: after it, the relay has work.
	$self->{app}->pump;
	$self->{app}->say({ change => $self->data });
}

sub give_post
{
	my ($self) = @_;

	my $sock = $self->{post} //= IO::Socket::UNIX->new(
	    Peer => "$self->{r}{dir}/nchan.sock") or die "nchan: $!\n";
	my $text = $self->text;
	print $sock "POST /publish HTTP/1.1\r\nHost: a\r\n",
	    "Content-Type: application/json\r\n",
	    "X-EventSource-Event: inventory_changed\r\n",
	    'Content-Length: ', length $text, "\r\n\r\n", $text;
	$sock->flush;
	my $status = <$sock> // '';
	die "nchan says $status" unless $status =~ m{^HTTP/1.1 20[12] };
	my $length = 0;
	while ((my $line = <$sock>) ne "\r\n") {
		$length = $1 if $line =~ /^Content-Length: (\d+)/i;
	}
	read($sock, my $body, $length);
}

# ---- measuring

# Let them all listen, and wait until nobody has more to say about that.
sub open
{
	my ($self) = @_;

	my $load = $self->{load};
	$load->run('open ' . int $self->{come});
	$load->run('joined')->{ok} or die "$self->{kind}: not all joined\n";
	$self->settle;
	my $now = $self->private;
	$self->{idle}{$_} = ($now->{$_} - $self->{private}{$_}) /
	    $self->{clients} for keys %$now;
	return $self;
}

# KiB that each part has for itself.
sub private
{
	my ($self) = @_;

	return { map { $_ => Proc::private($self->{r}->pid($_)) }
	    @{ $self->{parts} } };
}

sub settle
{
	my ($self) = @_;

	my $before = Proc::cpu($self->pids);
	my $calm = 0;
	for (1 .. 80) {
		sleep 0.25;
		my $now = Proc::cpu($self->pids);
		$calm = $now - $before < CALM * 0.25 ? $calm + 1 : 0;
		$before = $now;
		return if $calm == 4;
	}
	Bench::say("$self->{kind} does not come to rest");
}

# Give events at an even pace, and let pointers move so many times a second
# meanwhile; then, what came of it:
#	us	CPU time a delivery of an event, when nothing else moved
#	cores	CPU time of the whole, in processors
#	p50, p99, last	the way of an event to a client, and to the last, ms
#	seen_us	CPU time a move that a client heard of
#	frames	with moves, a second and client
#	each	moves in one of those, on average; most: in the largest
#	moved	p99 of the way of a move, ms
sub burst
{
	my ($self, %opt) = @_;

	my $load = $self->{load};
	my ($events, $every) = @opt{qw(events every)};
	$load->run('moves ' . ($opt{moves} // 0));
	$load->run('reset');
	my ($t, $cpu) = (time, Proc::cpu($self->pids));
	for my $n (1 .. $events) {
		$self->{give}->($self) unless $opt{mute};
		my $left = $t + $n * $every - time;
		sleep $left if $left > 0;
	}
	$opt{mute} || $load->run("level $self->{seq}")->{ok}
	    or die "not all came\n";
	$cpu = Proc::cpu($self->pids) - $cpu;
	my $took = time - $t;
	my $f = $load->run('figures');
	$load->run('moves 0');
	my %got = (cores => $cpu / $took);
	@got{qw(us p50 p99 last)} = (1e6 * $cpu / ($events * $self->{clients}),
	    $f->{delivery}{p50_ms}, $f->{delivery}{p99_ms}, $f->{last}{p50_ms})
	    unless $opt{mute};
	@got{qw(seen_us frames each most moved)} =
	    (1e6 * $cpu / ($f->{seen} || 1),
	    $f->{moving} / $took / $self->{clients},
	    $f->{seen} / ($f->{looked} || 1), $f->{most},
	    $f->{cursor}{p99_ms}) if $opt{moves};
	return \%got;
}

# End it; dies when an event was lost, or came twice.
sub end
{
	my ($self) = @_;

	my $check = $self->{load}->run("check $self->{seq}");
	$self->{load}->end;
	delete $self->{in};
	$self->{r}->kill($_, 'TERM', dirty => 1) for @{ $self->{parts} };
	my @trouble = $self->{r}->end;
	die map { "$self->{kind}: $_\n" } @trouble if @trouble;
	die "$self->{kind}: a fault: ", $json->encode($check), "\n"
	    unless $check->{ok};
}

1;
