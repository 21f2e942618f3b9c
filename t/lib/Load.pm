# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A crowd of clients (bench/load), told what to do command by command:
#
#	my $crowd = Load->new($s, clients => 2000, poll => 25, seed => 7);
#	$crowd->run('open 500');
#	$crowd->run('joined');		# its answer, decoded
#	ok($crowd->run('check')->{ok});
#	is($crowd->end, 0);
#
# $s is a Stockroom with app and nginx.  Options are those of load; push is
# the web server's port unless it is given.

package Load;

use strict;
use warnings;

use IO::Handle;
use IPC::Open2;
use JSON::PP ();
use Stockroom;

my $json = JSON::PP->new->utf8->canonical;

sub new
{
	my ($class, $s, %opt) = @_;

	$opt{push} //= $s->{port};
	$opt{api} //= $s->{port} unless defined $opt{position};
	$opt{key} //= $s->{env}{STOCKROOM_KEY_FILE};
	my ($user) = sort grep { $s->{users}{$_} ne 'viewer' }
	    keys %{ $s->{users} };
	local $ENV{LOAD_TOKEN} = defined $user ? $s->token($user) : '';
	# The arguments are in "ps", the environment is not.
	my $pid = open2(my $out, my $in, Stockroom::build() . '/bench/load',
	    map { ("--$_", $opt{$_}) } sort keys %opt);
	return bless { pid => $pid, in => $in, out => $out, said => [],
	    owner => $$ }, $class;
}

# Begin a command; its answer comes later, in order.
sub say
{
	my ($self, @commands) = @_;

	local $SIG{PIPE} = 'IGNORE';
	print { $self->{in} } map { "$_\n" } @commands;
	$self->{in}->flush;
}

# The next answer; dies when load has ended.
sub answer
{
	my ($self) = @_;

	my $line = readline $self->{out};
	die sprintf "load has ended, wait status %d\n", $self->wait
	    unless defined $line;
	my $r = $json->decode($line);
	push @{ $self->{said} }, $r;
	return $r;
}

# A command and its answer.
sub run
{
	my ($self, $command) = @_;

	$self->say($command);
	return $self->answer;
}

# Let it end; its exit code.
sub end
{
	my ($self) = @_;

	return $self->{code} if defined $self->{code};
	my $status = $self->wait;
	return $self->{code} = $status & 127 ? 128 + ($status & 127) :
	    $status >> 8;
}

# Its wait status, when it has nothing more to read.
sub wait
{
	my ($self) = @_;

	local $SIG{PIPE} = 'IGNORE';
	close $self->{$_} for qw(in out);
	waitpid $self->{pid}, 0;
	$self->{code} = -1;
	return $?;
}

sub DESTROY
{
	my ($self) = @_;

	return if defined $self->{code} || $self->{owner} != $$;
	local ($?, $!);
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
}

1;
