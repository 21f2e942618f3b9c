# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The Debian package of this tree, as an admin would build it: from what
# "make dist" packs, by dpkg-buildpackage.  It is built once and kept in the
# build directory under a name made of all that went into it.
#
#	my $deb = Deb::built();		# a Deb
#	$deb->{path}, $deb->{changes}, $deb->{log}, $deb->{version}
#	my $old = $deb->renamed('0.0.9', $dir);

package Deb;

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA;
use Fcntl qw(:flock);
use File::Find ();
use File::Path qw(make_path remove_tree);

use Slurp qw(slurp);
use Stockroom;

# Run a command with its output at the end of LOG; true if it went well.
sub run_logged
{
	my ($log, @argv) = @_;

	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $log;
		open STDERR, '>&', \*STDOUT;
		exec { $argv[0] } @argv or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return $? == 0;
}

# A name for all that lies below a directory: names, modes and contents.
sub digest
{
	my ($dir) = @_;
	my $sha = Digest::SHA->new(256);
	my @files;

	File::Find::find({ no_chdir => 1, wanted => sub {
		push @files, $_ if -f } }, $dir);
	for my $file (sort @files) {
		$sha->add(substr($file, length $dir), "\0",
		    -x $file ? 'x' : '-', "\0");
		$sha->addfile($file, 'b');
	}
	return substr $sha->hexdigest, 0, 16;
}

# The package, built now unless it is there; dies with the log's end.
sub built
{
	my $build = Stockroom::build();
	my $dir = "$build/package";
	make_path($dir);
	open my $lock, '>', "$dir/lock" or die "$dir/lock: $!\n";
	flock $lock, LOCK_EX;

	my ($tmp, $log) = ("$dir/tmp", "$dir/build.log");
	remove_tree($tmp);
	make_path($tmp);
	unlink $log;
	run_logged($log, 'make', '-s', '-C', $build, 'distdir',
	    "distdir=$tmp/source")
	    or die "make distdir failed\n" . slurp($log);
	my $key = digest("$tmp/source");
	if (!-d "$dir/$key") {
		build($tmp, $log);
		remove_tree(glob "$dir/????????????????");
		remove_tree("$tmp/source");
		rename $log, "$tmp/build.log";
		rename $tmp, "$dir/$key" or die "$tmp: $!\n";
	}
	remove_tree($tmp);
	return found("$dir/$key");
}

sub build
{
	my ($tmp, $log) = @_;
	my $cpus = () = slurp('/proc/cpuinfo') =~ /^processor\b/mg;

	# Its unit tests are run by everybody else.
	local $ENV{DEB_BUILD_OPTIONS} = "nocheck noautodbgsym parallel=$cpus";
	run_logged($log, 'env', '-C', "$tmp/source",
	    'dpkg-buildpackage', '-us', '-uc', '-b')
	    or die "dpkg-buildpackage failed\n" .
	    join "\n", (split /\n/, slurp($log))[-40 .. -1];
}

sub found
{
	my ($dir) = @_;
	my ($path) = glob "$dir/stockroom_*.deb" or die "$dir: no package\n";
	my ($changes) = glob "$dir/stockroom_*.changes";
	my ($version) = $path =~ /stockroom_([^_]+)_/;

	return bless { path => abs_path($path), version => $version,
		changes => $changes, log => "$dir/build.log" }, 'Deb';
}

# The same package under another version, in DIR; its path.
sub renamed
{
	my ($self, $version, $dir) = @_;
	my $log = "$dir/renamed.log";
	my $root = "$dir/renamed";
	my $path = $self->{path} =~ s{.*/stockroom_[^_]+_}
	    {$dir/stockroom_${version}_}r;

	run_logged($log, 'dpkg-deb', '-R', $self->{path}, $root)
	    or die slurp($log);
	my $control = slurp("$root/DEBIAN/control");
	$control =~ s/^Version: .*/Version: $version/m;
	open my $out, '>', "$root/DEBIAN/control" or die "control: $!\n";
	print $out $control;
	close $out or die "control: $!\n";
	run_logged($log, 'dpkg-deb', '--root-owner-group', '-Zgzip', '-z1',
	    '-b', $root, $path) or die slurp($log);
	remove_tree($root);
	return $path;
}

1;
