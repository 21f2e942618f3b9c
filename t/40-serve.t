#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# ./bootstrap serve as a new user meets it: one line says ready, the demo is
# there, a part that dies comes back, Ctrl-C ends all of it, the data stays.
use strict;
use warnings;

use FindBin;
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Select;
use JSON::PP;
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(time sleep);

my $top = "$FindBin::Bin/..";
my $data = tempdir(CLEANUP => 1);
my @running;

# Start it; the pid, the reading end of its output, and what it printed.
sub serve {
	my (@args) = @_;
	pipe(my $out, my $in) or die "pipe: $!";
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>&', $in;
		open STDERR, '>&', $in;
		open STDIN, '<', '/dev/null';
		setpgrp;
		# A shell that runs us behind "&" has it ignored, for good.
		$SIG{INT} = 'DEFAULT';
		exec "$top/bootstrap", 'serve', @args;
	}
	close $in;
	push @running, $pid;
	return { pid => $pid, out => $out, text => '' };
}

# Read its output until it matches; false when it ends or 60 s pass.
sub printed {
	my ($s, $re) = @_;
	my $deadline = time + 60;
	my $sel = IO::Select->new($s->{out});
	while ($s->{text} !~ $re) {
		my $left = $deadline - time;
		return 0 if $left <= 0 || !$sel->can_read($left);
		sysread($s->{out}, my $some, 4096) or return 0;
		$s->{text} .= $some;
	}
	return 1;
}

# Its exit status, or undef when it still runs after 30 s.
sub ended {
	my ($s) = @_;
	my $deadline = time + 30;
	while (time < $deadline) {
		if (waitpid($s->{pid}, WNOHANG) == $s->{pid}) {
			@running = grep { $_ != $s->{pid} } @running;
			return $? >> 8;
		}
		sleep 0.02;
	}
	return undef;
}

# Pids of its parts: the children that run a program of that name.
sub parts {
	my ($s, $name) = @_;
	my @pids;
	for my $stat (glob '/proc/[0-9]*/stat') {
		open my $fh, '<', $stat or next;
		my ($pid, $comm, $ppid) =
		    (<$fh> // '') =~ /^(\d+) \((.*)\) \S (\d+)/ or next;
		push @pids, $pid if $ppid == $s->{pid} && $comm =~ /^$name/;
	}
	return @pids;
}

sub until_true {
	my ($what, $test) = @_;
	my $deadline = time + 30;
	while (time < $deadline) {
		return pass($what) if $test->();
		sleep 0.02;
	}
	return fail($what);
}

END { kill 'TERM', @running if @running }

my $s = serve('--port', 0, '--data', $data);
ok printed($s, qr{^ready (http://127\.0\.0\.1:\d+/)$}m), 'says ready on a line'
    or diag($s->{text}), done_testing, exit 1;
my ($url) = $s->{text} =~ m{^ready (\S+)/$}m;
ok printed($s, qr/ana.*ben.*vera.*admin.*stockroom/), 'prints the sign-ins';

my $http = HTTP::Tiny->new(timeout => 20,
    default_headers => { Origin => $url });
is $http->get("$url/")->{status}, 200, 'the sign-in page is there';
my $json = { 'Content-Type' => 'application/json' };
my $r = $http->post("$url/api/v1/session", { headers => $json,
	content => '{"username":"ana","password":"stockroom"}' });
is $r->{status}, 201, 'ana signs in';
my ($cookie) = ($r->{headers}{'set-cookie'} // '') =~ /^([^;]+)/;
my $items = "$url/api/v1/inventory/items";
my $get = sub {
	my $a = $http->get($_[0], { headers => { Cookie => $cookie } });
	return $a->{success} ? decode_json($a->{content}) : {};
};
is $get->("$items?limit=1")->{counts}{all}, 200, '200 items are there';

my $change = sub {
	my ($n) = @_;
	return $http->request('PATCH', "$items/FAS-0042", {
		headers => { %$json, Cookie => $cookie },
		content => qq({"quantity":$n}) })->{status};
};
is $change->(4711), 200, 'a change is taken';

# A part that dies is started again, and that is said.
for my $name (qw(relay app)) {
	my ($old) = parts($s, "stockroom-$name");
	ok $old, "the $name runs" or next;
	kill 'KILL', $old;
	ok printed($s, qr/\b$name ended by signal 9; starting it again/),
	    "the death of the $name is said" or diag $s->{text};
	until_true("the $name is another one now", sub {
		my ($new) = parts($s, "stockroom-$name");
		return $new && $new != $old;
	});
}
until_true('the app answers again', sub {
	($get->("$items/FAS-0042")->{quantity} // 0) == 4711;
});
until_true('the app reaches the relay again', sub {
	$http->get("$url/api/v1/inventory/collaboration/presence",
	    { headers => { Cookie => $cookie } })->{status} == 200;
});

# A second one on the same data, a port in use, bad arguments.
my $second = serve('--port', 0, '--data', $data);
ok printed($second, qr/another Stockroom is running on /), 'one at a time';
is ended($second), 1, '... exit 1';
my ($port) = $url =~ /(\d+)$/;
$second = serve('--port', $port, '--data', tempdir(CLEANUP => 1));
ok printed($second, qr/port $port is in use/), 'a port in use is said';
is ended($second), 1, '... exit 1';
for my $bad (['--port', 'http'], ['--port', 70000], ['--listen', '0.0.0.0']) {
	$second = serve(@$bad);
	ok printed($second, qr/\Q$bad->[0]\E/), "@$bad is refused";
	is ended($second), 64, '... exit 64';
}

my @all = map { parts($s, $_) } qw(stockroom-relay stockroom-app nginx);
is @all, 3, 'three parts';
kill 'INT', $s->{pid};
is ended($s), 0, 'Ctrl-C ends it with 0' or diag $s->{text};
is scalar(grep { kill 0, $_ } @all), 0, 'and every part of it';

# Yesterday's data; a warm start is quick (2 s are promised; ten times that
# on a busy machine).
my $t0 = time;
$s = serve('--port', 0, '--data', $data);
ok printed($s, qr/^ready /m), 'starts a second time' or diag $s->{text};
my $took = time - $t0;
cmp_ok $took, '<', 20, sprintf('... in %.1f s', $took);
($url) = $s->{text} =~ m{^ready (\S+)/$}m;
$items = "$url/api/v1/inventory/items";
$http->default_headers({ Origin => $url });
is $get->("$items/FAS-0042")->{quantity}, 4711, 'with the data of before';
kill 'TERM', $s->{pid};
is ended($s), 0, 'SIGTERM ends it with 0';

# A signal between any two steps ends it: here, just before it waits for its
# parts.  The shell reads this file first, for it runs a script.
my $env = File::Temp->new;
print $env <<'EOF';
[[ $0 != *bootstrap ]] || {
	set -T
	trap '[[ $BASH_COMMAND != "wait -n"* ]] || kill -TERM $$' DEBUG
}
EOF
close $env;
{
	local $ENV{BASH_ENV} = "$env";
	$s = serve('--port', 0, '--data', $data);
}
ok printed($s, qr/^ready /m), 'starts a third time' or diag $s->{text};
is ended($s), 0, 'a signal in between ends it, too';

done_testing;
