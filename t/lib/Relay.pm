# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A relay alone, in a temp dir of its own, with tickets signed here and apps
# that only play one:
#
#	my $r = Relay->new;
#	my $app = $r->app(head => 0);		# connects and says "app"
#	my $ana = $r->stream(user => 1, name => 'ana');
#	$app->change(1);
#	is($ana->wait_for('inventory_changed')->{data}{seq}, 1);
#	$r->finish;
#	done_testing;

package Relay;

use strict;
use warnings;

use parent -norequire, 'Stockroom';

use File::Temp ();
use IPC::Open2;
use JSON::PP ();
use Poll;
use Stockroom;
use Test::More ();
use Time::HiRes qw(time);

use constant EPOCH => '019a00000000abcd';

our $json = JSON::PP->new->utf8->canonical;
my $names = 0;

sub json { return $json }

sub new
{
	my ($class, %opt) = @_;

	my $self = $class->SUPER::new(app => 0, users => {},
	    env => $opt{env});
	my $build = Stockroom::build();
	$self->{signer} = open2($self->{sign_out}, $self->{sign_in},
	    "$build/t/lib/sign-ticket", $self->{env}{STOCKROOM_KEY_FILE});
	$self->ticket;		# the key is there when it answers
	$self->start('relay') unless $opt{idle};
	return $self;
}

sub finish
{
	my ($self) = @_;

	close $self->{sign_in};
	close $self->{sign_out};
	waitpid $self->{signer}, 0;
	$self->SUPER::finish;
}

sub sid
{
	return sprintf 'sid-%018d', ++$names;
}

# A ticket; user is a number, by => what it says otherwise.
sub ticket
{
	my ($self, %opt) = @_;

	my $now = int(time * 1000);
	my $user = $opt{user} // 1;
	my %t = (sid => $opt{sid} // sid(), user_id => $user,
	    username => $opt{username} // "user$user",
	    name => $opt{name} // '', role => $opt{role} // 'editor',
	    color => $opt{color} // '',
	    room => $opt{room} // 'inventory_management',
	    session => $opt{session} // "session$user",
	    issued => $now + ($opt{issued} // 0),
	    ends => $now + ($opt{ends} // 3600_000),
	    rights => $opt{rights} // 0);
	my ($in, $out) = @$self{qw(sign_in sign_out)};
	print $in $json->encode(\%t), "\n";
	$in->flush;
	my $text = <$out>;
	chomp $text;
	return wantarray ? ($text, $t{sid}) : $text;
}

# Open a stream with a new ticket, or with the one given.
sub stream
{
	my ($self, %opt) = @_;

	my $ticket = $opt{ticket} // $self->ticket(%opt);
	my $st = Stream->open(unix => $self->push_socket,
	    ticket => $opt{query} ? undef : $ticket,
	    path => $opt{query} ? "/push/stream?ticket=$ticket" :
	    '/push/stream', position => $opt{position},
	    headers => $opt{headers}) or die "no stream: $!\n";
	$st->{ticket} = $ticket;
	return $st;
}

# The same, and wait until it has joined.
sub joined
{
	my ($self, %opt) = @_;

	my $st = $self->stream(%opt);
	$st->{joined} = $st->wait_for('room_joined')
	    or die "no room_joined\n";
	return $st;
}

# The same two for one that long-polls.
sub poll
{
	my ($self, %opt) = @_;

	my $ticket = $opt{ticket} // $self->ticket(%opt);
	my $p = Poll->open(unix => $self->push_socket, ticket => $ticket,
	    position => $opt{position}, headers => $opt{headers},
	    idle => $opt{idle}) or die "no poll: $!\n";
	$p->{ticket} = $ticket;
	return $p;
}

sub polled
{
	my ($self, %opt) = @_;

	my $p = $self->poll(%opt);
	$p->{joined} = $p->wait_for('room_joined')
	    or die "no room_joined\n";
	return $p;
}

sub push
{
	my ($self, $what, $st, $body, %opt) = @_;

	return $self->relay_http('POST', "/push/$what",
	    ticket => ref $st ? $st->{ticket} : $st,
	    (ref $body ? (json => $body) : (body => $body // '')), %opt);
}

# A figure of /metrics.
sub metric
{
	my ($self, $name) = @_;

	my $text = $self->relay_http('GET', '/metrics')->{body};
	return $text =~ /^stockroom_relay_\Q$name\E (-?\d+)$/m ? $1 : undef;
}

# An app process: connects, and says so unless quiet.
sub app
{
	my ($self, %opt) = @_;

	my $sock = IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM(),
	    Peer => $self->event_socket) or die "event socket: $!\n";
	my $app = bless { sock => $sock, raw => '', lines => [], seen => 0,
	    ended => 0, epoch => $opt{epoch} // EPOCH }, 'Relay::App';
	$sock->blocking(0);
	$app->say({ app => { epoch => $app->{epoch},
	    head => $opt{head} // 0, oldest => $opt{oldest} // 1,
	    pid => $opt{pid} // $$ } }) unless $opt{quiet};
	return $app;
}

package Relay::App;

use strict;
use warnings;

use Time::HiRes qw(time);

sub say
{
	my ($self, @lines) = @_;

	my $text = join '', map { (ref $_ ? $json->encode($_) : $_) . "\n" }
	    @lines;
	my $deadline = time + 10;
	while (length $text) {
		my $n = syswrite $self->{sock}, $text;
		if (defined $n) {
			substr($text, 0, $n) = '';
			next;
		}
		return 0 unless $!{EAGAIN} && time < $deadline;
		$self->pump;
		select undef, undef, undef, 0.005;
	}
	return 1;
}

# The line of a change.
sub line
{
	my ($self, $seq, %more) = @_;

	return { change => { seq => $seq, epoch => $self->{epoch},
	    user_id => 1, username => 'ana', update_type => 'edit',
	    sku => "SKU-$seq", version => $seq, field => 'quantity',
	    old_value => 1, new_value => 2, changes => [],
	    timestamp => '2026-01-02T03:04:05.678Z', source => 'api',
	    room => undef, %more } };
}

sub change
{
	my ($self, @seqs) = @_;

	return $self->say(map { $self->line($_) } @seqs);
}

sub pump
{
	my ($self) = @_;

	while (!$self->{ended}) {
		my $n = sysread $self->{sock}, $self->{raw}, 65536,
		    length $self->{raw};
		last if !defined $n && $!{EAGAIN};
		$self->{ended} = 1 unless $n;
	}
	CORE::push @{ $self->{lines} }, $json->decode($1)
	    while $self->{raw} =~ s/\A([^\n]*)\n//;
}

# The next line that has this key, after the last one found; its value.
sub wait_for
{
	my ($self, $key, $seconds) = @_;

	my $deadline = time + ($seconds // 10);
	while (1) {
		$self->pump;
		while ($self->{seen} < @{ $self->{lines} }) {
			my $line = $self->{lines}[$self->{seen}++];
			return $line if exists $line->{$key};
		}
		return undef if $self->{ended} || time >= $deadline;
		my $set = '';
		vec($set, fileno $self->{sock}, 1) = 1;
		select $set, undef, undef, 0.05;
	}
}

sub wait_end
{
	my ($self, $seconds) = @_;

	my $deadline = time + ($seconds // 10);
	while (!$self->{ended} && time < $deadline) {
		$self->pump;
		select undef, undef, undef, 0.005;
	}
	return $self->{ended};
}

sub close
{
	my ($self) = @_;

	CORE::close $self->{sock};
	$self->{ended} = 1;
}

1;
