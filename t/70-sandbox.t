#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The sandbox: what is forbidden is tried from inside and fails, what is
# needed works; and the programs are in it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' });
my $try = "$s->{build}/t/lib/try-sandbox";
my $sanitized = `nm '$try'` =~ /__asan_init/;
my ($own, $foreign) = ("$s->{dir}/own", "$s->{dir}/foreign");
mkdir $own;
my $listener = Service::listener("$foreign.sock");
ok Stockroom::has_sandbox(), 'the kernel has Landlock and seccomp'
    or BAIL_OUT('without them nothing can be proved');

sub fill
{
	open my $fh, '>', $foreign or die;
	print $fh "keep\n";
	close $fh;
	chmod 0600, $foreign;
}

sub content { open my $fh, '<', $_[0] or return 'gone'; return <$fh> // '' }

# What each try gave, in this mode.
sub tried
{
	my ($mode, @only) = @_;

	my $pid = open my $out, '-|', $try, $mode, $own, $foreign, @only
	    or die "$try: $!";
	my %got = map { /^(\S+) (\S+)$/ } <$out>;
	close $out;
	return \%got;
}

# -- each thing that it forbids or leaves, tried for real

my @calls = qw(execve inet inet6 netlink packet read-memory kill mount unshare
    chroot setuid bpf userfaultfd keyctl io-uring chmod);
push @calls, qw(fork ptrace) unless $sanitized;
my @files = qw(write-foreign truncate-foreign make-foreign remove-foreign
    take-foreign write-passwd symlink);
# A sanitizer reads what it likes for its reports.
push @files, qw(read-foreign read-passwd list-root) unless $sanitized;
my @needed = qw(make-own truncate-own remove-own random unix thread connect);

fill();
my $got = tried('on');
is $got->{$_}, 'EPERM', "$_ is refused" for @calls;
is $got->{$_}, 'EACCES', "$_ is refused" for @files, 'bind-tcp';
is $got->{$_}, 'yes', "$_ works" for @needed;
is content($foreign), "keep\n", 'the foreign file is as it was';

# Each try is a real one: without the sandbox it works.
for my $name (qw(inet fork kill chmod write-foreign make-foreign read-foreign
    read-passwd list-root), @needed) {
	is tried('off', $name)->{$name}, 'yes', "off: $name works";
}
is_deeply tried('off', 'execve'), {}, 'off: another program is run';

# Mode strict: the call is the end.
for my $name (@calls) {
	is_deeply tried('strict', $name), {}, "strict: $name gets no answer";
	is $? & 127, POSIX::SIGSYS, 'it is the end';
}
is_deeply tried('strict', 'write-foreign'), { 'write-foreign' => 'EACCES' },
    'strict: files are refused as ever';

# A kernel without Landlock: one line, and on; strict refuses to start.
{
	open my $old, '>&', \*STDERR or die;
	open STDERR, '>', "$s->{dir}/err" or die;
	$got = tried('without-landlock:on');
	is_deeply tried('without-landlock:strict', 'unix'), {},
	    'strict does not start without Landlock';
	is $? >> 8, 71, 'with exit code 71';
	open STDERR, '>&', $old or die;
}
is $got->{inet}, 'EPERM', 'without Landlock: calls are refused all the same';
is $got->{'make-foreign'}, 'yes', 'files are not';
open my $err, '<', "$s->{dir}/err" or die;
my @lines = <$err>;
is scalar @lines, 2, 'each says so in one line';
like $lines[0], qr/warn .*no Landlock/, 'a warning';
like $lines[1], qr/error .*strict.*no Landlock/, 'an error';

# -- the programs are in it, with all of their threads

sub states
{
	my ($name, $field) = @_;
	my %seen;

	for my $file (glob '/proc/' . $s->pid($name) . '/task/*/status') {
		open my $fh, '<', $file or next;
		/^$field:\s+(\d+)/ and $seen{$1}++ while <$fh>;
	}
	return join ' ', sort keys %seen;
}

for my $name (qw(app relay)) {
	is states($name, 'Seccomp'), 2, "$name: seccomp";
	is states($name, 'NoNewPrivs'), 1, "$name: no new privileges";
}
is $s->post('/inventory/items', { sku => 'A', name => 'a' },
    token => $s->token('ana'))->{status}, 201, 'they do their work';

# The relay cannot read a key that is not where keys are.
unless ($sanitized) {
	my $keys = "$s->{dir}/keys";
	mkdir $keys;
	mkdir "$s->{dir}/elsewhere";
	my $pub = "$s->{dir}/elsewhere/ticket.key.pub";
	system('cp', "$s->{env}{STOCKROOM_KEY_FILE}.pub", $pub) == 0 or die;
	my @env = (STOCKROOM_KEY_FILE => "$keys/k",
	    STOCKROOM_EVENT_SOCKET => "$keys/e.sock",
	    STOCKROOM_PUSH_SOCKET => "$keys/p.sock");
	$s->spawn('fenced', ["$s->{build}/stockroom-relay"], env => { @env });
	ok $s->wait_for(sub { $s->log_text('fenced') =~ /ready on/ }, 20),
	    'a relay without its key';
	symlink $pub, "$keys/k.pub" or die;
	ok $s->wait_for(sub { $s->log_text('fenced') =~
	    /k\.pub: Permission denied/ }, 10), 'a link out of its directory';
	unlink "$keys/k.pub";
	system('cp', $pub, "$keys/k.pub") == 0 or die;
	ok $s->wait_for(sub { $s->log_text('fenced') =~ /have the ticket/ },
	    10), 'the key itself';
}

# -- the setting

for my $name (qw(app relay)) {
	$s->restart($name, env => { STOCKROOM_SANDBOX => 'off' });
	is states($name, 'Seccomp'), 0, "off: $name without seccomp";
	is states($name, 'NoNewPrivs'), 0, "off: $name as it was started";
}
$s->spawn('wrong', ["$s->{build}/stockroom-relay"],
    env => { STOCKROOM_SANDBOX => 'maybe' });
is +($s->reap('wrong', 20) // -1) >> 8, 78, 'another word is refused';
like $s->log_text('wrong'), qr/STOCKROOM_SANDBOX.*strict/, 'and told which';
$s->{proc}{wrong}{dirty} = 1;
$s->stop('wrong');

$s->finish;
done_testing;
