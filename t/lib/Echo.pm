# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# In the place of the app: a FastCGI program that answers each request with
# what the web server told it, as a JSON object of the parameters.
#
#	my $echo = Echo->start($socket);	# ends with the object

package Echo;

use strict;
use warnings;

use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Socket qw(SOCK_STREAM);

use FastCGI;

# Types of records (FastCGI 1.0, section 8).
use constant { T_END => 3, T_PARAMS => 4, T_STDIN => 5, T_STDOUT => 6 };

sub start
{
	my ($class, $path) = @_;

	unlink $path;
	my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $path, Listen => 16) or die "$path: $!\n";
	chmod 0666, $path;
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		while (my $c = $listen->accept) {
			eval { answer($c); 1 } or warn $@;
		}
		POSIX::_exit(0);
	}
	return bless { pid => $pid, owner => $$ }, $class;
}

sub DESTROY
{
	my ($self) = @_;

	return if $self->{owner} != $$;
	local ($?, $!);
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
}

# One request, to the end of its body.
sub answer
{
	my ($c) = @_;

	my ($params, $id) = ('');
	while (1) {
		my (undef, $type, $n, $len, $pad) =
		    unpack 'CCnnCx', take($c, 8);
		my $content = take($c, $len);
		take($c, $pad);
		$id = $n;
		$params .= $content if $type == T_PARAMS;
		last if $type == T_STDIN && !$len;
	}
	my $body = JSON::PP->new->utf8->canonical->encode(pairs($params));
	print $c FastCGI::record(T_STDOUT, $id,
	    "Content-Type: application/json\r\n\r\n$body"),
	    FastCGI::record(T_STDOUT, $id, ''),
	    FastCGI::record(T_END, $id, "\0" x 8);
	close $c;
}

sub take
{
	my ($c, $n) = @_;

	my $bytes = '';
	while (length $bytes < $n) {
		sysread $c, $bytes, $n - length $bytes, length $bytes
		    or die "Echo: the web server hung up\n";
	}
	return $bytes;
}

# Names and values; a name that comes twice has a list.
sub pairs
{
	my ($bytes) = @_;

	my %p;
	while (length $bytes) {
		my @len = map {
			my ($one) = unpack 'C', $bytes;
			unpack $one < 128 ? 'C' : 'N', substr $bytes, 0,
			    $one < 128 ? 1 : 4, '';
		} 1, 2;
		my ($name, $value) = map {
			substr $bytes, 0, $_ & 0x7fffffff, '' } @len;
		$p{$name} = exists $p{$name} ? [$p{$name}, $value] : $value;
	}
	return \%p;
}

1;
