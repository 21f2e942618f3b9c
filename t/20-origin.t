#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What comes with a cookie must come from our own pages: a write by what it
# says of itself, all else unless it says that it comes from elsewhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my %users = (users => { ana => 'editor' });
my $items = '/inventory/items';
my $n = 0;

# A write with ana's cookie and these headers alone: may it?  No: 403, or 401
# where a token would do.
sub write_is
{
	my ($s, $may, $name, $headers, %params) = @_;
	my $no = ($headers->{Origin} // '') =~ m{^https://(?:app\.example\.com|
	    \w+\.shop\.lan)$}x ? 401 : 403;

	my $cookie = $s->sign_in('ana');
	my $sku = 'O-' . $n++;
	my $r = $s->post($items, { sku => $sku, name => 'a' },
	    headers => { Cookie => $cookie, %$headers }, params => \%params);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	if ($may) {
		is_status($r, 201, "passes: $name");
	} else {
		is_problem($r, $no, "refused: $name");
		is($s->get("$items/$sku", as => 'ana')->{status}, 404,
		    "refused: $name: nothing was written");
	}
}

my $s = Stockroom->new(%users);

write_is($s, 1, 'Sec-Fetch-Site: same-origin',
    { 'Sec-Fetch-Site' => 'same-origin' });
write_is($s, 1, 'our Origin', { Origin => 'http://stock.lan' });
write_is($s, 1, 'our Origin, said in full', { Origin =>
    'HTTP://Stock.LAN:80' });
write_is($s, 1, 'our Origin with a port', { Origin =>
    'http://stock.lan:8000' }, HTTP_HOST => 'stock.lan:8000');
write_is($s, 0, 'neither header', {});
for my $site (qw(cross-site same-site none), '', 'SAME-ORIGIN x') {
	write_is($s, 0, "Sec-Fetch-Site: $site",
	    { 'Sec-Fetch-Site' => $site });
}
write_is($s, 0, 'cross-site with our Origin', { 'Sec-Fetch-Site' =>
    'cross-site', Origin => 'http://evil.example' });
for my $origin ('http://evil.example', 'null', '', 'http://stock.lan.evil',
    'http://stock.lan:81', 'https://stock.lan', 'http://stock.la',
    'http://stock.lan/', 'http://stock.lan@evil', 'stock.lan',
    'http://STOCK.lan.', 'http://x.stock.lan', 'file://') {
	write_is($s, 0, "Origin: $origin", { Origin => $origin });
}
write_is($s, 0, 'no Host to compare with', { Origin => 'http://' },
    HTTP_HOST => '');

# The other writes, by the same rule.
my $cookie = $s->sign_in('ana');
my @foreign = (headers => { Cookie => $cookie,
    Origin => 'http://evil.example' });
nothing_changed($s, $s->token('ana'), 'foreign writes', sub {
	is_problem($s->patch("$items/O-0", { name => 'x' }, @foreign), 403,
	    'PATCH');
	is_problem($s->delete("$items/O-0", @foreign), 403, 'DELETE');
	is_problem($s->post("$items/O-0/adjustments", { delta => 1 },
	    @foreign), 403, 'adjustment');
	is_problem($s->post('/inventory/collaboration/broadcast-change', {
	    update_type => 'edit', sku => 'O-0', field => 'name',
	    old_value => 1, new_value => 2 }, @foreign), 403, 'broadcast');
	is_problem($s->post('/inventory/collaboration/join', {
	    room => 'inventory_management' }, @foreign), 403, 'join');
	is_problem($s->delete('/session', @foreign), 403, 'sign out');
});
is_problem($s->get($_, @foreign), 403, "reading $_")
    for $items, "$items/O-0", '/session', '/inventory/changes?since=0',
    '/inventory/collaboration/presence';
is_problem($s->post('/session', { username => 'ana', password =>
    'stockroom' }, headers => { Origin => 'http://evil.example' }), 403,
    'nobody signs us in from elsewhere');

# No answer invites other sites in.
my $r = $s->get($items, headers => { Cookie => $cookie,
    Origin => 'http://evil.example' });
ok(!grep({ /^access-control/ } keys %{ $r->{headers} }),
    'no CORS headers for strangers');

# A token needs none of it, since no browser adds it by itself.
is_status($s->post($items, { sku => 'O-T', name => 'a' },
    token => $s->token('ana'), headers => { Origin =>
    'http://evil.example' }), 201, 'a token passes from anywhere');
$s->finish;

# -- https, and an origin that is said

$s = Stockroom->new(%users);
my $https = $s->post('/session', { username => 'ana',
    password => 'stockroom' }, headers => { Origin => 'https://stock.lan' },
    params => { HTTPS => 'on' });
is_status($https, 201, 'https: our Origin');
($cookie) = $https->{headers}{'set-cookie'} =~ /^([^;]+)/;
is_problem($s->post($items, { sku => 'S-1', name => 'a' },
    headers => { Cookie => $cookie, Origin => 'http://stock.lan' },
    params => { HTTPS => 'on' }), 403, 'https: plain http is foreign');
$s->finish;

$s = Stockroom->new(%users, env => {
	STOCKROOM_ORIGIN => 'https://stock.example.com',
	ALLOW_ORIGINS => 'https://app.example.com, http://tool.lan:3000',
	ALLOW_ORIGIN_REGEX => 'https://[a-z]+\.shop\.lan',
});
write_is($s, 1, 'STOCKROOM_ORIGIN', { Origin =>
    'https://stock.example.com' });
write_is($s, 0, 'the Host, when another origin is set', { Origin =>
    'http://stock.lan' });
write_is($s, 0, 'ALLOW_ORIGINS lets no cookie in', { Origin =>
    'https://app.example.com' });
write_is($s, 0, 'nor does the expression', { Origin =>
    'https://north.shop.lan' });
$s->finish;

done_testing;
