#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# /health, and a description of the API that holds every route.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Check;
use Stockroom;

my $s = Stockroom->new(relay => 1, users => { ana => 'editor' });
my $r = $s->get('/health');
is_status($r, 200, 'healthy, and nobody has to sign in to hear it');
is($r->{json}{status}, 'ok', 'ok');
unlike($r->{body}, qr/stockroom\.db|\Q$s->{dir}\E|\.sock/,
    'without paths of the machine');

$s->stop('relay');
$r = $s->get('/health');
is_status($r, 200, 'without the relay the app is healthy');
$s->start('relay');

$r = $s->get('/openapi.json');
is_status($r, 200, 'openapi.json');
like($r->{headers}{'content-type'}, qr{^application/json}, 'is JSON');
my $doc = $r->{json};
like($doc->{openapi}, qr/^3\.\d/, 'OpenAPI 3');
my %described;
for my $path (keys %{ $doc->{paths} }) {
	for my $method (keys %{ $doc->{paths}{$path} }) {
		next unless $method =~ /^(get|post|put|patch|delete)$/;
		$described{ uc($method) . " $path" } =
		    $doc->{paths}{$path}{$method};
	}
}
my %there = map { ("$_->{method} $_->{path}" => $_) } routes($s);
is(join(', ', grep { !$described{$_} } sort keys %there), '',
    'every route is described');
is(join(', ', grep { !$there{$_} } sort keys %described), '',
    'and no other');
for my $key (sort keys %described) {
	my $op = $described{$key} or next;
	ok(length($op->{summary} // $op->{description} // ''),
	    "$key: says what it does");
	ok(scalar(grep { /^2/ } keys %{ $op->{responses} // {} }),
	    "$key: what comes back");
}
# Whatever is referred to is there.
my @dangling;
my @todo = $doc;
while (@todo) {
	my $node = shift @todo;
	if (ref $node eq 'HASH') {
		my $ref = $node->{'$ref'};
		if (defined $ref && !ref $ref) {
			my $at = $doc;
			my ($path) = $ref =~ m{^#/(.*)$};
			for (split m{/}, $path // 'nowhere') {
				$at = ref $at eq 'HASH' ? $at->{$_} : undef;
			}
			push @dangling, $ref unless defined $at;
		}
		push @todo, values %$node;
	} elsif (ref $node eq 'ARRAY') {
		push @todo, @$node;
	}
}
is(join(' ', @dangling), '', 'no reference leads nowhere');

# HEAD is GET without a body, or is not there; never a body.
$r = $s->request('HEAD', '/health');
like($r->{status}, qr/^(200|405)$/, 'HEAD');

$s->finish;
done_testing;
