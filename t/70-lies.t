#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The judge of the kill rounds is shown what it is there to see: between the
# crowd and a Stockroom in good health sits a proxy that tells one lie.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Liar;
use Load;
use Stockroom;

use constant WRITES => 150;

my $s = Stockroom->new(relay => 1, nginx => 1, users => { ana => 'editor' },
    env => { STOCKROOM_USER_WRITES => 0 });

# What the judge says of a crowd that this is told to.
sub judged
{
	my (%lie) = @_;

	my $liar = Liar->new($s, %lie);
	my $crowd = Load->new($s, clients => 6, poll => 33, hands => 8,
	    mix => 10, push => $liar->{port}, api => $liar->{port});
	$crowd->run($_) for 'open', 'joined', 'write ' . WRITES, 'written',
	    'level';
	my $check = $crowd->run('check');
	$check->{exit} = $crowd->end;
	return $check;
}

my @kinds = qw(holes repeats disorder differs broken behind unheard false
    refused_writes lost twice overruled torn mistold wrong_items
    wrong_tables);

# The lie is found: these faults, so many, 'some' or 'any', and no others.
sub is_found
{
	my ($name, $want, %lie) = @_;

	my $check = judged(%lie);
	my @bad = map { "$_: " . ($check->{$_} // 'not said') } grep {
		my ($is, $n) = ($check->{$_} // -1, $want->{$_} // 0);
		$n eq 'some' ? $is <= 0 : $n ne 'any' && $is != $n;
	} @kinds;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(!@bad && !!$check->{ok} == !%$want &&
	    $check->{exit} == (%$want ? 1 : 0), $name) ||
	    diag(join(', ', @bad), "\n", explain($check));
}

is_found('the truth: nothing is wrong', {});

# ---- the stream of one client

is_found('an event is lost', { holes => 1 }, event => sub {
	my ($frame, $n) = @_;
	return $n == 20 ? () : $frame;
});
is_found('an event comes twice', { repeats => 1 }, event => sub {
	my ($frame, $n) = @_;
	return $n == 20 ? ($frame, $frame) : $frame;
});
my $kept;
is_found('two events come in the other order', { holes => 1, disorder => 1 },
    event => sub {
	my ($frame, $n) = @_;
	$kept = $frame if $n == 20;
	return $n == 20 ? () : $n == 21 ? ($frame, $kept) : $frame;
});
# Whoever hears it first says what the others should have heard.
my $said = 0;
is_found('an event says something else', { differs => 'some',
    false => 'any', wrong_tables => 'any' }, event => sub {
	my ($frame, $n) = @_;
	$said = $frame =~ s/("new_value":"t=)(\d)/$1 . (9 - $2)/ge
	    if $n >= 20 && !$said;
	return $frame;
});

# ---- the answers to one writer

# A lie about the first request that the pattern fits and the server answers
# with this status: the lie is told the request, and how to have it done.
sub about
{
	my ($pattern, $status, $lie) = @_;
	my $done;

	return sub {
		my ($head, $body, $pass) = @_;
		my $answer = $pass->($head, $body);
		return $answer if $done || $head !~ $pattern ||
		    $answer !~ m{\AHTTP/1\.. $status\b};
		$done = 1;
		return $lie->($answer, $head, $body, $pass);
	};
}

# Another number in the place of the first quantity.
sub other_quantity
{
	my ($answer) = @_;
	return $answer =~ s/("quantity":)(\d)/$1 . (9 - $2)/er;
}

my $adjust = qr{^POST \S+/adjustments };
my ($told, $lied);
is_found('acknowledged, and not done', { lost => 1 }, request => sub {
	my ($head, $body, $pass) = @_;
	return $pass->($head, $body) unless $head =~ $adjust;
	return $lied = $told if $told && !$lied;
	my $answer = $pass->($head, $body);
	$told = $answer if $answer =~ m{\AHTTP/1\.. 200\b};
	return $answer;
});
is_found('done twice', { twice => 1 }, request => about($adjust, 200, sub {
	my ($answer, $head, $body, $pass) = @_;
	$pass->($head =~ s/^(Idempotency-Key: .*)\r/$1-2\r/mr, $body);
	return $answer;
}));
is_found('done, and said to be refused', { twice => 1 },
    request => about(qr{^POST \S+/items }, 201, sub {
	return "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n" .
	    "Connection: close\r\n\r\n";
}));
my $deletes = 0;
is_found('a delete that is not done', { lost => 1 }, request => sub {
	my ($head, $body, $pass) = @_;
	return $pass->($head, $body) if $head !~ /^DELETE / || $deletes++;
	return "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
});
is_found('answered with another quantity', { mistold => 1 },
    request => about($adjust, 200, \&other_quantity));
is_found('edits that take away what others wrote', { overruled => 'some' },
    request => sub {
	my ($head, $body, $pass) = @_;
	my $n = length $body;
	$body =~ s/"base_version": ?\d+,// if $head =~ /^PATCH /;
	$head =~ s/^Content-Length: \K$n\r/length($body) . "\r"/me;
	return $pass->($head, $body);
});

# ---- the database, as the judge reads it at the end

is_found('the items are not what the log makes of them', {
    wrong_items => 'some', wrong_tables => 6 },
    request => about(qr{^GET \S+/items\?limit=500}, 200, sub {
	my ($answer) = @_;
	return $answer =~ s/("quantity":)(\d)/$1 . (9 - $2)/egr;
}));
is_found('the log has lost its end', { lost => 1, wrong_items => 1 },
    request => about(qr{^GET \S+/changes}, 200, sub {
	my ($answer) = @_;
	$answer =~ s/^Content-Length: .*\r\n//im;
	return $answer =~ s/,\{"seq":(?:(?!\{"seq":).)*(?=\],"position":)//r;
}));

$s->finish;
done_testing;
