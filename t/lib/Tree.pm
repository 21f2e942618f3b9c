# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A bare Debian of the machine's own release, booted: systemd is its first
# process, it shares neither files nor processes with the machine, and its
# network is the loopback device of the test alone, so that all ports are
# free.  Root only.
#
#	Tree::alone(sub { ... });	# first of all; see there
#	my $tree = Tree->new(Tree::base($deb, ['nginx', 'curl']));
#	my $r = $tree->run('apt-get install -y ./stockroom_*.deb');
#	$r->{status}, $r->{out}
#	$tree->finish;
#
# A base is such a tree in a tarball, not booted yet; it is made once by
# debootstrap and kept in the build directory.  It holds the packages that
# its tests install as downloads, hence a booted tree needs no network.

package Tree;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Fcntl qw(:flock);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep time);

use Deb;
use Slurp qw(slurp replace);
use Stockroom;

# What the tests install, each in a tree of its own.
our @SETS = ([qw(nginx curl)], [qw(apache2 libapache2-mod-fcgid curl)]);

use constant BOOT => 300;	# seconds that it may take
use constant RUN => 600;	# seconds that a line may take

my %live;	# trees that have processes

END {
	my $status = $?;
	$_->finish for grep { $_->{owner} == $$ } values %live;
	$? = $status;
}
$SIG{$_} //= sub { exit 1 } for qw(INT TERM HUP PIPE);

# Go on as a process that has a network of its own, after PREPARE, which
# still has the machine's.  Everything before this call happens twice.
sub alone
{
	my ($prepare) = @_;

	return if delete $ENV{STOCKROOM_ALONE};
	$prepare->();
	$ENV{STOCKROOM_ALONE} = 1;
	exec 'unshare', '--net', 'sh', '-c',
	    'ip link set lo up && exec "$@"', 'sh', $^X, $0, @ARGV
	    or die "unshare: $!\n";
}

# ---- the base

# A mount namespace of its own.  Its mounts are private; those of a chroot that
# is no mount point stay what they are, as unshare cannot reach them there.
sub unshare
{
	my @rooted = grep { (split)[4] eq '/' } split /
/,
	    slurp('/proc/self/mountinfo');

	return ('unshare', '--mount',
	    @rooted ? () : ('--propagation', 'unchanged'));
}

# Where the machine has its Debian from: lines of a sources.list.
sub sources
{
	my %seen;
	my @lines = grep { !$seen{$_}++ } map { "deb $_" } grep {
		s/^Debian // } split /\n/,
	    `apt-get indextargets --format \\
	    '\$(ORIGIN) \$(REPO_URI) \$(RELEASE) \$(COMPONENT)' \\
	    'Created-By: Packages'`;
	@lines or die "apt knows no Debian archive: run apt-get update\n";
	return @lines;
}

sub codename
{
	my ($name) = slurp('/etc/os-release') =~
	    /^VERSION_CODENAME=(\w+)/m or die "which Debian is this?\n";

	return $name;
}

# The tarball of a tree that can install the package DEB and each of SETS,
# lists of packages that go in together.
sub base
{
	my ($deb, @sets) = @_;
	my $dir = Stockroom::build() . '/tree';
	my @sources = sources();
	my $needs = `dpkg-deb -f '$deb->{path}' Depends Recommends`;
	my $key = substr sha256_hex(join "\n", codename(), @sources, $needs,
	    (map { "@$_" } @sets), slurp(__FILE__)), 0, 16;

	make_path($dir);
	open my $lock, '>', "$dir/lock" or die "$dir/lock: $!\n";
	flock $lock, LOCK_EX;
	my $tar = "$dir/$key.tar";
	if (!-e $tar) {
		unlink glob "$dir/*.tar";
		make_base($dir, $tar, $deb, \@sources, \@sets);
	}
	return $tar;
}

sub make_base
{
	my ($dir, $tar, $deb, $sources, $sets) = @_;
	my ($root, $log) = ("$dir/root", "$dir/make.log");
	my ($uri) = $sources->[0] =~ /^deb (\S+)/;

	remove_tree($root);
	unlink $log;
	my $go = sub {
		Deb::run_logged($log, unshare(), @_) or
		    die "@_ failed\n" . slurp($log);
	};
	$go->('debootstrap', '--variant=minbase', '--include=systemd-sysv',
	    codename(), $root, $uri);
	settle($root, $sources);
	Deb::run_logged($log, 'cp', $deb->{path}, "$root/root/");
	my ($name) = $deb->{path} =~ m{([^/]+)$};
	my @apt = ('env', 'DEBIAN_FRONTEND=noninteractive', 'chroot', $root,
	    'apt-get', '-qq');
	$go->(@apt, 'update');
	$go->(@apt, '-y', '--download-only', 'install', "/root/$name", @$_)
	    for @$sets;
	unlink "$root/root/$name";
	$go->('tar', '-C', $root, '--numeric-owner', '-cf', "$tar.new", '.');
	remove_tree($root);
	rename "$tar.new", $tar or die "$tar: $!\n";
}

# Its archives are the machine's, and reached as the machine reaches them.
sub settle
{
	my ($root, $sources) = @_;

	unlink glob "$root/etc/apt/sources.list.d/*";
	replace("$root/etc/apt/sources.list", map { "$_\n" } @$sources);
	replace("$root/etc/apt/apt.conf.d/90machine",
	    `apt-config dump Acquire`);
	for my $file (qw(/etc/resolv.conf /etc/hosts
	    /etc/ssl/certs/ca-certificates.crt)) {
		next if !-e $file;
		make_path("$root$file" =~ s{/[^/]+$}{}r);
		replace("$root$file", slurp($file));
	}
}

# ---- a booted tree

sub new
{
	my ($class, $tar) = @_;
	my $dir = File::Temp::tempdir('stockroom-tree-XXXXXX', TMPDIR => 1);
	my $self = bless { dir => $dir, owner => $$,
		cgroup => "stockroom-$$" }, $class;

	$live{$dir} = $self;
	chmod 0755, $dir;
	system('tar', '-C', $dir, '--numeric-owner', '-xf', $tar) == 0
	    or die "tar: $?\n";
	my $top = Stockroom::top();
	$self->{outer} = fork // die "fork: $!\n";
	if (!$self->{outer}) {
		delete $live{$dir};
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir.log";
		open STDERR, '>&', \*STDOUT;
		# Should the test be killed outright, so is the tree.
		exec { 'setpriv' } 'setpriv', '--pdeathsig', 'KILL',
		    unshare(), '--ipc', '--uts', '--pid', '--fork',
		    '--kill-child', "$top/t/lib/boot-tree.sh", $dir,
		    $self->{cgroup}
		    or POSIX::_exit(127);
	}
	my $state;
	$self->until_true(BOOT, sub {
		my $r = $self->run('systemctl is-system-running');
		$state = $r->{out} // '';
		return $state =~ /^(?:running|degraded)$/m;
	}) or die "the tree does not boot: $state\n" .
	    slurp("$dir.log");
	return $self;
}

# Its first process, as the machine numbers it.
sub pid
{
	my ($self) = @_;
	my $outer = $self->{outer};

	return $self->{pid} if $self->{pid};
	open my $fh, '<', "/proc/$outer/task/$outer/children" or return;
	my ($pid) = (<$fh> // '') =~ /^(\d+)/;
	return if !$pid || (readlink("/proc/$pid/exe") // '') !~ /systemd$/;
	return $self->{pid} = $pid;
}

# A path of the tree, as the machine sees it.
sub path
{
	my ($self, $path) = @_;

	return '/proc/' . $self->pid . "/root$path";
}

# Run a line as root's shell would, in root's home: {status, out}; out holds
# standard error as well.  OPT: input.
sub run
{
	my ($self, $line, %opt) = @_;
	my $pid = $self->pid or return { status => -1, out => '' };

	my $in = File::Temp->new;
	print $in $opt{input} // '';
	seek $in, 0, 0;
	$in->flush;
	my $child = open(my $out, '-|') // die "fork: $!\n";
	if (!$child) {
		delete $live{ $self->{dir} };
		open STDIN, '<&', $in;
		open STDERR, '>&', \*STDOUT;
		exec { 'nsenter' } 'nsenter', '-t', $pid, '-a', '-r',
		    'env', '-i', '-C', '/root',
		    'HOME=/root', 'USER=root', 'TERM=dumb', 'LANG=C.UTF-8',
		    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:' .
		    '/sbin:/bin', 'DEBIAN_FRONTEND=noninteractive',
		    'timeout', '-k', 5, $opt{seconds} // RUN,
		    'bash', '-c', $line
		    or POSIX::_exit(127);
	}
	local $/;
	my $text = <$out> // '';
	close $out;
	return { status => $? >> 8, out => $text };
}

# The end of what a line said.
sub tail
{
	my ($r) = @_;
	my @lines = split /\n/, $r->{out};

	splice @lines, 0, -30 if @lines > 30;
	return join "\n", @lines;
}

# The same as a test: it must end well; what it said.
sub ran
{
	my ($self, $line, $what, %opt) = @_;
	my $r = $self->run($line, %opt);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::is($r->{status}, 0, $what) or
	    Test::More::diag("$line\n" . tail($r));
	return $r->{out};
}

# What a line of shell must say, without the end of its last line.
sub says
{
	my ($self, $line, $expected, $what) = @_;
	my $out = $self->run($line)->{out};

	chomp $out;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::is($out, $expected, $what);
}

# Put a file of the machine's into root's home.
sub bring
{
	my ($self, $file) = @_;
	my ($name) = $file =~ m{([^/]+)$};

	system('cp', $file, $self->path("/root/$name")) == 0
	    or die "cp $file: $?\n";
}

# Wait for a true answer; undef after SECONDS.
sub until_true
{
	my ($self, $seconds, $test) = @_;
	my $deadline = time + $seconds;

	while (time < $deadline) {
		my $value = $test->();
		return $value if $value;
		sleep 0.1;
	}
	return;
}

# End it at once, with all that runs in it; nothing of it is left.
sub finish
{
	my ($self) = @_;

	delete $live{ $self->{dir} } or return;
	my $status = $?;
	kill 'KILL', $self->{outer};
	waitpid $self->{outer}, 0;
	# Its control group can go when all of its processes are gone.
	$self->until_true(30, sub {
		return system(unshare(), 'sh', '-c', 'cd "$1" && ' .
		    'mount -t cgroup2 cgroup2 mnt && cd mnt && ' .
		    'if [ -d "$2" ]; then find "$2" -depth -type d ' .
		    '-exec rmdir {} + 2>/dev/null; fi; [ ! -d "$2" ]',
		    'sh', $self->{dir}, $self->{cgroup}) == 0;
	}) or warn "$self->{cgroup} is still there\n";
	system('rm', '-rf', '--one-file-system', $self->{dir},
	    "$self->{dir}.log");
	$? = $status;
}

1;
