#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The files for systemd, as "make install" puts them: whole, without anything
# that this systemd warns of, and sandboxed as narrowly as is promised.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Test::More;

use Stockroom;

my $build = Stockroom::build();
my $dir = tempdir(CLEANUP => 1);
system("make -s -C '$build' install prefix='$dir' >'$dir/log' 2>&1") == 0
    or BAIL_OUT("make install failed: $dir/log");
my $units = "$dir/lib/systemd/system";
my @files = map { s{.*/}{}r } sort glob "$units/*";
is_deeply \@files, [sort qw(stockroom-app.service stockroom-app.socket
    stockroom-backup.service stockroom-backup.timer stockroom-prune.service
    stockroom-prune.timer stockroom-relay-event.socket
    stockroom-relay-listen.socket stockroom-relay.service
    stockroom-relay.socket stockroom-setup.service)], 'the units';
ok -s "$dir/lib/$_/stockroom.conf", $_ for qw(sysusers.d tmpfiles.d);

sub text { open my $fh, '<', $_[0] or die "$_[0]: $!"; local $/; return <$fh> }

unlike text("$units/$_"), qr/\@[A-Z_]+\@/, "$_: every name is filled in"
    for @files;
for my $file (@files) {
	my $out = `systemd-analyze verify --man=no '$units/$file' 2>&1`;
	# What other software has installed here is not ours.
	my @said = grep { /stockroom/ } split /\n/, $out;
	is_deeply \@said, [], "$file: nothing to warn of";
}

# As many tenths as --threshold= takes them.
my %most = (app => 15, relay => 10, prune => 15, backup => 15);
for my $name (sort keys %most) {
	my $out = `systemd-analyze security --offline=true \\
	    --threshold=$most{$name} '$units/stockroom-$name.service' 2>&1`;
	is $?, 0, "stockroom-$name: its exposure is small" or diag $out;
	note +($out =~ /(Overall exposure.*)/)[0] // $out;
}

# What the programs look for is what the units pass.
my %sockets = ('stockroom-app.socket' => 'app', 'stockroom-relay.socket' =>
    'push', 'stockroom-relay-event.socket' => 'event',
    'stockroom-relay-listen.socket' => 'listen');
for my $file (sort keys %sockets) {
	my ($name) = text("$units/$file") =~ /^FileDescriptorName=(\w+)$/m;
	is $name, $sockets{$file}, "$file: its name";
	like join('', map { text($_) } glob(Stockroom::top() .
	    '/fcgi-app/*.c'), glob(Stockroom::top() . '/push-relay/*.c')),
	    qr/service_socket\("$name"\)/, 'which a program looks for';
}
like text("$dir/lib/sysusers.d/stockroom.conf"), qr/^u \Q$_\E /m,
    "a user $_" for map { text("$units/stockroom-$_.service") =~
    /^User=(.+)$/m } qw(app relay);
done_testing;
