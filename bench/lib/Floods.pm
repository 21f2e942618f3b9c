# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What ordinary users notice of a flood, and what memory it takes: those who
# are slow on purpose, ask for pieces, guess passwords, come and go, or never
# read, at nginx as it is installed and at the relay's own port.
# t/70-floods.t has the same with deadlines for any machine.

package Floods;

use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Bench;
use Flood;
use Nginx;
use Regulars;
use Stockroom;

use constant {
	SECONDS => 6,		# slowhttptest says after 5 how it stands
	SLOW => 400,		# connections of each kind
	PIECES => 4,		# requests for ranges under way at once
	GUESSES => 70,		# passwords under way at once
	RATE => 200,		# streams a second
	PAGES => 80,		# sids of those who come and go or never read
	LOUD => 0.01,		# seconds between two changes, for the deaf
	FEW => 20,		# times that anything measured was done
	LATE => '<= 500',	# ms, of the slowest one in a hundred
};

# MiB of memory of its own that a part may take: far below the units' 1 GiB.
my %most = (app => 320, relay => 64, nginx => 64);

sub most
{
	my (@v) = sort { $b <=> $a } @_;

	return $v[0];
}

# ---- what they do

# A ticket opens streams for a minute, and then only while its sid is present:
# so many new ones, each for a sid of its own.
sub tickets
{
	my ($s) = @_;

	my @crowd = sort grep { /^crowd/ } keys %{ $s->{users} };
	return [map { my $n = $_; map { $s->join_room(token => $s->token($_),
	    name => "n$n")->{ticket} } @crowd } 1 .. PAGES / @crowd];
}

# Somebody changes much, again and again.
sub loud
{
	my ($s) = @_;

	my $token = $s->token('ben');	# before the fork: it is kept
	$s->post('/inventory/items', { sku => 'LOUD', name => 'x' },
	    token => $token);
	return Flood->begin(SECONDS, sub {
		my ($until) = @_;

		my (%said, $n);
		for (; time < $until; sleep LOUD) {
			my $r = $s->patch('/inventory/items/LOUD', { notes =>
			    ++$n . 'n' x 1900 }, token => $token);
			$said{ $r->{status} }++;
		}
		return \%said;
	});
}

# How each begins, given a set of tickets for each of its doors.
sub begin
{
	my ($s, $own) = @_;

	my %long = (seconds => SECONDS);
	my $page = '/inventory/management';
	my $slow = sub {
		my ($mode, $path, @args) = @_;
		return Flood->slow($mode, $s->{port}, $path, %long,
		    connections => SLOW, args => \@args);
	};
	return {
		'nobody' => sub { Flood->begin(SECONDS, sub {
			sleep $_[0] - time;
			return {};
		}) },
		'slow heads' => sub { $slow->('H', $page) },
		'slow bodies' => sub { $slow->('B', '/push/cursor') },
		'slow readers' => sub {
			$slow->('X', $page, qw(-w 10 -y 20 -z 5 -k 3)) },
		'ranges' => sub { Flood->ranges($s->{port}, $page, %long,
		    at_once => PIECES) },
		'guesses' => sub { Flood->sign_in($s->{port}, %long,
		    at_once => GUESSES) },
		'reconnects' => sub { Flood->reconnect($s->{port}, $_[0],
		    %long, rate => RATE) },
		'never reading' => sub {
			(Flood->deaf($s->{port}, $_[0], %long),
			    Flood->deaf($own, $_[1], %long), loud($s)) },
	};
}

# Doors at which it needs tickets: a sid is at one of them only.
my %doors = ('reconnects' => 1, 'never reading' => 2);

# ---- whether they did

# Whether it had answers of these statuses, many, and of no other.
sub answered
{
	my ($said, @status) = @_;

	my ($n, %other) = (0, %$said);
	$n += delete $other{$_} // 0 for @status;
	return $n >= FEW && !%other;
}

sub held { return $_[0]{connected} > SLOW / 2 }

# Whether each was carried out, by what its processes say.
my %done = (
	'nobody' => sub { 1 },
	'slow heads' => \&held,
	'slow bodies' => \&held,
	'slow readers' => \&held,
	'ranges' => sub { answered($_[0], 200) },
	'guesses' => sub { answered($_[0], 401, 429) },
	'reconnects' => sub { $_[0]{refused} == 0 &&
	    $_[0]{begun} > RATE * SECONDS / 2 },
	'never reading' => sub { $_[0]{begun} == PAGES &&
	    $_[1]{begun} == PAGES && answered($_[2], 200) },
);

sub words
{
	my ($said) = @_;

	return join ' ', map { "$_ $said->{$_}" } sort keys %$said;
}

# Dies when what was measured is not what this flood does to others: it was
# refused, or those others did not do much.
sub judge
{
	my ($name, $f, @said) = @_;

	die 'only ', join(', ', map { words($_) } @said), "\n"
	    unless $done{$name}->(@said);
	die "refused: @{ $f->{failed} }\n" if @{ $f->{failed} };
	for (qw(read write event)) {
		die "others had only $f->{$_}{n} of $_\n" if $f->{$_}{n} < FEW;
	}
}

# ---- what it is for others

# What the users met, and the most that the parts took, while it ran out.
sub turn
{
	my ($s, $users, $name, $begin) = @_;

	my @tickets = map { tickets($s) } 1 .. ($doors{$name} // 0);
	$users->figures;
	my @floods = $begin->(@tickets);
	my $kib = Flood::peaks({ map { $_ => $s->pid($_) } keys %most },
	    @floods);
	my $f = $users->figures;
	judge($name, $f, map { $_->{said} } @floods);
	return { p99 => most(map { $f->{$_}{p99} } qw(read write event)),
	    map { ($_ => $kib->{$_} / 1024) } keys %most };
}

sub floods
{
	my $own = Nginx::free_port();
	my $s = Stockroom->new(relay => 1, users => { ana => 'editor',
	    ben => 'editor', map { ("crowd$_" => 'viewer') } 1 .. 8 },
	    env => { STOCKROOM_LISTEN => "127.0.0.1:$own",
	    STOCKROOM_ORIGIN => 'http://stock.example.com',
	    STOCKROOM_SIGNIN_ACCOUNT => 100_000 },
	    nginx => { tree => Nginx::install(Stockroom::build()),
	    site => 'site-plain' });
	my $users = Regulars->new($s);
	my $begin = begin($s, $own);
	my @names = ('nobody', sort grep { $_ ne 'nobody' } keys %$begin);
	my $got = Bench::turns(map { my $name = $_; ($name => sub {
		turn($s, $users, $name, $begin->{$name}) }) } @names);
	$users->end;
	$s->end;
	for my $name (@names) {
		die "$name: not measured\n" unless $got->{$name};
		Bench::row(what => "p99 of others, ms: $name",
		    ours => $got->{$name}{p99}, reach => LATE);
	}
	for my $part (sort keys %most) {
		Bench::row(what => "  most memory, MiB: $part", ours =>
		    [most(map { @{ $got->{$_}{$part} } } @names)],
		    reach => "<= $most{$part}");
	}
}

1;
