#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# An open editor survives whatever happens around it; a conflict is a choice
# of three, in place; leases say who edits, and a stolen one costs no text.

use strict;
use warnings;
no warnings qw(portable); # hex of 44 bits

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;
use Stockroom;

# Another history in the same database, as a restore makes one.
sub other_epoch
{
	my ($s) = @_;

	$s->stop('app');
	my $db = $s->{env}{STOCKROOM_DB};
	open my $fh, '+<:raw', $db or die "$db: $!\n";
	my $bytes = do { local $/; <$fh> };
	my ($old) = $bytes =~ /epoch([0-9a-f]{16})/ or die "no epoch\n";
	my $new = sprintf '%011x', 1 + hex substr $old, 0, 11;
	$new .= substr $old, 11;
	$bytes =~ s/epoch$old/epoch$new/g;
	seek $fh, 0, 0;
	print $fh $bytes;
	close $fh or die "$db: $!\n";
	$s->start('app');
	return "$old $new";
}

my $s = Stockroom->new(demo => 1, relay => 1, nginx => 1);
Browser::run('editor.mjs', "http://127.0.0.1:$s->{port}/",
    api => sub {
	my ($user, $method, $path, $body) = @_;
	my $r = $s->request($method, $path, token => $s->token($user),
	    $body ? (json => $body) : ());
	return { status => $r->{status}, body => $r->{json} };
    },
    stop => sub { $s->stop($_[0]); return 1 },
    start => sub { $s->start($_[0]); return 1 },
    other_epoch => sub { return other_epoch($s) });
$s->finish;
done_testing;
