#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The units under a real systemd, which is booted here with the machine's own
# programs and what "make install" puts beside them: sockets, users, modes, the
# key as a credential; no refused request by a restart; a process that hangs is
# started again; and what the sandbox is like from inside.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use Test::More;
use Time::HiRes qw(sleep time);

use Client;
use FastCGI;
use Slurp qw(slurp spew replace);
use Stockroom;
use Tree;

plan skip_all => 'a systemd of its own needs root' if $> != 0;
Tree::alone(sub { });

# ---- a tree that has the machine's /usr, and nothing else but our files

my $build = Stockroom::build();
my $root = tempdir(CLEANUP => 1);
chmod 0755, $root;
make_path(map { "$root/$_" } qw(usr etc/systemd/system etc/opt opt proc sys dev
    run tmp root var/lib var/log mnt));
symlink "usr/$_", "$root/$_" for grep { -l "/$_" } qw(bin sbin lib lib64);

sub put
{
	my ($path, @text) = @_;

	spew("$root$path", @text);
}

put('/etc/passwd', "root:x:0:0:root:/root:/bin/sh\n",
    "www-data:x:33:33:www-data:/:/usr/sbin/nologin\n",
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
put('/etc/group', "root:x:0:\n", "www-data:x:33:\n", "nogroup:x:65534:\n");
put('/etc/nsswitch.conf', "passwd: files\ngroup: files\n");
put('/etc/machine-id', '0123456789abcdef' x 2, "\n");
put('/etc/stockroom.conf', "STOCKROOM_PEERS=www-data,stockroom\n",
    "STOCKROOM_SANDBOX=strict\n");
system('cp', '/etc/ld.so.cache', '/etc/os-release', "$root/etc/");
system("make -s -C '$build' install DESTDIR='$root' " .
    'prefix=/opt systemdsystemunitdir=/etc/systemd/system ' .
    'sysusersdir=/etc/sysusers.d tmpfilesdir=/etc/tmpfiles.d ' .
    '>/dev/null') == 0
    or die "make install failed\n";
symlink '/dev/null', "$root/etc/systemd/system/$_" for qw(
    systemd-networkd.service systemd-resolved.service
    systemd-timesyncd.service);
my @units = qw(stockroom-app.socket stockroom-relay.socket
    stockroom-relay-event.socket stockroom-app.service stockroom-relay.service
    stockroom-prune.timer);
put('/etc/systemd/system/default.target',
    "[Unit]\nRequires=basic.target\nAfter=basic.target\n");
system('tar', '-C', $root, '-cf', "$root.tar", '.') == 0 or die;
my $tree = Tree->new("$root.tar");
unlink "$root.tar";

# ---- a fresh install starts

$tree->ran("systemctl enable --now @units", 'everything starts, from nothing');
$tree->says("systemctl is-active $_", 'active', "$_ is active") for @units;
$tree->says('cd /var/lib/stockroom && stat -c "%n %a %U:%G" . stockroom.db ' .
    'ticket.key ticket.key.pub', join("\n", '. 750 stockroom:stockroom',
    'stockroom.db 600 stockroom:stockroom',
    'ticket.key 400 stockroom:stockroom',
    'ticket.key.pub 444 stockroom:stockroom'), 'the data');
$tree->says('cd /run/stockroom && stat -c "%n %a %U:%G" . *.sock', join("\n",
    '. 755 root:root', 'app.sock 660 stockroom:www-data',
    'event.sock 600 stockroom:stockroom', 'push.sock 660 stockroom:www-data'),
    'the sockets');

# Whether a user gets through to a socket.
sub reaches
{
	my ($user, $name) = @_;

	return $tree->run("setpriv --reuid $user --regid $user --init-groups " .
	    "perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(" .
	    "Peer => q(/run/stockroom/$name.sock))'")->{status} == 0 ? 1 : 0;
}

for my $case (['www-data', 1, 1, 0], ['stockroom', 1, 1, 1],
    ['stockroom-relay', 0, 0, 0]) {
	my ($user, @want) = @$case;
	is_deeply [map { reaches($user, $_) } qw(app push event)], \@want,
	    "which sockets $user reaches";
}

sub pid_of { return 0 + $tree->run(
    "systemctl show --value -p MainPID stockroom-$_[0]")->{out} }

sub app
{
	my ($method, $path, $body) = @_;

	return FastCGI::request($tree->path('/run/stockroom/app.sock'),
	    [Client->params($method, $path, body => $body // '',
	    type => 'application/json', headers => { Authorization =>
	    "Bearer $main::token" })], $body // '', timeout => 30) //
	    { status => 0 };
}

sub relay
{
	return Client::http(IO::Socket::UNIX->new(
	    Peer => $tree->path('/run/stockroom/push.sock')), 'GET',
	    $_[0] // '/healthz', { Host => 'relay' }, '');
}

my $ctl = '/opt/bin/stockroomctl';
$tree->ran("$ctl user add ana --role editor", 'a user',
    input => "a password\n");
our $token = $tree->ran("$ctl token add printer --user ana 2>/dev/null",
    'a token') =~ s/\s+//gr;
my $items = '/api/v1/inventory/items';
is app('GET', $items)->{status}, 200, 'the app serves';
is relay()->{status}, 200, 'the relay serves';
ok $tree->until_true(20, sub { app('GET', '/api/v1/inventory/collaboration/' .
    'presence?room=inventory_management')->{status} == 200 }),
    'they have found each other';

# What a shell can in the place of the program, by its unit with another
# ExecStart=, which is let run programs to try: yes or no for each line.
sub inside
{
	my ($name, @lines) = @_;
	my $unit = "/etc/systemd/system/stockroom-$name.service";
	my $text = slurp($tree->path($unit));

	$text =~ s/^(?:Type|Requires|After|Sockets|Restart\w*|WatchdogSec|
	    NoExecPaths|StartLimit\w*|ExecStart)=.*\n//gmx;
	$text =~ s{^\[Service\]\n}{[Service]
Type=oneshot
StandardOutput=truncate:/run/inside.out
ExecStart=/bin/sh /etc/inside.sh
}m;
	replace($tree->path('/run/systemd/system/inside.service'), $text);
	replace($tree->path('/etc/inside.sh'), map {
	    "if ($_) >/dev/null 2>&1; then echo yes; else echo no; fi\n" }
	    @lines);
	$tree->ran('systemctl daemon-reload && systemctl start inside',
	    "$name: a look from inside");
	return split ' ', $tree->run('cat /run/inside.out')->{out};
}

# ---- the sandbox, from inside

my $net = $tree->run("readlink /proc/self/ns/net")->{out} =~ s|\s+||gr;
for my $name (qw(app relay)) {
	my $pid = pid_of($name);
	my $user = $name eq 'app' ? 'stockroom' : 'stockroom-relay';
	my $ps = $tree->run("cat /proc/$pid/status")->{out};
	like $ps, qr/^NoNewPrivs:\s+1$/m, "$name: no new privileges";
	like $ps, qr/^Seccomp:\s+2$/m, "$name: seccomp";
	like $ps, qr/^Cap(?:Bnd|Eff|Prm|Amb):\s+0+$/m, "$name: no rights";
	$tree->says("ps -o user= -p $pid", $user, "$name: its user");
	my $data = $name eq 'app' ? 'yes' : 'no';
	my @try = (
	    ['echo >>/etc/stockroom.conf', 'no'], ['echo >/usr/x', 'no'],
	    ['echo >/run/stockroom/x', 'no'], ['echo >/tmp/x', 'yes'],
	    ['cat /etc/stockroom.conf', 'yes'],
	    ['cat /var/lib/stockroom/ticket.key', 'no'],
	    ['cat /var/lib/stockroom/ticket.key.pub', 'yes'],
	    ['cat /var/lib/stockroom/stockroom.db', $data],
	    ['echo >/var/lib/stockroom/x', $data],
	    ['cat /run/credentials/*/ticket.key', $data],
	    ['test "$(readlink /proc/self/ns/net)" = "' . $net . '"', 'no'],
	    ['test -e /proc/self/ns/net', 'yes'],
	    ['test -e /proc/1/status', 'no'],
	    ['mount -t tmpfs x /mnt', 'no'], ['unshare -U true', 'no'],
	    ['perl -MIO::Socket::UNIX -e "exit !IO::Socket::UNIX->new(' .
	    'Local => qq(/tmp/s), Listen => 1)"', 'yes'],
	    ['perl -MIO::Socket::INET -e "exit !IO::Socket::INET->new(' .
	    'Listen => 1)"', 'no']);
	my @got = inside($name, map { $_->[0] } @try);
	is shift @got, $_->[1], "$name: $_->[0]: $_->[1]" for @try;
	isnt $tree->run("nsenter -t $pid -m -r -w true")->{status}, 0,
	    "$name: it could run no other program";
}
my $limits = { app => 1.5, relay => 1.0 };
for my $name (sort keys %$limits) {
	my $r = $tree->run("systemd-analyze security stockroom-$name");
	my ($score) = $r->{out} =~ /exposure level for \S+: ([\d.]+)/;
	cmp_ok $score // 10, '<=', $limits->{$name}, "$name: its exposure";
}

# ---- restarts refuse nobody

my $until = "$root.until";

sub hammer
{
	my ($name, $send) = @_;

	my $pid = fork // die "fork: $!\n";
	return $pid if $pid;
	my ($n, @failed) = 0;
	until (-e $until) {
		my $r = $send->($n++);
		push @failed, join ' ', "request $n:", $r->{status},
		    $r->{body} // '' if $r->{status} !~ /^2/;
	}
	open my $out, '>', "$until.$name";
	print $out map { "$_\n" } $n, @failed;
	close $out;
	POSIX::_exit(0);
}

my %job = (read => sub { app('GET', $items) },
    write => sub { app('POST', $items, qq({"sku":"S-$_[0]","name":"x"})) },
    relay => sub { relay() });
my @pids = map { hammer($_, $job{$_}) } sort keys %job;
for (1 .. 3) {
	for my $name (qw(app relay)) {
		my $old = pid_of($name);
		$tree->ran("systemctl restart stockroom-$name",
		    "$name: restart $_");
		isnt pid_of($name), $old, 'it is another process';
	}
}
open my $fh, '>', $until;
waitpid $_, 0 for @pids;
for my $name (sort keys %job) {
	my ($n, @failed) = split /\n/, slurp("$until.$name");
	cmp_ok $n, '>', 10, "$name: requests";
	is_deeply \@failed, [], 'none failed';
	unlink "$until.$name";
}
unlink $until;

# ---- what hangs, or was killed, is started again

for my $name (qw(app relay)) {
	$tree->ran("mkdir -p /run/systemd/system/stockroom-$name.service.d; " .
	    'printf "[Service]\nWatchdogSec=1\n" >/run/systemd/system/' .
	    "stockroom-$name.service.d/soon.conf; systemctl daemon-reload; " .
	    "systemctl restart stockroom-$name", "$name: a watchdog of 1 s");
	for my $signal (qw(STOP KILL)) {
		my $old = pid_of($name);
		$tree->run("kill -$signal $old");
		ok $tree->until_true(30, sub {
			my $new = pid_of($name);
			return $new && $new != $old;
		}), "$name: SIG$signal: there is another process";
		ok $tree->until_true(30, sub { ($name eq 'app' ?
		    app('GET', $items) : relay())->{status} == 200 }),
		    'it serves';
	}
	like $tree->run("journalctl -u stockroom-$name")->{out},
	    qr/Watchdog timeout/, 'the first was the watchdog';
}

# ---- what is done now and then, and the port

$tree->ran('systemctl start stockroom-prune', 'the daily cleaning');
$tree->ran('systemctl start stockroom-backup', 'the backup');
$tree->says('ls /var/backups/stockroom | wc -l', 1, 'which is there');
# The app before it, which calls it back as soon as it has stopped.
$tree->ran('systemctl stop stockroom-app.socket stockroom-app; ' .
    'systemctl stop stockroom-relay.socket stockroom-relay-event.socket ' .
    'stockroom-relay && systemctl start ' .
    'stockroom-relay-listen.socket stockroom-relay stockroom-app',
    'a port of its own');
$tree->says(q(perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr
    => "127.0.0.1:8443"); print $s "GET /push/stream HTTP/1.0\r\n\r\n";
    print substr <$s>, 9, 3'), 401, 'the relay answers there');

# The app has its key from before a rotation until it starts again.
$tree->ran("$ctl key rotate", 'a new key');
$tree->says('grep -c . /var/lib/stockroom/ticket.key.pub', 2,
    'the old one counts');
$tree->ran('systemctl restart stockroom-app', 'a restart takes it');
is app('POST', '/api/v1/inventory/collaboration/join',
    '{"room":"inventory_management"}')->{status} =~ /^20/, 1,
    'it signs tickets';

# A wrong setting wants a person, and no restarts.
$tree->ran('echo STOCKROOM_LOG_LEVEL=loud >>/etc/stockroom.conf',
    'a wrong setting');
isnt $tree->run('systemctl restart stockroom-app')->{status}, 0,
    'is said at the start';
$tree->says('systemctl show --value -p ExecMainStatus stockroom-app', 78,
    'by exit code 78');
$tree->says('systemctl show --value -p NRestarts stockroom-app', 0,
    'and not tried again and again');

$tree->finish;
done_testing;
