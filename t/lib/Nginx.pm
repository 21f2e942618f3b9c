# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# nginx for a Stockroom: the demo's, or a site as it is installed, of which
# nothing is replaced but addresses and paths.
#
#	my $tree = Nginx::install($build);	# make install, once a test
#	Stockroom->new(relay => 1, nginx => { tree => $tree,
#	    site => 'site-tls', prefix => '/stock' })
#
# $s->{port} is where port 80 would be, $s->{tls_port} where 443; $s->{url}
# is the page's address, by name, and @{ $s->{curl} } how curl gets there.

package Nginx;

use strict;
use warnings;

use File::Path qw(make_path);
use File::Temp ();
use IO::Socket::INET;

use Slurp qw(slurp spew);

use constant HOST => 'stock.example.com';

# What "make install" brings of the page and the configuration, in a temp dir
# that goes with the object; as a string it is the dir.
sub install
{
	my ($build) = @_;

	my $dir = File::Temp->newdir('stockroom-tree-XXXXXX', TMPDIR => 1);
	chmod 0755, $dir;
	local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
	delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
	my $said = `make -s -C '$build' install-data DESTDIR='$dir' 2>&1`;
	die "make install-data: $said" if $?;
	return $dir;
}

# Where the tree holds what is installed, such as /usr/share/stockroom.
sub datadir
{
	my ($tree) = @_;

	my ($conf) = grep { -d } glob "$tree/usr/share/stockroom " .
	    "$tree/usr/local/share/stockroom $tree/*/share/stockroom";
	return $conf =~ s/^\Q$tree\E//r;
}

sub program
{
	return (grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}),
	    '/usr/sbin')[0] // die "no nginx\n";
}

# A port of 127.0.0.1 that nobody has.
sub free_port
{
	return IO::Socket::INET->new(Listen => 1,
	    LocalAddr => '127.0.0.1')->sockport;
}

# Write the configuration for S by OPT; the path of its main file.
sub configure
{
	my ($s, %opt) = @_;

	$s->{port} //= free_port();
	return $opt{site} ? site($s, %opt) : demo($s, %opt);
}

# The demo's, filled in as ./bootstrap serve does it.
sub demo
{
	my ($s, %opt) = @_;

	my $conf = "$s->{dir}/nginx";
	my $top = $s->top;
	my @fill = ("CONF=$conf", "DIR=$s->{dir}", "LOGDIR=$s->{dir}",
	    'HTDOCS=' . ($opt{htdocs} // "$top/htdocs"),
	    "PORT=$s->{port}", 'SUFFIX=' . ($opt{prefix} ? '-stock' : ''),
	    'APP_SOCKET=' . $s->app_socket, 'PUSH_SOCKET=' . $s->push_socket);
	for my $from (qw(nginx demo)) {
		system("$top/conf/fill.sh", "$top/conf/$from", $conf,
		    @fill) == 0 or die "fill.sh failed\n";
	}
	spew("$conf/nginx.conf", slurp("$conf/nginx.conf") =~
	    s/^worker_processes \K1;/$opt{workers};/mr) if $opt{workers};
	$s->{url} = "http://127.0.0.1:$s->{port}" . ($opt{prefix} // '') . '/';
	$s->{curl} = [];
	return "$conf/nginx.conf";
}

# A main file as Debian's is, that includes what an admin has put in place.
sub main_file
{
	my ($dir, $log) = @_;

	return <<EOF;
pid $dir/nginx.pid;
error_log $log warn;
worker_processes 1;
include $dir/etc/modules-enabled/*.conf;
events {
	worker_connections 4096;
}
http {
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	ssl_protocols TLSv1.2 TLSv1.3;
	ssl_prefer_server_ciphers on;
	access_log $dir/access.log;
	gzip on;
	client_body_temp_path $dir/body;
	proxy_temp_path $dir/proxy;
	fastcgi_temp_path $dir/fastcgi;
	uwsgi_temp_path $dir/uwsgi;
	scgi_temp_path $dir/scgi;
	include $dir/etc/conf.d/*.conf;
	include $dir/etc/sites-enabled/*;
}
EOF
}

# The installed site SITE of TREE, put in place as its head says; below
# PREFIX as an admin would edit it.  EDIT changes the site's text besides;
# OTHERS is more for conf.d.
sub site
{
	my ($s, %opt) = @_;

	my ($dir, $tree) = ($s->{dir}, $opt{tree});
	my $data = datadir($tree);
	my $from = "$tree$data/conf/nginx";
	my $etc = "$dir/etc";
	make_path(map { "$etc/$_" } qw(modules-enabled conf.d sites-enabled
	    snippets nginx));
	$s->{tls_port} //= free_port();
	my $fill = filler($s, $data, $opt{htdocs} // "$tree$data/htdocs");
	for my $file (glob "$from/*.conf") {
		my ($name) = $file =~ m{([^/]+)$};
		spew("$etc/nginx/$name", $fill->(slurp($file)));
	}
	my $text = slurp("$from/$opt{site}.conf");
	$text = below($text, $from, $opt{prefix}, $etc, $fill)
	    if defined $opt{prefix};
	$text = $opt{edit}->($text) if $opt{edit};
	spew("$etc/sites-enabled/stockroom", $fill->($text));
	symlink "$etc/nginx/http.conf", "$etc/conf.d/stockroom.conf";
	symlink "$etc/nginx/main.conf",
	    "$etc/modules-enabled/90-stockroom.conf";
	spew("$etc/conf.d/others.conf", $fill->($opt{others}))
	    if $opt{others};
	certificate($dir);
	my $tls = $s->{tls} = $text =~ /^\s*listen 443 ssl/m ? 1 : 0;
	$s->{url} = ($tls ? 'https' : 'http') . '://' . HOST .
	    ($opt{prefix} // '') . '/';
	$s->{curl} = ['--cacert', "$dir/fullchain.pem",
	    '--connect-to', HOST . ":443:127.0.0.1:$s->{tls_port}",
	    '--connect-to', HOST . ":80:127.0.0.1:$s->{port}"];
	spew("$dir/nginx.conf", main_file($dir, $s->log_file('nginx')));
	return "$dir/nginx.conf";
}

# A sub that puts our addresses and paths in the place of the installed ones.
sub filler
{
	my ($s, $data, $htdocs) = @_;

	my $dir = $s->{dir};
	my @fill = ([qr{\Q$data\E/conf/nginx}, "$dir/etc/nginx"],
	    [qr{\Q$data\E/htdocs}, $htdocs],
	    [qr{/run/stockroom/app\.sock}, $s->app_socket],
	    [qr{/run/stockroom/push\.sock}, $s->push_socket],
	    [qr{/var/log/nginx}, $dir],
	    [qr{(?<![\w.-])/etc/nginx}, "$dir/etc"],
	    [qr{/etc/letsencrypt/live/stock\.example\.com}, $dir],
	    [qr{\blisten 80\b}, "listen 127.0.0.1:$s->{port}"],
	    [qr{\blisten \[::\]:80\b}, "listen 127.0.0.2:$s->{port}"],
	    [qr{\blisten 443\b}, "listen 127.0.0.1:$s->{tls_port}"],
	    [qr{\blisten \[::\]:443\b}, "listen 127.0.0.2:$s->{tls_port}"]);
	return sub {
		my ($text) = @_;
		$text =~ s/$_->[0]/$_->[1]/g for @fill;
		return $text;
	};
}

# The site's TEXT with PREFIX: the file for /stock, or a copy of it, made by
# the line that it shows itself.
sub below
{
	my ($text, $from, $prefix, $etc, $fill) = @_;

	my $stock = slurp("$from/locations-stock.conf");
	my $to = "$etc/nginx/locations-stock.conf";
	if ($prefix ne '/stock') {
		my ($edit) = $stock =~ /^#\s+sed '([^']+)'/m
		    or die "locations-stock.conf does not say how\n";
		$edit =~ s{/lager}{$prefix};
		open my $fh, '-|', 'sed', $edit, "$from/locations-stock.conf"
		    or die "sed: $!\n";
		local $/;
		$to = "$etc/snippets/stockroom.conf";
		spew($to, $fill->(scalar <$fh>));
	}
	$text =~ s{^(\s*include )\S+/locations\.conf;}{$1$to;}m
	    or die "the site includes no locations\n";
	return $text;
}

# For edit: the site with that block of its comment in force whose first line
# begins with FIRST.
sub uncomment
{
	my ($first) = @_;

	return sub {
		my ($text) = @_;
		$text =~ s{^((?:\t#\S.*\n|\t#\t.*\n)+)}{
			my $block = $1;
			$block =~ /^\t#\Q$first\E/ ?
			    $block =~ s/^\t#/\t/gmr : $block;
		}gme;
		$text =~ m{^\t\Q$first\E}m or die "no line $first\n";
		return $text;
	};
}

# One for our name and the loopback's, made by itself.
sub certificate
{
	my ($dir) = @_;

	return if -e "$dir/privkey.pem";
	my $said = `openssl req -x509 -batch -nodes -days 2 -newkey ec \\
	    -pkeyopt ec_paramgen_curve:prime256v1 -subj '/CN=@{[HOST]}' \\
	    -addext 'subjectAltName=DNS:@{[HOST]},DNS:stock.lan,IP:127.0.0.1' \\
	    -keyout '$dir/privkey.pem' -out '$dir/fullchain.pem' 2>&1`;
	die "openssl: $said" if $?;
}

1;
