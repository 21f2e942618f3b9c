# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What ordinary users notice of a flood, and what memory it takes: those who
# are slow on purpose, guess passwords, come and go, or never read, at nginx as
# it is installed and at the relay's own port.  t/70-floods.t has the same with
# deadlines for any machine.

package Floods;

use strict;
use warnings;

use Bench;
use Flood;
use Nginx;
use Proc;
use Regulars;
use Stockroom;

use constant {
	SLOW => 400,		# connections of each kind
	GUESSES => 70,		# under way at once
	RATE => 200,		# streams a second
	LATE => '<= 500',	# ms, of the slowest one in a hundred
};

# MiB of memory of its own that a part may take: far below the units' 1 GiB.
my %most = (app => 320, relay => 64, nginx => 64);

sub most
{
	my (@v) = sort { $b <=> $a } @_;

	return $v[0];
}

# What the users met, and what the parts take, while these floods run out.
sub figures
{
	my ($s, $users, @floods) = @_;

	$_->wait for @floods;
	my $f = $users->figures;
	die "refused: @{ $f->{failed} }\n" if @{ $f->{failed} };
	return { p99 => most(map { $f->{$_}{p99} } qw(read write event)),
	    map { ($_ => Proc::private($s->pid($_)) / 1024) } keys %most };
}

sub floods
{
	my $own = Nginx::free_port();
	my @crowd = map { "crowd$_" } 1 .. 8;
	my $s = Stockroom->new(relay => 1, users => { ana => 'editor',
	    map { $_ => 'viewer' } @crowd },
	    env => { STOCKROOM_LISTEN => "127.0.0.1:$own",
	    STOCKROOM_ORIGIN => 'http://stock.example.com',
	    STOCKROOM_SIGNIN_ACCOUNT => 100_000 },
	    nginx => { tree => Nginx::install(Stockroom::build()),
	    site => 'site-plain' });
	my @tickets = map { my $token = $s->token($_);
	    map { $s->join_room(token => $token, name => "n$_")->{ticket} }
	    1 .. 10 } @crowd;
	my $users = Regulars->new($s);
	my %long = (seconds => 5);
	my $slow = sub {
		my ($mode, $path, @args) = @_;
		return Flood->slow($mode, $s->{port}, $path, %long,
		    connections => SLOW, args => \@args);
	};
	my %flood = (
		'nobody' => sub { Flood->begin($long{seconds}, sub {
			select undef, undef, undef, $_[0] - time;
			return {};
		}) },
		'slow heads' => sub { $slow->('H', '/inventory/management') },
		'slow bodies' => sub { $slow->('B', '/push/cursor') },
		'slow readers' => sub { $slow->('X', '/inventory/management',
		    qw(-w 10 -y 20 -z 5 -k 3)) },
		'ranges' => sub { $slow->('R', '/inventory/management') },
		'guesses' => sub { Flood->sign_in($s->{port}, %long,
		    at_once => GUESSES) },
		'reconnects' => sub { Flood->reconnect($s->{port}, \@tickets,
		    %long, rate => RATE) },
		'who never reads' => sub {
			map { Flood->deaf($_, \@tickets, %long) }
			    $s->{port}, $own },
	);
	my @names = ('nobody', sort grep { $_ ne 'nobody' } keys %flood);
	$users->figures;
	my $got = Bench::turns(map { my $name = $_; ($name => sub {
		figures($s, $users, $flood{$name}->()) }) } @names);
	$users->end;
	$s->end;
	for my $name (@names) {
		die "$name: not measured\n" unless $got->{$name};
		Bench::row(what => "p99 of others, ms: $name",
		    ours => $got->{$name}{p99}, reach => LATE);
	}
	for my $part (sort keys %most) {
		my @all = map { $got->{$_}{$part} } @names;
		Bench::row(what => "  most memory, MiB: $part", ours => [map {
		    my $round = $_; most(map { $_->[$round] } @all)
		    } 0 .. $#{ $all[0] }], reach => "<= $most{$part}");
	}
}

1;
