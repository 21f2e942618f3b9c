#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# The Debian package in a bare Debian that has booted: lintian has nothing to
# say; it installs, runs, is upgraded without one refused request, removed,
# installed again and purged; the stock survives all but the last.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Test::More;

use Deb;
use Slurp qw(slurp);
use Tree;
use Writer;

plan skip_all => 'a tree of its own needs root' if $> != 0;

my $deb = Deb::built();
my ($tar, $url) = (undef, 'http://127.0.0.1');
Tree::alone(sub { Tree::base($deb, @Tree::SETS) });

my $lint = `lintian --allow-root --fail-on error,warning \\
    --tag-display-limit 0 '$deb->{changes}' 2>&1`;
is $?, 0, 'lintian has nothing to say' or diag $lint;
my $log = slurp($deb->{log});
unlike $log, qr/warning:/i, 'dpkg-buildpackage has not either';

my $tree = Tree->new(Tree::base($deb, @Tree::SETS));
my $old = $deb->renamed('0.0.9', tempdir(CLEANUP => 1));
$tree->bring($_) for $old, $deb->{path};

sub install
{
	my ($version, $more, $what) = @_;

	$tree->ran("apt-get install -y ./stockroom_${version}_*.deb $more",
	    $what);
	$tree->says('dpkg-query -W -f "\${Status} \${Version}" stockroom',
	    "install ok installed $version", '... with all it needs');
}

# Owner, group and mode of each, in the order of names.
sub modes
{
	my ($what, %mode) = @_;

	for my $path (sort keys %mode) {
		$tree->says("stat -c '%U %G %a' $path", $mode{$path},
		    "$what: $path");
	}
}

# ---- installed

install('0.0.9', 'nginx curl', 'the package installs');
modes('installed',
	'/etc/stockroom.conf' => 'root root 644',
	'/usr/bin/stockroomctl' => 'root root 755',
	'/usr/sbin/stockroom-relay' => 'root root 755',
	'/usr/libexec/stockroom-app' => 'root root 755',
	'/var/lib/stockroom' => 'stockroom stockroom 750',
	'/var/lib/stockroom/stockroom.db' => 'stockroom stockroom 600',
	'/var/lib/stockroom/ticket.key' => 'stockroom stockroom 400',
	'/var/lib/stockroom/ticket.key.pub' => 'stockroom stockroom 444',
	'/run/stockroom/app.sock' => 'stockroom www-data 660',
	'/run/stockroom/push.sock' => 'stockroom www-data 660',
	'/run/stockroom/event.sock' => 'stockroom stockroom 600');
$tree->says('getent passwd stockroom stockroom-relay | cut -d: -f1,6,7',
    "stockroom:/var/lib/stockroom:/usr/sbin/nologin\n" .
    'stockroom-relay:/:/usr/sbin/nologin', 'two users that cannot sign in');
my $units = 'stockroom-app.socket stockroom-relay.socket ' .
    'stockroom-relay-event.socket';
$tree->says("systemctl is-active $units", join("\n", ('active') x 3),
    'the sockets listen');
$tree->says("systemctl is-enabled $units", join("\n", ('enabled') x 3),
    '... from the start of the machine on');
$tree->says('systemctl --failed --no-legend --plain', '', 'no unit has failed');

# ---- used

$tree->ran('stockroomctl user add ana --role admin', 'the first admin is made',
    input => "stockroom\n");
my $secret = $tree->ran('stockroomctl token add t --user ana', 'and a token');
($secret) = $secret =~ /(sr_\S+)/;
modes('after that', map { ($_ => 'stockroom stockroom 600') } split ' ',
    $tree->run('echo /var/lib/stockroom/stockroom.db*')->{out});
$tree->ran('cd /etc/nginx && conf=/usr/share/stockroom/conf/nginx &&
    ln -s $conf/http.conf conf.d/stockroom.conf &&
    cp $conf/site-plain.conf sites-enabled/stockroom &&
    rm sites-enabled/default && systemctl restart nginx', 'nginx serves it');
my $writer = Writer->new($url, $secret);
is $writer->create('A-1'), 201, 'an item is added through nginx';

# ---- upgraded, while somebody works

$tree->ran('echo STOCKROOM_HOVER_DELAY=400 >>/etc/stockroom.conf',
    'the settings are edited');
my $before = $tree->run('systemctl show -p MainPID --value stockroom-app ' .
    'stockroom-relay')->{out};
my $sockets = $tree->run('stat -c %i /run/stockroom/*')->{out};
$writer->start('A-1');
install($deb->{version}, '', 'an upgrade');
my ($good, $bad) = $writer->stop;
cmp_ok $good, '>', 20, "$good changes were made meanwhile";
is_deeply $bad, [], '... none was refused';
is $writer->quantity('A-1'), $good, '... and none is lost';
my $after = $tree->run('systemctl show -p MainPID --value stockroom-app ' .
    'stockroom-relay')->{out};
my %was = map { $_ => 1 } split ' ', $before;
is scalar(grep { $_ && !$was{$_} } split ' ', $after), 2,
    'both programs are new ones' or diag "$before\n$after";
$tree->says('stat -c %i /run/stockroom/*', $sockets =~ s{\n\z}{}r,
    'the sockets have been open all the time');
$tree->says('tail -n 1 /etc/stockroom.conf', 'STOCKROOM_HOVER_DELAY=400',
    'the edited settings are kept');

# Once more over itself: nothing is undone, nothing is done twice.
my $key = $tree->run('sha256sum /var/lib/stockroom/ticket.key')->{out};
$tree->ran('sh /var/lib/dpkg/info/stockroom.postinst configure ' .
    $deb->{version}, 'its scripts can run again');
$tree->says('sha256sum /var/lib/stockroom/ticket.key', $key =~ s/\n//r,
    'the key is the same');
is $writer->quantity('A-1'), $good, 'and so is the stock';

# ---- removed, and there again

$tree->ran('apt-get remove -y stockroom', 'it can be removed');
$tree->says("systemctl is-active stockroom-app stockroom-relay $units",
    join("\n", ('inactive') x 5), 'nothing of it runs');
like $tree->run('curl -s -o /dev/null -w %{http_code} ' .
    "$url/api/v1/health")->{out}, qr/502/, 'the web server says so';
modes('removed',
	'/etc/stockroom.conf' => 'root root 644',
	'/var/lib/stockroom/stockroom.db' => 'stockroom stockroom 600');
install($deb->{version}, '', 'it can be installed again');
is $writer->quantity('A-1'), $good, 'the stock is there';
$tree->says('tail -n 1 /etc/stockroom.conf', 'STOCKROOM_HOVER_DELAY=400',
    'and so are the settings');

# ---- purged

$tree->ran('apt-get purge -y stockroom', 'it can be purged');
$tree->says('find / -xdev -iname "*stockroom*" ! -path "/root/*" ' .
    '! -path "/etc/nginx/*" ! -path "/proc/*" ! -path "/var/log/*"', '',
    'nothing of it is left');
$tree->says('getent passwd stockroom stockroom-relay | cut -d: -f1',
    "stockroom\nstockroom-relay", 'but the users, whose numbers stay');
install($deb->{version}, '', 'even then it can be installed');
is $writer->quantity('A-1'), undef, '... and is empty';

$tree->finish;
done_testing;
