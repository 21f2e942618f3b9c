# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What many tests of the API check alike.

package Check;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use Storable qw(nfreeze thaw);
use Test::More;

our @EXPORT = qw(is_problem is_status snapshot is_same nothing_changed parallel
    routes position_seq);

# The answer has this status; if not, its body is shown.
sub is_status
{
	my ($r, $want, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is($r->{status}, $want, $name) || diag($r->{body});
}

# The answer is a whole problem document (RFC 9457) with this status; with
# pointer => P, one that names P in errors[].
sub is_problem
{
	my ($r, $status, $name, %opt) = @_;

	my $p = ref $r->{json} eq 'HASH' ? $r->{json} : {};
	my $h = $r->{headers};
	my @bad;
	my $want = sub {
		my ($what, $ok) = @_;
		push @bad, $what unless $ok;
	};
	$want->("status $r->{status}", $r->{status} == $status);
	$want->('content type', ($h->{'content-type'} // '') =~
	    m{^application/problem\+json(?:;|\z)});
	$want->('status member', ($p->{status} // 0) == $r->{status});
	$want->('type', ($p->{type} // '') =~ m{^/problems/[a-z-]+$});
	$want->('title', length($p->{title} // ''));
	$want->('request id', length($p->{request_id} // '') &&
	    $p->{request_id} eq ($h->{'x-request-id'} // ''));
	$want->('no-store', ($h->{'cache-control'} // '') =~ /\bno-store\b/);
	$want->('nosniff', ($h->{'x-content-type-options'} // '') eq 'nosniff');
	for my $e (@{ $p->{errors} // [] }) {
		$want->('error row', defined $e->{pointer} &&
		    length($e->{detail} // ''));
	}
	if (defined $opt{pointer}) {
		$want->("pointer $opt{pointer}", scalar grep {
			$_->{pointer} eq $opt{pointer} }
			@{ $p->{errors} // [] });
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(!@bad, $name) || diag("wanted $status; wrong: @bad; got " .
	    "$r->{status} $r->{body}");
}

sub position_seq { return (split /:/, $_[0])[1] }

# The inventory as one text: the position and every item.
sub snapshot
{
	my ($s, $token) = @_;

	my ($text, $cursor) = ('', undef);
	do {
		my $r = $s->get('/inventory/items?limit=200' .
		    (defined $cursor ? "&cursor=$cursor" : ''),
		    token => $token);
		die "snapshot: $r->{status} $r->{body}"
		    unless $r->{status} == 200;
		$text .= $r->{body};
		$cursor = $r->{json}{next_cursor};
	} while (defined $cursor);
	return $text;
}

# Two snapshots are the same; if not, where they differ.
sub is_same
{
	my ($got, $want, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(1, $name) if $got eq $want;
	ok(0, $name);
	my ($i, $n) = (0, length $want);
	$i++ while $i < $n && substr($got, $i, 1) eq substr($want, $i, 1);
	my $from = $i < 100 ? 0 : $i - 100;
	diag("got  ... ", substr($got, $from, 200));
	diag("want ... ", substr($want, $from, 200));
}

# Run SUB, then check that position and items are as they were before.
sub nothing_changed
{
	my ($s, $token, $name, $sub) = @_;

	my $before = snapshot($s, $token);
	$sub->();
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_same(snapshot($s, $token), $before, "$name: nothing changed");
}

# Run SUB->(0) … SUB->(N-1) in processes of their own, all at once; what
# each returned.  A child that dies gives undef.
sub parallel
{
	my ($n, $sub) = @_;

	my @child;
	pipe my $gate_r, my $gate_w or die "pipe: $!";
	for my $i (0 .. $n - 1) {
		pipe my $r, my $w or die "pipe: $!";
		my $pid = fork // die "fork: $!";
		if (!$pid) {
			close $gate_w;
			sysread $gate_r, my $byte, 1;
			my $v = eval { $sub->($i) };
			print STDERR $@ if $@;
			binmode $w;
			print $w nfreeze([$v]) unless $@;
			close $w;
			POSIX::_exit(0);
		}
		close $w;
		push @child, [$pid, $r];
	}
	close $gate_r;
	close $gate_w;
	return map {
		my ($pid, $r) = @$_;
		local $/;
		binmode $r;
		my $bytes = <$r>;
		waitpid $pid, 0;
		length($bytes // '') ? thaw($bytes)->[0] : undef;
	} @child;
}

# The rows of THE table: {method, path, role, flags}.
sub routes
{
	my ($s) = @_;

	open my $fh, '<', $s->top . '/fcgi-app/routes.c' or die "routes.c: $!";
	my @rows;
	while (<$fh>) {
		next unless /\{\s*M_(\w+),\s*"([^"]+)",\s*\w+,
		    \s*ROLE_(\w+),\s*([^}]*?)\s*\}/x;
		push @rows, { method => $1, path => $2, role => lc $3,
		    flags => $4 };
	}
	return @rows;
}

1;
