#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# README's next steps, typed as they stand into a bare Debian that has
# booted: the lines for nginx in one, those for Apache in another.  Then the
# main scene is played on what they made.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Test::More;

use Deb;
use Scene;
use Slurp qw(slurp);
use Tree;

plan skip_all => 'a tree of its own needs root' if $> != 0;

my $deb = Deb::built();
Tree::alone(sub { Tree::base($deb, @Tree::SETS) });

# The lines of README that are indented, after the one that begins so.
sub lines_behind
{
	my ($server) = @_;
	my ($block) = slurp("$FindBin::Bin/../README") =~
	    /^Behind \Q$server\E,.*?\n\n((?:    [^\n]*\n)+)/ms;

	return map { s/^    //r } split /\n/, $block // '';
}

# What the scene wants to know of a site.
sub Site::PASSWORD { return 'stockroom' }
sub Site::room { return 'inventory_management' }

# Type the lines for one web server, then play the scene at URL, and do what
# there is to do MORE.
sub follow
{
	my ($server, $url, $more, %scene) = @_;
	my @lines = lines_behind($server);
	my $tree = Tree->new(Tree::base($deb, @Tree::SETS));

	cmp_ok scalar @lines, '>', 4, "$server: there are lines to type";
	cmp_ok scalar @lines, '<=', 10, '... ten at most';
	$tree->bring($deb->{path});
	# One shell for all of them.  Who types says yes to apt, and has a
	# password at hand.
	my $script = "export APT_CONFIG=/root/yes; set -e\n" .
	    "echo 'APT::Get::Assume-Yes 1;' >\$APT_CONFIG\n" .
	    "echo stockroom >password\n" .
	    join '', map { "echo '+ '" . quoted($_) . "\n" . 'eval ' .
	    quoted($_) . " <~/password\n" } @lines;
	my $r = $tree->run($script);
	is $r->{status}, 0, "$server: they work" or diag Tree::tail($r);
	like $r->{out}, qr/"status":"ok"[^\n]*\z/,
	    '... and the last one shows that it is well';
	is $tree->run('systemctl --failed --no-legend --plain')->{out}, '',
	    '... no unit has failed';
	$r = $tree->run('stockroomctl user list');
	like $r->{out}, qr/^admin\s+admin\b/m, '... and admin is an admin';

	for my $name (qw(ana ben)) {
		$r = $tree->run("stockroomctl user add $name --role editor",
		    input => Site::PASSWORD() . "\n");
		is $r->{status}, 0, "$server: $name is let in" or
		    diag Tree::tail($r);
	}
	scene(bless({ dir => tempdir(CLEANUP => 1) }, 'Site'),
	    url => $url, label => $server, %scene);
	$more->($tree) if $more;
	my $log = $tree->run('journalctl -b -p err -q --no-pager -t ' .
	    'stockroom-app -t stockroom-relay')->{out};
	is $log, '', "$server: no error is in the journal";
	$tree->finish;
}

sub quoted
{
	my ($text) = @_;

	return "'" . $text =~ s/'/'\\''/gr . "'";
}

# What README made of Apache, by mod_fcgid and then by plain CGI: as the head
# of app-fcgid.conf says.
sub other_ways
{
	my ($tree) = @_;
	my ($lines) = slurp("$FindBin::Bin/../conf/apache/" .
	    'app-fcgid.conf.in') =~ /is restarted:\n#\n(.*?)\n#\n/s;
	my $site = '/etc/apache2/conf-available/stockroom.conf';
	my $restart = "systemctl restart apache2\n" .
	    "curl -f http://localhost/stock/api/v1/health\n";
	my @ways = (['mod_fcgid', "set -e\n" . $lines =~ s/^#\t?//gmr .
	    "\napt-get install -y libapache2-mod-fcgid\n" .
	    "sed -i s/app-proxy/app-fcgid/ $site\na2enmod fcgid\n$restart"],
	    ['plain CGI', "set -e\n" .
	    "sed -i s/app-fcgid/app-cgi/ $site\na2enmod cgid\n$restart"]);

	for (@ways) {
		my ($name, $script) = @$_;
		my $r = $tree->run($script);
		is $r->{status}, 0, "$name: its lines work" or
		    diag Tree::tail($r);
		scene(bless({ dir => tempdir(CLEANUP => 1) }, 'Site'),
		    url => 'http://localhost/stock/', label => $name,
		    stream => 0);
		$r = $tree->run('systemctl start stockroom-prune ' .
		    'stockroom-backup');
		is $r->{status}, 0, "$name: the daily services go on" or
		    diag Tree::tail($r);
	}
}

follow('nginx', 'http://localhost/', undef);
follow('Apache', 'http://localhost/stock/', \&other_ways, stream => 0);
done_testing;
