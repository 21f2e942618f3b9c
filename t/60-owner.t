#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Root at the command line leaves nothing behind that shuts the app out: it
# works as the owner of the database.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;

use Check;
use Stockroom;

plan skip_all => 'root alone can be somebody else' if $> != 0;

my $s = Stockroom->new(app => 0, users => {});
# The owner may be unable to reach the source tree: one below /root, say.
mkdir "$s->{dir}/bin" or die "bin: $!";
system('cp', "$s->{build}/stockroom-app", "$s->{build}/stockroomctl",
    "$s->{dir}/bin") == 0 or die "cp: $?";
$s->{build} = "$s->{dir}/bin";
OpenApi::load($s->top);
my $dir = "$s->{dir}/data";
my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
mkdir $dir, 0700 or die "$dir: $!";
chown $uid, $gid, $dir;
$s->{env}{STOCKROOM_DB} = "$dir/stockroom.db";
$s->{env}{STOCKROOM_KEY_FILE} = "$dir/ticket.key";
# Leaks are looked for by tracing, which one that changes its user forbids.
$s->{env}{ASAN_OPTIONS} = 'detect_leaks=0';

# Files of the data directory that are not its owner's.
sub strangers
{
	return grep { (lstat)[4] != $uid || (lstat)[5] != $gid } glob "$dir/*";
}

# A request as plain CGI, by the owner.
sub as_owner
{
	my (@request) = @_;

	my ($r) = parallel(1, sub {
		POSIX::setgid($gid);
		POSIX::setuid($uid);
		return $s->request(@request, via => 'cgi');
	});
	return $r;
}

chmod 0777, $s->{dir};
open my $log, '>>', $s->log_file('cgi');
close $log;
chmod 0666, $s->log_file('cgi');
is(($s->ctl(['user', 'add', 'ana', '--role', 'admin'], "stockroom\n"))[0], 0,
    'root adds the first user');
ok(-e "$dir/$_", "$_ is there") for qw(stockroom.db ticket.key ticket.key.pub);
is_deeply([strangers()], [], "all of it is the directory's owner's");

my $token = $s->token('ana');
my $r = as_owner('POST', '/inventory/items', token => $token,
    json => { sku => 'O-1', name => 'a' });
is_status($r, 201, 'the owner writes');
is(($s->ctl(['user', 'role', 'ana', 'editor']))[0], 0, 'root writes again');
is_deeply([strangers()], [], "and nothing becomes root's");
is_status(as_owner('PATCH', '/inventory/items/O-1', token => $token,
    json => { name => 'b' }), 200, 'the owner goes on writing');
chown 0, 0, $dir;
chmod 0777, $dir;
is(($s->ctl(['user', 'role', 'ana', 'admin']))[0], 0,
    "where the directory is root's, the file says whose it is");
is_deeply([strangers()], [], 'and keeps its owner');
chown $uid, $gid, $dir;
chmod 0700, $dir;

# A name that the owner plants leads root nowhere.
my $secret = "$s->{dir}/secret";
open my $fh, '>', $secret or die "$secret: $!";
print $fh 'for root alone';
close $fh;
chmod 0600, $secret;
symlink $secret, "$dir/other.db";
{
	local $s->{env}{STOCKROOM_DB} = "$dir/other.db";
	isnt(($s->ctl(['user', 'add', 'eve', '--role', 'admin'],
	    "stockroom\n"))[0], 0, "a link to root's file is not followed");
}
open $fh, '<', $secret or die "$secret: $!";
is(scalar <$fh>, 'for root alone', 'which stays as it was');
is((stat $secret)[4], 0, "and root's");
unlink "$dir/other.db";

# Files that root names are root's affair.
my $hidden = "$s->{dir}/hidden";
mkdir $hidden, 0700 or die "$hidden: $!";
is(($s->ctl(['item', 'export', "$hidden/items.csv"]))[0], 0,
    'an export goes where root alone may write');
is((stat "$hidden/items.csv")[4], 0, "and is root's");

is(($s->ctl(['data', 'backup', "$hidden/copy.db"]))[0], 0, 'so does a backup');
is((stat "$hidden/copy.db")[4], 0, "and is root's");
is(($s->ctl(['data', 'backup', "$dir/copy.db"]))[0], 0,
    'a backup where the owner may write');
is_deeply([strangers()], [], 'is made by the owner');

# Nobody but root becomes another.
my ($seen) = parallel(1, sub {
	POSIX::setgid($gid);
	POSIX::setuid($uid);
	return [$s->ctl(['user', 'list'])];
});
is($seen->[0], 0, 'the owner needs no root');
like($seen->[1], qr/^ana /m, 'and sees the same');
$s->finish;
done_testing;
