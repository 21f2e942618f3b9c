#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Every route of THE table with every method, as everybody: the table says
# who gets in, and this checks that it is so.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1,
    users => { %Stockroom::USERS, zoe => 'admin' });
my @routes = routes($s);
cmp_ok(scalar @routes, '>=', 17, 'the table was read');

my %rank = (none => 0, viewer => 1, editor => 2, admin => 3);
# The table itself: who may not write may only come, listen and go.
for my $route (@routes) {
	my $key = "$route->{method} $route->{path}";
	my %open = map { $_ => 1 } 'POST /session', 'GET /openapi.json',
	    'GET /health', 'GET /sign-in';
	my %anybody = map { $_ => 1 } 'DELETE /session',
	    'POST /session/password',
	    'POST /inventory/collaboration/join';
	cmp_ok($rank{ $route->{role} }, '>=', $open{$key} ? 0 :
	    $anybody{$key} || $route->{method} eq 'GET' ? 1 : 2,
	    "$key is not open to more than it should be");
}

my $revoked = $s->token('admin', name => 'gone');
$s->ctl_ok(['token', 'revoke', 'gone']);
my $disabled = $s->token('zoe');
my $disabled_cookie = $s->sign_in('zoe');
$s->ctl_ok(['user', 'disable', 'zoe']);

# Who asks: name => [rank (0: nobody), options of the request].
my %who = (
	'nobody' => [0],
	'viewer token' => [1, token => $s->token('vera')],
	'editor token' => [2, token => $s->token('ben')],
	'admin token' => [3, token => $s->token('admin')],
	"admin's viewer token" =>
	    [1, token => $s->token('admin', name => 'low', role => 'viewer')],
	'viewer session' => [1, as => 'vera'],
	'editor session' => [2, as => 'ana'],
	'admin session' => [3, as => 'admin'],
	'revoked token' => [0, token => $revoked],
	'disabled user token' => [0, token => $disabled],
	'disabled user session' => [0, headers => {
	    Cookie => $disabled_cookie, 'Sec-Fetch-Site' => 'same-origin' }],
	'forged token' => [0, token => 'sr_' . 'B' x 43],
	'forged cookie' => [0, headers => {
	    Cookie => 'stockroom_session=' . 'B' x 43,
	    'Sec-Fetch-Site' => 'same-origin' }],
);

sub send_it
{
	my ($method, $path, %opt) = @_;

	$path =~ s/\{sku\}/NO-SUCH-SKU/;
	return $s->request($method, $path, %opt,
	    headers => { 'Sec-Fetch-Site' => 'same-origin',
	    %{ $opt{headers} // {} } },
	    $method =~ /^(POST|PATCH|PUT)$/ ? (json => {}) : ());
}

my $admin = $s->token('admin');
nothing_changed($s, $admin, 'the whole matrix', sub {
	for my $route (@routes) {
		for my $name (sort keys %who) {
			my ($rank, %opt) = @{ $who{$name} };
			# Only a session can be signed out, and that would end
			# the one that the next requests need.
			next if $route->{method} eq 'DELETE' &&
			    $route->{path} eq '/session' && $rank;
			# A token has no password: t/20-password.t.
			next if $route->{path} eq '/session/password' &&
			    $name =~ /token/ && $rank;
			my $what = "$route->{method} $route->{path} as $name";
			my $r = send_it($route->{method}, $route->{path},
			    %opt);
			my $need = $rank{ $route->{role} };
			if ($need == 0 || $rank >= $need) {
				unlike($r->{status},
				    $need == 0 ? qr/^(403|5..|0)$/ :
				    qr/^(401|403|5..|0)$/, "$what gets in") or
				    diag($r->{body});
			} else {
				is_problem($r, $rank ? 403 : 401,
				    "$what stays out");
			}
		}
	}
});

# Other methods of a known path: 405 and which would do, whoever asks.
my %methods;
push @{ $methods{ $_->{path} } }, $_->{method} for @routes;
for my $path (sort keys %methods) {
	for my $method (qw(GET POST PATCH DELETE PUT BREW)) {
		next if grep { $_ eq $method } @{ $methods{$path} };
		my $r = send_it($method, $path, token => $admin);
		is_problem($r, 405, "$method $path");
		my @allow = grep { !/^(?:HEAD|OPTIONS)$/ } sort split /,\s*/,
		    $r->{headers}{allow} // '';
		is_deeply(\@allow, [sort @{ $methods{$path} }],
		    "$method $path: Allow");
	}
}

for my $path ('/', '', '/nothing', '/inventory', '/inventory/', '/sessions',
    '/inventory/items/', '/inventory/items/A/B', '/session/', '/Session',
    '/inventory/items/A/history/1', '/inventory/../session',
    '/inventory//items', '/openapi.json/x') {
	for my $method (qw(GET POST DELETE)) {
		is_problem(send_it($method, $path, token => $admin), 404,
		    "$method $path: nothing there");
	}
}
is_problem($s->get("//$_", token => $admin), 404, "/$_: nothing there")
    for qw(api api/ api/v1 api/v2/session session api/v1x/session);

$s->finish;
done_testing;
