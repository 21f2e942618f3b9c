# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Runs a scene of t/browser/ under node and makes its results tests of ours;
# words after the file's name are its arguments:
#
#	Browser::run('scene.mjs firefox', $url, kill_relay => sub { ... });
#	Browser::on_server('page.mjs', demo => 1);
#
# Both talk over a socket pair, a JSON object a line.  From the scene:
# {"test","ok","more"?}, {"diag"}, {"call","args","id"}, {"done"}; to it:
# {"id","value"} or {"id","error"}.  A call is answered by the sub of that
# name, which runs here, where the servers are.

package Browser;

use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl qw(F_SETFD);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP ();
use POSIX ();
use Socket;
use Stockroom;
use Test::More;

use constant TIMEOUT => 300;	# seconds without a word from the scene

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $scenes = abs_path(dirname(__FILE__) . '/../browser');

sub run
{
	my ($scene, $url, %calls) = @_;

	my ($file, @args) = split ' ', $scene;
	# Profiles and all else that browsers leave behind go here.
	my $dir = tempdir('stockroom-browser-XXXXXX', TMPDIR => 1,
	    CLEANUP => 1);
	socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
	    or die "socketpair: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		close $ours;
		fcntl $theirs, F_SETFD, 0 or die "fcntl: $!";
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', \*STDERR;
		@ENV{qw(HOME TMPDIR XDG_CONFIG_HOME XDG_CACHE_HOME)} =
		    ($dir, $dir, "$dir/config", "$dir/cache");
		delete @ENV{qw(DISPLAY WAYLAND_DISPLAY)};
		$ENV{STOCKROOM_URL} = $url;
		$ENV{STOCKROOM_CONTROL} = fileno $theirs;
		exec 'node', "$scenes/$file", @args
		    or POSIX::_exit(127);
	}
	close $theirs;
	my $done = _serve($ours, \%calls);
	close $ours;
	kill 'TERM', $pid unless $done;
	waitpid $pid, 0;
	ok $done && $? == 0, "$scene came to its end" or
	    diag "wait status $?";
}

# The same on a server of its own, made with OPT and what scenes can ask it.
sub on_server
{
	my ($scene, %opt) = @_;

	my $s = Stockroom->new(relay => 1, nginx => 1, %opt);
	my (@crowd, @throng);
	run($scene, "http://127.0.0.1:$s->{port}/",
	    # A request as USER with a token: api(user, method, path, body).
	    api => sub {
		my ($user, $method, $path, $body) = @_;
		my $r = $s->request($method, $path,
		    token => $s->token($user), $body ? (json => $body) : ());
		return { status => $r->{status}, body => $r->{json} };
	    },
	    # A change by a token of ben's with a NAME of its own.
	    as => sub {
		my ($name, $sku, $body) = @_;
		my $r = $s->patch("/inventory/items/$sku", $body,
		    token => $s->token('ben', name => $name));
		return $r->{status};
	    },
	    ctl => sub { return $s->ctl_ok([@_]) },
	    metrics => sub { return $s->relay_http("GET", "/metrics")->{body} },
	    stop => sub { $s->stop($_[0]); return 1 },
	    start => sub { $s->start($_[0]); return 1 },
	    # N changes as fast as they go, the relay killed half-way: items
	    # FLOOD-1 ... made, every second one deleted, others counted anew.
	    flood => sub {
		my ($user, $n, @skus) = @_;
		for my $i (1 .. $n) {
			my @how = (token => $s->token($user));
			my $sku = $skus[$i % @skus];
			$s->patch("/inventory/items/$sku", { quantity => $i },
			    @how);
			$s->post('/inventory/items', { sku => "FLOOD-$i",
			    name => 'flood' }, @how);
			$s->delete("/inventory/items/FLOOD-$i", @how)
			    if $i % 2;
			next if $i != int $n / 2;
			$s->kill('relay', 'KILL');
			$s->reap('relay');
			$s->start('relay');
		}
		return 1;
	    },
	    # So many more people, ana's guests by name.
	    crowd => sub {
		push @crowd, map { $s->open_stream(as => 'ana', via => 'relay',
		    name => $_) } @_;
		return scalar @crowd;
	    },
	    disperse => sub {
		for my $guest (splice @crowd) {
			$s->relay_http('POST', '/push/leave',
			    body => $guest->{join}{ticket},
			    type => 'text/plain');
			$guest->close;
		}
		return 1;
	    },
	    # N people without streams, for as long as beats keep them.
	    throng => sub {
		my ($n) = @_;
		# Away: those may be silent for longer than this takes.
		for my $i (1 .. $n) {
			my $join = $s->join_room(as => 'ana',
			    name => "Person $i");
			my $r = $s->relay_http('POST', '/push/beat',
			    ticket => $join->{ticket},
			    json => { state => 'away' });
			die "beat: $r->{status}" if $r->{status} != 204;
			push @throng, $join->{ticket};
		}
		return scalar @throng;
	    },
	    part => sub {
		$s->relay_http('POST', '/push/leave', body => $_,
		    type => 'text/plain') for splice @throng;
		return 1;
	    },
	    # The relay dies, and is started again.
	    crash => sub {
		$s->kill('relay', 'KILL');
		$s->reap('relay');
		$s->start('relay');
		return 1;
	    });
	$_->close for @crowd;
	$s->finish;
}

# Answer the scene until it says that it is done; false when it did not.
sub _serve
{
	my ($sock, $calls) = @_;

	my $done = 0;
	my $in = '';
	$sock->autoflush(1);
	while (1) {
		my $set = '';
		vec($set, fileno $sock, 1) = 1;
		if (!select $set, undef, undef, TIMEOUT) {
			diag 'the scene is silent';
			return 0;
		}
		sysread $sock, $in, 65536, length $in or return $done;
		while ($in =~ s/\A(.*)\n//) {
			my $msg = $json->decode($1);
			$done = 1 if $msg->{done};
			_message($sock, $msg, $calls);
		}
	}
}

sub _message
{
	my ($sock, $msg, $calls) = @_;

	if (defined $msg->{test}) {
		local $Test::Builder::Level = $Test::Builder::Level + 3;
		ok $msg->{ok}, $msg->{test} or diag $msg->{more} // '';
	} elsif (defined $msg->{diag}) {
		diag $msg->{diag};
	} elsif (defined $msg->{call}) {
		my $sub = $calls->{$msg->{call}};
		my %answer = (id => $msg->{id});
		$answer{value} = eval {
			die "no such call: $msg->{call}\n" unless $sub;
			$sub->(@{ $msg->{args} });
		};
		$answer{error} = "$@" if $@;
		syswrite $sock, $json->encode(\%answer) . "\n";
	}
}

1;
