# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A whole Stockroom in a temp dir of its own: users, app, relay and, when
# wanted, nginx on a free port.  It ends what it started, whatever happens,
# and fails the test when a part did not end cleanly or a log holds a
# sanitizer's report, a failed assertion or an alert of nginx.
#
#	my $s = Stockroom->new(relay => 1);
#	my $r = $s->post('/inventory/items', {sku => 'A', name => 'a'},
#	    as => 'ana');
#	is($r->{status}, 201);
#	my $st = $s->open_stream(as => 'ben');
#	ok($st->wait_for('room_joined'));
#	$s->finish;
#	done_testing;
#
# Paths are below /api/v1 unless they start with "//" (then one slash goes
# and the rest is taken as it is).  t/README says more.

package Stockroom;

use strict;
use warnings;

use Cwd qw(abs_path getcwd);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use Socket qw(SOCK_STREAM);
use Test::More ();
use Time::HiRes qw(time sleep);

use Nginx;

use parent 'Client';

use Service;

use constant {
	READY => 30,		# seconds that a part may take to start
	STOP => 30,		# seconds that a part may take to end
	PASSWORD => 'stockroom',
	ROOM => 'inventory_management',
};

# The demo's people, and what they may.
our %USERS = (ana => 'editor', ben => 'editor', vera => 'viewer',
    admin => 'admin');

our $json = $Client::json;
my $top = abs_path(dirname(__FILE__) . '/../..');
my %live;	# instances that hold processes
my $has_sandbox;

sub top { return $top }

# Where the programs are: STOCKROOM_BUILD, or where "make check" runs us.
sub build
{
	for my $dir ($ENV{STOCKROOM_BUILD}, getcwd(), "$top/build") {
		return abs_path($dir) if defined $dir &&
		    -x "$dir/stockroom-app";
	}
	die "no stockroom-app: set STOCKROOM_BUILD to the build directory\n";
}

# Whether the programs carry sanitizers, which make them several times slower
# and larger.
sub sanitized
{
	open my $fh, '<', build() . '/Makefile' or return 0;
	return scalar grep { /^SANITIZE_CFLAGS = .*-fsanitize/ } <$fh>;
}

# Whether the kernel has all of the sandbox: then every test runs in mode
# strict, so that a call that a program should not have given up is its end.
sub has_sandbox
{
	# landlock_create_ruleset(NULL, 0, VERSION): the same number everywhere
	return $has_sandbox //= syscall(444, 0, 0, 1) > 0 &&
	    -e '/proc/sys/kernel/seccomp/actions_avail';
}

# Options, all optional:
#	app	'socket' (default), 'fd0' (spawn-fcgi's way), 'activate'
#		(systemd's LISTEN_FDS), or 0: started later or never
#	relay	1 starts the relay
#	nginx	1 starts the demo's nginx, and requests go through it; or a hash
#		of Nginx.pm's options: { tree, site, prefix, htdocs, workers,
#		... }
#	users	{ name => role }; default: the demo's four
#	demo	1 makes the demo's users and items instead
#	items	fill it with so many more items (seed-items.c)
#	env	{ NAME => value } for both programs
#	args	{ app => [...], relay => [...] }: more arguments
sub new
{
	my ($class, %opt) = @_;

	my $build = build();
	my $tmp = defined $ENV{TMPDIR} && length $ENV{TMPDIR} < 60 ?
	    $ENV{TMPDIR} : '/tmp';
	my $dir = File::Temp::tempdir('stockroom-XXXXXXXX', DIR => $tmp);
	my $self = bless {
		dir => $dir, build => $build, owner => $$, proc => {},
		cookie => {}, token => {}, trouble => [], allow => [],
		app => $opt{app} // 'socket', base => '',
		args => $opt{args} // {}, started => 0,
		users => $opt{users} // \%USERS,
	}, $class;
	$live{$dir} = $self;
	chmod 0755, $dir;
	my $nginx = ref $opt{nginx} ? $opt{nginx} : {};
	$self->{nginx} = $nginx;
	$self->{env} = {
		STOCKROOM_DB => "$dir/stockroom.db",
		STOCKROOM_EVENT_SOCKET => "$dir/event.sock",
		STOCKROOM_PUSH_SOCKET => "$dir/push.sock",
		STOCKROOM_KEY_FILE => "$dir/ticket.key",
		STOCKROOM_SANDBOX => has_sandbox() ? 'strict' : 'on',
		defined $nginx->{prefix} ?
		    (STOCKROOM_BASE => $nginx->{prefix}) : (),
		ASAN_OPTIONS => 'detect_leaks=1:abort_on_error=0',
		UBSAN_OPTIONS => 'print_stacktrace=1',
		%{ $opt{env} // {} },
	};
	$self->{base} = $self->{env}{STOCKROOM_BASE} // '';
	if ($opt{demo}) {
		$self->ctl_ok(['demo', 'fill']);
	} else {
		$self->ctl_ok(['user', 'add', $_, '--role',
		    $self->{users}{$_}],
		    PASSWORD . "\n") for sort keys %{ $self->{users} };
	}
	system("$build/t/lib/seed-items", $self->{env}{STOCKROOM_DB},
	    $opt{items}) == 0 or die "seed-items failed\n" if $opt{items};
	$self->start('app') if $self->{app};
	$self->start('relay') if $opt{relay};
	$self->start('nginx') if $opt{nginx};
	$self->wait_joined if $opt{relay} && $self->{app};
	return $self;
}

# -- processes -----------------------------------------------------------

sub app_socket { return "$_[0]{dir}/app.sock" }
sub push_socket { return $_[0]{env}{STOCKROOM_PUSH_SOCKET} }
sub event_socket { return $_[0]{env}{STOCKROOM_EVENT_SOCKET} }
sub log_file { return "$_[0]{dir}/$_[1].log" }
sub pid { return $_[0]{proc}{ $_[1] }{pid} }

# All that a part has written so far.
sub log_text
{
	my ($self, $name) = @_;

	open my $fh, '<:raw', $self->log_file($name) or return '';
	local $/;
	return scalar <$fh> // '';
}

# Run a program with our settings; its number.  When this returns it runs, and
# a signal is for it, not for the perl that it was before.  OPT: env, stdin (a
# handle), listen (a listening socket, or [name => socket ...], to pass as
# LISTEN_FDS), notify (a Service, which is told), watchdog (seconds that it
# waits).
sub spawn
{
	my ($self, $name, $argv, %opt) = @_;

	pipe(my $started, my $starts) or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		delete $ENV{$_} for grep {
			/^(STOCKROOM_|ALLOW_ORIGIN|LISTEN_)/ } keys %ENV;
		my %env = (%{ $self->{env} }, %{ $opt{env} // {} });
		@ENV{keys %env} = values %env;
		delete @ENV{qw(NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID)};
		Service::pass($opt{listen}) if $opt{listen};
		$opt{notify}->announce($opt{watchdog}) if $opt{notify};
		my $in = $opt{stdin};
		open $in, '<', '/dev/null' unless $in;
		POSIX::dup2(fileno $in, 0);
		open STDERR, '>>', $self->log_file($name);
		POSIX::dup2(2, 1);
		exec { $argv->[0] } @$argv or POSIX::_exit(127);
	}
	$self->{proc}{$name} = { pid => $pid, name => $name };
	close $starts;
	sysread $started, my $never, 1;	# closed when it runs
	return $pid;
}

# Start "app", "relay" or "nginx" and wait until it serves.
sub start
{
	my ($self, $name, %opt) = @_;

	my $start = "start_$name";
	$self->$start(%opt);
	my $ready = "ready_$name";
	$self->wait_for(sub {
		die "$name ended at start\n" . $self->log_text($name)
		    unless $self->running($name);
		return $self->$ready;
	}, READY) or die "$name does not serve\n" . $self->log_text($name);
	return $self;
}

sub start_app
{
	my ($self, %opt) = @_;

	my $prog = "$self->{build}/stockroom-app";
	my @args = (@{ $self->{args}{app} // [] }, @{ $opt{args} // [] });
	my $how = $opt{app} // $self->{app};
	$self->{app} = $how;
	if ($how eq 'socket') {
		$self->spawn('app', [$prog, '--socket', $self->app_socket,
		    @args], %opt);
		return;
	}
	unlink $self->app_socket;
	my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $self->app_socket, Listen => 128)
	    or die "listen: $!\n";
	chmod 0660, $self->app_socket;
	$self->spawn('app', [$prog, @args], %opt,
	    $how eq 'fd0' ? (stdin => $listen) : (listen => $listen));
}

sub start_relay
{
	my ($self, %opt) = @_;

	$self->spawn('relay', ["$self->{build}/stockroom-relay",
	    @{ $self->{args}{relay} // [] }], %opt);
}

sub ready_app
{
	my ($self) = @_;

	my $r = FastCGI::request($self->app_socket, [$self->params('GET',
	    "$self->{base}/api/v1/health")], '', timeout => 5);
	return $r && $r->{ended} && $r->{status};
}

sub ready_relay
{
	my ($self) = @_;

	return $self->relay_http('GET', '/healthz')->{status};
}

sub start_nginx
{
	my ($self, %opt) = @_;

	$self->{nginx} = { %{ $self->{nginx} // {} }, %opt };
	my $conf = Nginx::configure($self, %{ $self->{nginx} });
	$self->spawn('nginx', [Nginx::program(), '-p', $self->{dir},
	    '-c', $conf, '-e', $self->log_file('nginx'),
	    '-g', $> == 0 ? 'daemon off; user root;' : 'daemon off;']);
}

sub ready_nginx
{
	my ($self) = @_;

	return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $self->{port}) ? 1 : 0;
}

# Wait until the app and the relay have found each other.
sub wait_joined
{
	my ($self) = @_;

	my ($who) = sort keys %{ $self->{users} };
	$self->wait_for(sub {
		return $self->get('/inventory/collaboration/presence?room=' .
		    $self->room, token => $self->token($who))->{status} == 200;
	}, READY) or die "app and relay do not find each other\n";
}

sub room
{
	my ($self) = @_;

	return (split /,/, $self->{env}{STOCKROOM_ROOMS} // ROOM)[0];
}

sub running
{
	my ($self, $name) = @_;

	my $p = $self->{proc}{$name} or return 0;
	return 0 if exists $p->{status};
	return 1 if waitpid($p->{pid}, WNOHANG) != $p->{pid};
	$p->{status} = $?;
	return 0;
}

# Send a signal.  After KILL (or with dirty => 1) any end is a good one.
sub kill
{
	my ($self, $name, $signal, %opt) = @_;

	my $p = $self->{proc}{$name};
	$p->{dirty} = 1 if $signal eq 'KILL' || $opt{dirty};
	CORE::kill $signal, $p->{pid} unless exists $p->{status};
	return $self;
}

# Wait for a part's end; its wait status, undef if it goes on.
sub reap
{
	my ($self, $name, $seconds) = @_;

	$self->wait_for(sub { !$self->running($name) }, $seconds // STOP);
	return $self->{proc}{$name}{status};
}

# End a part by SIGTERM and note whether it did so cleanly.
sub stop
{
	my ($self, $name) = @_;

	my $p = delete $self->{proc}{$name} or return;
	local $self->{proc}{$name} = $p;
	my $alive = $self->running($name);
	CORE::kill 'TERM', $p->{pid} if $alive;
	my $status = $self->reap($name);
	if (!defined $status) {
		CORE::kill 'KILL', $p->{pid};
		waitpid $p->{pid}, 0;
		push @{ $self->{trouble} }, "$name does not end on SIGTERM";
	} elsif ($status != 0 && !$p->{dirty}) {
		push @{ $self->{trouble} }, sprintf '%s ended with %s %d',
		    $name, $status & 127 ? ('signal', $status & 127) :
		    ('exit code', $status >> 8);
	} elsif (!$alive && !$p->{dirty} && !$p->{may_end}) {
		push @{ $self->{trouble} }, "$name ended before its time";
	}
	delete $self->{proc}{$name};
}

sub restart
{
	my ($self, $name, %opt) = @_;

	$self->stop($name);
	return $self->start($name, %opt);
}

# Poll SUB until it is true; its value, or false after SECONDS.
sub wait_for
{
	my ($self, $sub, $seconds) = @_;

	my $deadline = time + ($seconds // 10);
	my $nap = 0.002;
	while (1) {
		my $v = $sub->();
		return $v if $v;
		return 0 if time >= $deadline;
		sleep $nap;
		$nap *= 1.5 if $nap < 0.05;
	}
}

# -- the admin's command line --------------------------------------------

# Run stockroomctl ARGV with STDIN's text; (exit code, stdout, stderr).
sub ctl
{
	my ($self, $argv, $input) = @_;

	my ($in, $out, $err) = map { File::Temp->new(DIR => $self->{dir}) }
	    1 .. 3;
	if (ref $input) {
		$in = $input;
	} else {
		print $in $input // '';
		$in->flush;
		seek $in, 0, 0;
	}
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		delete $ENV{$_} for grep { /^STOCKROOM_/ } keys %ENV;
		@ENV{keys %{ $self->{env} }} = values %{ $self->{env} };
		POSIX::dup2(fileno $in, 0);
		POSIX::dup2(fileno $out, 1);
		POSIX::dup2(fileno $err, 2);
		alarm 300;	# one that hangs ends, by the signal
		exec "$self->{build}/stockroomctl", @$argv
		    or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	my @text = map {
		open my $fh, '<:raw', $_->filename or die;
		local $/;
		scalar <$fh> // '';
	} $out, $err;
	push @{ $self->{trouble} }, "stockroomctl @$argv: " .
	    join ' ', bad_lines($text[1]) if bad_lines($text[1]);
	return ($code, @text);
}

# The same; dies when it fails, returns what it printed.
sub ctl_ok
{
	my ($self, $argv, $input) = @_;

	my ($code, $out, $err) = $self->ctl($argv, $input);
	die "stockroomctl @$argv: exit $code: $err" if $code;
	return $out;
}

# A bearer token of a user, made once per role and name.
sub token
{
	my ($self, $user, %opt) = @_;

	my $name = $opt{name} // "$user token";
	return $self->{token}{$name} if $self->{token}{$name};
	my $out = $self->ctl_ok(['token', 'add', $name, '--user', $user,
	    defined $opt{role} ? ('--role', $opt{role}) : (),
	    defined $opt{days} ? ('--expires', $opt{days}) : ()]);
	my ($secret) = $out =~ /(sr_[A-Za-z0-9_-]+)/
	    or die "no token in: $out";
	return $self->{token}{$name} = $secret;
}

# -- the end -------------------------------------------------------------

# A pattern of log lines that this test means to cause.
sub allow_log
{
	my ($self, $pattern) = @_;

	push @{ $self->{allow} }, $pattern;
}

# Lines of a log that no run may cause.
sub bad_lines
{
	my ($text) = @_;

	return grep {
		/AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|
		SUMMARY:\s\w*Sanitizer|Assertion\s.*failed|MHD_PANIC|
		\[(?:alert|emerg)\]|stack\ssmashing|double\sfree|
		corrupted|free\(\):|malloc\(\):|terminate\scalled/x
	} split /\n/, $text;
}

# End everything; what went wrong, as a list of lines.
sub end
{
	my ($self) = @_;

	return () unless delete $live{ $self->{dir} };
	$self->stop($_) for grep { $self->{proc}{$_} } 'nginx',
	    (grep { !/^(nginx|app|relay)$/ } sort keys %{ $self->{proc} }),
	    'app', 'relay';
	for my $file (glob "$self->{dir}/*.log") {
		my ($name) = $file =~ m{([^/]+)\.log$};
		my @bad = bad_lines($self->log_text($name));
		for my $re (@{ $self->{allow} }) {
			@bad = grep { !/$re/ } @bad;
		}
		push @{ $self->{trouble} }, map { "$name.log: $_" } @bad;
	}
	my @trouble = @{ $self->{trouble} };
	if (@trouble && $ENV{STOCKROOM_KEEP}) {
		Test::More::diag("kept: $self->{dir}");
	} else {
		remove_tree($self->{dir});
	}
	return @trouble;
}

# End everything, as a test of its own.
sub finish
{
	my ($self) = @_;

	my @trouble = $self->end;
	Test::More::ok(!@trouble, 'every part ended cleanly') or
	    Test::More::diag(map { "$_\n" } @trouble);
}

sub DESTROY
{
	my ($self) = @_;

	return if $self->{owner} != $$ || !$live{ $self->{dir} };
	local ($?, $@, $!);
	$self->end;
}

for my $signal (qw(INT TERM HUP)) {
	$SIG{$signal} = sub { exit 130 };
}

END {
	my $code = $?;
	for my $self (values %live) {
		next if $self->{owner} != $$;
		my @trouble = $self->end;
		Test::More::diag("$_") for @trouble;
		$code ||= 1 if @trouble;
	}
	$? = $code;
}

1;
