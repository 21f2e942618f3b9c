# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Apache 2.4 for a Stockroom: a site as it is installed, of which nothing is
# replaced but addresses and paths, under Debian's modules.
#
#	my $tree = Nginx::install($build);	# make install, once a test
#	my $s = Stockroom->new(app => 0, relay => 1);
#	Apache::start($s, tree => $tree, app => 'fcgid', site => 'site');
#
# It gives $s->{url}, the page's address by name, and @{ $s->{curl} }, how
# curl gets there; $s->{port} is where port 80 would be, $s->{tls_port} 443.
#
# Apache, started by root, has its workers run as www-data, who must see the
# files: so the program is copied into the temp dir.

package Apache;

use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use IO::Socket::INET;

use Nginx qw();
use Slurp qw(slurp spew);

use constant {
	MODULES => '/usr/lib/apache2/modules',
	USER => 'www-data',
};

# What Debian enables by itself.
my @always = qw(mpm_event authz_core authn_core authz_host access_compat
    auth_basic authn_file authz_user alias autoindex deflate dir env filter
    mime negotiation reqtimeout setenvif status);
# What the heads of the files name besides.
my %needs = (proxy => [qw(headers proxy proxy_fcgi)],
    fcgid => [qw(headers fcgid)], cgi => [qw(headers cgid)],
    poll => [qw(proxy proxy_http)], site => [qw(socache_shmcb ssl)],
    prefix => []);

# Options: tree, app ('proxy', 'fcgid', 'cgi'), site ('site', 'prefix');
# plain => 1 includes in port 80's host what the other has; push => the
# origin of the relay's own port; workers (25); edit => a sub that changes the
# site's text besides, given that and our dir; modules => [more]; htdocs.
sub start
{
	my ($s, %opt) = @_;

	my $conf = configure($s, %opt);
	own($s, $opt{app});
	$s->start('app', app => 'socket') if $opt{app} eq 'proxy';
	$s->start('relay');
	$s->spawn('apache', [program(), '-D', 'FOREGROUND', '-f', $conf]);
	$s->wait_for(sub {
		die 'apache ended at start: ' . $s->log_text('apache')
		    unless $s->running('apache');
		return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $s->{port});
	}, 30) or die 'apache does not serve: ' . $s->log_text('apache');
	return $s;
}

sub program
{
	return (grep { -x } map { "$_/apache2" } split(/:/, $ENV{PATH}),
	    '/usr/sbin')[0] // die "no apache2\n";
}

# Who the workers are, and so the programs that Apache starts.
sub user { return $> == 0 ? USER : scalar getpwuid $> }

# Before the parts of S start: sockets in its dir are of Apache's group, as
# systemd's are, and for programs that Apache starts the database is its
# user's, as app-fcgid.conf says.
sub own
{
	my ($s, $app) = @_;

	return if $> != 0;
	my ($uid, $gid) = (getpwnam USER)[2, 3];
	my @data = grep { !m{/apache2$} } glob "$s->{dir}/*";
	chown $app eq 'proxy' ? 0 : $uid, $gid, $s->{dir},
	    $app eq 'proxy' ? () : @data;
	chmod 02755, $s->{dir};
}

# Write the configuration; the path of its main file.
sub configure
{
	my ($s, %opt) = @_;

	my ($dir, $tree) = ($s->{dir}, $opt{tree});
	my $data = Nginx::datadir($tree);
	my $etc = "$dir/apache2";
	make_path($etc, "$dir/libexec", "$dir/fcgid");
	copy("$s->{build}/stockroom-app", "$dir/libexec/stockroom-app")
	    or die "copy: $!\n";
	chmod 0755, "$dir/libexec/stockroom-app";
	$s->{$_} //= Nginx::free_port() for qw(port tls_port);
	Nginx::certificate($dir);
	my $fill = filler($s, $data, %opt);
	for my $file (glob "$tree$data/conf/apache/*.conf") {
		my ($name) = $file =~ m{([^/]+)$};
		spew("$etc/$name", $fill->(slurp($file)));
	}
	my $name = "$etc/stockroom-$opt{site}.conf";
	my $text = slurp($name);
	$text = choose($text, %opt);
	$text = $opt{edit}->($text, $dir) if $opt{edit};
	spew($name, $text);
	address($s, %opt);
	spew("$etc/apache2.conf", main_file($s, $name, %opt));
	return "$etc/apache2.conf";
}

# The choices that the site's head offers.
sub choose
{
	my ($text, %opt) = @_;

	$text =~ s{app-proxy\.conf"}{app-$opt{app}.conf"} or die 'no app-*';
	$text =~ s{^#(Define STOCKROOM_PUSH_ORIGIN) .*}{$1 $opt{push}}m
	    or die 'no push' if $opt{push};
	return $text unless $opt{plain};
	my ($includes) = $text =~ /((?:^\tInclude .*\n)+)/m or die 'no Include';
	$text =~ s{^\tRedirectMatch permanent(?:.*\\\n)*.*\n}{$includes}m
	    or die 'no Redirect';
	return $text;
}

# A sub that puts our addresses and paths in the place of the installed ones.
sub filler
{
	my ($s, $data, %opt) = @_;

	my $dir = $s->{dir};
	my $htdocs = $opt{htdocs} // "$opt{tree}$data/htdocs";
	my @fill = ([qr{\Q$data\E/conf/apache}, "$dir/apache2"],
	    [qr{\Q$data\E/htdocs}, $htdocs],
	    [qr{/usr(/local)?/libexec(?=[/"])}, "$dir/libexec"],
	    [qr{/run/stockroom/app\.sock}, $s->app_socket],
	    [qr{/run/stockroom/push\.sock}, $s->push_socket],
	    [qr{(?<![\w.-])/etc/apache2}, "$dir/apache2"],
	    [qr{/etc/letsencrypt/live/stock\.example\.com}, $dir],
	    [qr{<VirtualHost \*:80>}, "<VirtualHost *:$s->{port}>"],
	    [qr{<VirtualHost \*:443>}, "<VirtualHost *:$s->{tls_port}>"]);
	return sub {
		my ($text) = @_;
		$text =~ s/$_->[0]/$_->[1]/g for @fill;
		return $text;
	};
}

# Where the page is, by name and for curl.
sub address
{
	my ($s, %opt) = @_;

	my $host = Nginx::HOST;
	my $tls = $s->{tls} = $opt{site} eq 'site' && !$opt{plain};
	$s->{url} = ($tls ? 'https' : 'http') . "://$host$s->{base}/";
	$s->{curl} = ['--cacert', "$s->{dir}/fullchain.pem",
	    '--connect-to', "$host:443:127.0.0.1:$s->{tls_port}",
	    '--connect-to', "$host:80:127.0.0.1:$s->{port}"];
}

# What Debian's apache2.conf and mods-enabled/ say, on our ports and paths;
# our settings are given to programs that Apache starts.
sub main_file
{
	my ($s, $site, %opt) = @_;

	my $dir = $s->{dir};
	my $workers = $opt{workers} // 25;
	my $threads = $workers < 25 ? $workers : 25;
	my %seen;
	my @modules = grep { !$seen{$_}++ } @always, (map { @{ $needs{$_} } }
	    $opt{app}, $opt{site}, $opt{push} ? () : "poll"),
	    @{ $opt{modules} // [] };
	my $text = "ServerRoot $dir/apache2\n" . join '', map {
	    "LoadModule ${_}_module " . MODULES . "/mod_$_.so\n" } @modules;
	$text .= <<EOF;
DefaultRuntimeDir $dir
PidFile $dir/apache.pid
Mutex file:$dir
ErrorLog $dir/apache.log
LogLevel warn
ServerName localhost
Listen 127.0.0.1:$s->{port}
Define APACHE_LOG_DIR $dir
TypesConfig /etc/mime.types
StartServers 1
ThreadsPerChild $threads
MaxRequestWorkers $workers
MinSpareThreads 1
MaxSpareThreads $workers
Timeout 60
KeepAliveTimeout 5
DocumentRoot /var/www/html
<Directory />
	Require all denied
</Directory>
<Directory /var/www/>
	Require all granted
</Directory>
AddOutputFilterByType DEFLATE text/html text/css text/javascript
<Location /server-status>
	SetHandler server-status
	Require local
</Location>
EOF
	$text .= 'User ' . USER . "\nGroup " . USER . "\n" if $> == 0;
	$text .= "Listen 127.0.0.1:$s->{tls_port}\n" if $opt{site} eq 'site';
	my %env = %{ $s->{env} };
	$text .= "FcgidIPCDir $dir/fcgid\n" .
	    "FcgidProcessTableFile $dir/fcgid/table\n" .
	    join '', map { "FcgidInitialEnv $_ \"$env{$_}\"\n" } sort keys %env
	    if $opt{app} eq 'fcgid';
	$text .= "ScriptSock $dir/cgid.sock\n" .
	    join '', map { "SetEnv $_ \"$env{$_}\"\n" } sort keys %env
	    if $opt{app} eq 'cgi';
	return $text . "Include $site\n";
}

# How many workers are busy besides the one that tells.
sub busy
{
	my ($s) = @_;

	my $r = Client::http(IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $s->{port}), 'GET', '/server-status?auto',
	    { Host => 'localhost' }, '');
	my ($n) = $r->{body} =~ /^BusyWorkers: (\d+)/m
	    or die "no status: $r->{status}\n";
	return $n - 1;
}

1;
