# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A reader that long-polls, with the face of a Stream: events in {events},
# wait_for, count, Stream->wait_all and so on.  While it is pumped it polls
# again and again, as a page does, until a `disconnect` or an error ends it.
#
#	my $p = Poll->open(unix => $path, ticket => $ticket);
#	my $ev = $p->wait_for('room_joined');
#	$p->{position} $p->{presence_version} $p->{answer}	# of the last
#	$p->{answers}		# all of them, decoded
#	$p->cut;		# lose the answer on its way; it polls again
#	$p->stop;		# poll no more, but keep the place
#	my $a = $p->ask_once;	# one poll (of one that was opened idle)

package Poll;

use strict;
use warnings;

use parent -norequire, 'Stream';

use JSON::PP ();
use Stream;
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8;

# Options: those of Stream->open; idle => 1 does not
# begin to poll.  undef when nobody listens.
sub open
{
	my ($class, %opt) = @_;

	my $self = bless { position => delete $opt{position},
	    idle => delete $opt{idle}, address => { path => '/push/poll',
	    %opt }, events => [], answers => [], seen => 0, status => 0,
	    headers => {}, ended => 0, lost => 0, at => 0 }, $class;
	return $self if $self->{idle};
	return $self->ask ? $self : undef;
}

# Send a poll; %over replaces its parameters, undef leaves one out.
sub ask
{
	my ($self, %over) = @_;

	my %q = ((map { $_ => $self->{$_} }
	    qw(position presence_version answer)), %over);
	my $query = join '&', map { "$_=$q{$_}" } grep { defined $q{$_} }
	    sort keys %q;
	my %to = %{ $self->{address} };
	$to{ $to{url} ? 'url' : 'path' } .= "?$query" if length $query;
	$self->{request} = Stream->open(%to, headers => {
	    Accept => 'application/json', %{ $to{headers} // {} } });
	$self->{sock} = $self->{request} && $self->{request}{sock};
	$self->{asked_at} = time;
	return $self->{request};
}

# One poll, waited for; its answer decoded, with {status} and {headers} of
# the response in the poll.  undef: no answer within SECONDS.
sub ask_once
{
	my ($self, %opt) = @_;

	my $seconds = delete $opt{seconds} // Stream::TIMEOUT;
	my $n = @{ $self->{answers} };
	@$self{qw(idle ended status)} = (1, 0, 0);
	$self->ask(%opt) or return undef;
	Stream->wait_until([$self], sub {
		return @{ $self->{answers} } > $n || $self->{ended} },
	    $seconds);
	return $self->{answers}[$n];
}

# Whether a poll waits for its answer.
sub waiting { return defined $_[0]{request} }

# Seconds until the next poll is due.
sub rests
{
	my ($self) = @_;

	return 1 if $self->{idle};
	my $left = $self->{at} - time;
	return $left > 0 ? $left : 0;
}

# Lose the connection: whatever was answered is not seen.
sub cut
{
	my ($self) = @_;

	$self->{request}->close if $self->{request};
	@$self{qw(request sock)} = ();
	$self->{lost}++;
}

sub stop
{
	my ($self) = @_;

	$self->{idle} = 1;
	$self->cut if $self->{request};
}

sub close
{
	my ($self) = @_;

	$self->stop;
	$self->{ended} = 1;
}

sub pump
{
	my ($self) = @_;

	return if $self->{ended};
	if (!$self->{request}) {
		return if $self->{idle} || time < $self->{at};
		$self->ask or $self->{ended} = 1;
		return;
	}
	my $rq = $self->{request};
	$rq->pump;
	return unless $rq->{ended};
	@$self{qw(request sock)} = ();
	$rq->close;
	$self->_take($rq);
}

sub _take
{
	my ($self, $rq) = @_;

	my $want = $rq->{headers}{'content-length'};
	if (!$rq->{status} || defined $want && length $rq->{text} < $want) {
		$self->{lost}++;
		$self->{at} = time + 0.05;
		return;
	}
	@$self{qw(status headers)} = @$rq{qw(status headers)};
	$self->{body} = $rq->{text};
	my $doc = eval { $json->decode($rq->{text}) };
	if ($self->{status} != 200 || !$doc) {
		$self->{problem} = $doc;
		$self->{ended} = 1;
		return;
	}
	push @{ $self->{answers} }, $doc;
	push @{ $self->{events} }, map { { %$_, at => time,
	    text => $json->encode($_->{data}) } } @{ $doc->{events} };
	@$self{qw(position presence_version answer)} =
	    @$doc{qw(position presence_version answer)};
	$self->{at} = time + $doc->{pause} / 1000;
	$self->{ended} = 1 if grep { $_->{event} eq 'disconnect' }
	    @{ $doc->{events} };
}

1;
