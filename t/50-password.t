#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# One's account on the page: a new password, the sign-in page before there is
# anybody, and where the web server signs people in.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;
use Stockroom;

my %users = (users => { ana => 'editor', ben => 'editor' });
my %remote = (STOCKROOM_AUTH => 'remote_user');

# What a scene can ask for; users come and go by a cookie, which plays the
# part of the web server's sign-in.
sub calls
{
	my ($s) = @_;

	return (
		ctl => sub { return $s->ctl_ok([@_]) },
		add => sub {
			return $s->ctl_ok(['user', 'add', $_[0], '--role',
			    'editor'], "stockroom\n");
		},
		app => sub {
			my ($env) = @_;
			$s->stop('app');
			$s->start('app', env => { %remote, %$env });
			return 1;
		});
}

sub believe_cookie
{
	my ($s) = @_;

	my $file = "$s->{dir}/nginx/nginx.conf";
	open my $in, '<', $file or die "$file: $!";
	my $text = join '', <$in>;
	$text =~ s/(\n\tserver \{\n)/$1\t\tset \$stockroom_user \$cookie_who;\n/
	    or die "$file has no server";
	open my $out, '>', $file or die "$file: $!";
	print $out $text;
	close $out;
	$s->kill('nginx', 'HUP');
}

for my $kind (qw(chromium firefox)) {
	my $s = Stockroom->new(relay => 1, nginx => 1, %users);
	Browser::run("password.mjs $kind", "http://127.0.0.1:$s->{port}/",
	    calls($s));
	$s->finish;
}

my $s = Stockroom->new(nginx => 1, users => {});
$s->start('relay');
believe_cookie($s);
Browser::run('account.mjs', "http://127.0.0.1:$s->{port}/", calls($s));
$s->finish;
done_testing;
