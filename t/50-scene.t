#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The whole scene: ana in Chromium, ben in Firefox, then the other way round,
# curl with a token beside them, and a relay that dies.  On the demo's own
# launcher where the programs are in build/, else on the harness.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use IO::Handle;
use IPC::Open3 qw(open3);
use JSON::PP ();
use Stockroom;
use Test::More;
use Time::HiRes qw(sleep time);

use Browser;

my $json = JSON::PP->new->utf8->canonical;
my $top = Stockroom::top();
my $launcher;	# its process, while it runs
my $build = Stockroom::build();

# A real curl, as an admin would call it; {status, body}.
sub curl
{
	my ($url, $token, $method, $path, $body) = @_;

	my @command = ('curl', '-sS', '-m', '10', '-w', '\n%{http_code}',
	    '-X', $method, '-H', "Authorization: Bearer $token",
	    $body ? ('-H', 'Content-Type: application/json', '-d',
	    $json->encode($body)) : (), $url =~ s{/\z}{}r . $path);
	open my $out, '-|', @command or die "curl: $!\n";
	my $text = do { local $/; <$out> };
	my ($answer, $status) = $text =~ /\A(.*)\n(\d+)\z/s
	    or die "curl said: $text\n";
	return { status => 0 + $status,
	    body => $answer ? $json->decode($answer) : undef };
}

sub token_of
{
	my ($out) = @_;

	my ($token) = $out =~ /(sr_\S+)/ or die "no token in: $out";
	return $token;
}

# The numbers of a process' children that run PROGRAM.
sub children
{
	my ($parent, $program) = @_;

	my @found;
	for my $status (glob '/proc/[0-9]*/status') {
		open my $fh, '<', $status or next;
		my $text = do { local $/; <$fh> } // '';
		push @found, $status =~ /(\d+)/ if
		    $text =~ /^Name:\s+\Q$program\E$/m &&
		    $text =~ /^PPid:\s+$parent$/m;
	}
	return @found;
}

# The demo as its users start it.
sub by_launcher
{
	my ($scene) = @_;

	my $data = tempdir('stockroom-data-XXXXXX', TMPDIR => 1,
	    CLEANUP => 1);
	my $pid = open3(my $in, my $out, undef, "$top/bootstrap", 'serve',
	    '--port', '0', '--data', $data);
	$launcher = $pid;
	close $in;
	my ($url, @said);
	while (defined(my $line = <$out>)) {
		push @said, $line;
		($url) = $line =~ /^ready (\S+)$/ and last;
	}
	if (!$url) {
		waitpid $pid, 0;
		BAIL_OUT("./bootstrap serve did not start:\n@said");
	}
	my $ctl = "env -i STOCKROOM_DB=$data/stockroom.db " .
	    "STOCKROOM_KEY_FILE=$data/ticket.key $build/stockroomctl";
	my $token = token_of(scalar
	    `$ctl token add 'label printer' --user ana`);
	my $relay;
	$scene->($url, curl => sub { curl($url, $token, @_) },
	    kill_relay => sub {
		($relay) = children($pid, 'stockroom-relay');
		kill 'KILL', $relay or die "no relay to kill\n";
		return $relay;
	    },
	    relay_back => sub {
		my $deadline = time + 10;
		while (time < $deadline) {
			my @now = grep { $_ != $relay }
			    children($pid, 'stockroom-relay');
			return $now[0] if @now;
			sleep 0.02;
		}
		die "the launcher did not start the relay again\n";
	    });
	kill 'TERM', $pid;
	waitpid $pid, 0;
	undef $launcher;
	$out->blocking(0);
	push @said, <$out>;
	like join('', @said), qr/relay ended by signal 9; starting it again/,
	    'the launcher says that the relay died';
	ok !children($pid, 'stockroom-app'), 'the launcher ends all of it';
}

END { kill 'TERM', $launcher if $launcher }

# The same parts without the launcher.
sub by_harness
{
	my ($scene) = @_;

	my $s = Stockroom->new(demo => 1, relay => 1, nginx => 1);
	my $url = "http://127.0.0.1:$s->{port}/";
	my $token = $s->token('ana', name => 'label printer');
	$scene->($url, curl => sub { curl($url, $token, @_) },
	    kill_relay => sub {
		$s->kill('relay', 'KILL');
		$s->reap('relay');
		return 1;
	    },
	    relay_back => sub {
		$s->start('relay');
		return 1;
	    });
	$s->finish;
}

my $how = -x "$top/bootstrap" && $build eq (abs_path("$top/build") // '') ?
    \&by_launcher : \&by_harness;
for my $seats ('chromium firefox', 'firefox chromium') {
	subtest "ana and ben in $seats" => sub {
		$how->(sub { Browser::run("scene.mjs $seats", @_) });
	};
}
done_testing;
