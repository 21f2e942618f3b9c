# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Somebody who goes on changing one item, in a process of its own, while the
# test does something to the site; afterwards, what became of each change.
#
#	my $writer = Writer->new('http://127.0.0.1', $secret);
#	$writer->create('A-1');			# the status: 201
#	$writer->start('A-1');
#	my ($good, $bad) = $writer->stop;	# a number; other answers
#	$writer->quantity('A-1') == $good

package Writer;

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep);

use constant PACE => 0.02;	# seconds between two changes

# URL is the site's, SECRET a token's.
sub new
{
	my ($class, $url, $secret) = @_;

	return bless { api => "$url/api/v1/inventory/items",
		http => HTTP::Tiny->new(timeout => 30, keep_alive => 0,
		    default_headers => { Authorization => "Bearer $secret" }),
	}, $class;
}

sub post
{
	my ($self, $path, $body) = @_;

	return $self->{http}->post("$self->{api}$path", {
		headers => { 'Content-Type' => 'application/json' },
		content => encode_json($body) });
}

sub create
{
	my ($self, $sku) = @_;

	return $self->post('', { sku => $sku, name => $sku })->{status};
}

# Its quantity; undef when it cannot be read.
sub quantity
{
	my ($self, $sku) = @_;
	my $r = $self->{http}->get("$self->{api}/$sku");

	return $r->{success} ? decode_json($r->{content})->{quantity} : undef;
}

# Add one to it, again and again.
sub start
{
	my ($self, $sku) = @_;

	$self->{child} = open(my $out, '-|') // die "fork: $!\n";
	$self->{out} = $out;
	return if $self->{child};
	my $stop;
	$SIG{TERM} = sub { $stop = 1 };
	until ($stop) {
		my $r = $self->post("/$sku/adjustments",
		    { delta => 1, reason => 'count' });
		syswrite STDOUT, ($r->{success} ? 'good' :
		    "$r->{status} $r->{content}" =~ s/\n/ /gr) . "\n";
		sleep PACE;
	}
	POSIX::_exit(0);
}

sub stop
{
	my ($self) = @_;

	kill 'TERM', $self->{child};
	my @answers = readline $self->{out};
	close delete $self->{out};
	chomp @answers;
	my $good = grep { $_ eq 'good' } @answers;
	return ($good, [grep { $_ ne 'good' } @answers]);
}

1;
