#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# openapi.json describes every route, and no other: compared with the tables
# that the program runs by.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Test::More;

use OpenApi;
use Slurp qw(slurp);

my $src = "$FindBin::Bin/..";

my $doc = JSON::PP->new->utf8->decode(slurp("$src/fcgi-app/openapi.json"));
my $routes = slurp("$src/fcgi-app/routes.c");

# "METHOD path" => what routes.c says of it.
my %route;
while ($routes =~ m!\{\s*M_([A-Z]+),\s*"([^"]+)",\s*(\w+),\s*ROLE_(\w+),
    \s*([^}]+?)\s*\}!gx) {
	my ($name, $handler, $role, $flags) = ("$1 $2", $3, $4, $5);

	$route{$name} = { handler => $handler, role => lc $role,
	    flags => { map { $_ => 1 } $flags =~ /R_(\w+)/g } };
}
cmp_ok(scalar keys %route, '>=', 17, 'the routes can be read');

my %told;
for my $path (keys %{ $doc->{paths} }) {
	my $at = $doc->{paths}{$path};

	for my $method (grep { $_ ne 'parameters' } keys %$at) {
		$told{ uc($method) . " $path" } = { %{ $at->{$method} },
		    shared => $at->{parameters} // [] };
	}
}
is(join("\n", sort keys %told), join("\n", sort keys %route),
    'every route is described, and no other');

# Follow references.
sub deref
{
	my ($x) = @_;

	while (ref $x eq 'HASH' && defined $x->{'$ref'}) {
		my @step = split m{/}, $x->{'$ref'};
		my $to = $doc;
		is(shift @step, '#', "$x->{'$ref'} is in this document");
		for (@step) {
			$to = $to->{$_};
			last unless defined $to;
		}
		ok(defined $to, "$x->{'$ref'} is there") or return {};
		$x = $to;
	}
	return $x;
}

for my $name (sort keys %told) {
	my $op = $told{$name};
	my $r = $route{$name} or next;
	my @params = map { deref($_) } @{ $op->{parameters} // [] },
	    @{ $op->{shared} };
	my %in = map { ("$_->{in} $_->{name}" => $_) } @params;

	is($op->{operationId}, $r->{handler}, "$name: its handler");
	is($op->{'x-role'}, $r->{role}, "$name: its role");
	is(exists $op->{security} ? 1 : 0, $r->{role} eq 'none' ? 1 : 0,
	    "$name: open to all or not");
	is($op->{requestBody} ? 1 : 0, $r->{flags}{BODY} ? 1 : 0,
	    "$name: a body or none");
	is($in{'header Idempotency-Key'} ? 1 : 0, $r->{flags}{IDEM} ? 1 : 0,
	    "$name: Idempotency-Key or not");
	is($in{'path sku'} ? 1 : 0, $name =~ /\{sku\}/ ? 1 : 0,
	    "$name: the path's parameter");
	ok(length $op->{summary}, "$name: a summary");
	my @st = keys %{ $op->{responses} };
	is(scalar(grep { /^2/ } @st), 1, "$name: one success");
	is((grep { $_ eq '401' } @st) ? 1 : 0,
	    $r->{role} eq 'none' && $name !~ /session/ ? 0 : 1,
	    "$name: 401 or not");
	ok($op->{responses}{422}, "$name: 422") if $r->{flags}{BODY};
	ok($op->{responses}{403}, "$name: 403") if $name !~ /^GET/ &&
	    $r->{flags}{WRITE};
	deref($_) for values %{ $op->{responses} };
}

# The list's filters, and the record's fields.
my %filter = map { $_ => 1 }
    slurp("$src/fcgi-app/filter.def") =~ /^\s*F\((\w+),/mg;
my %query = map { $_->{name} => 1 }
    @{ $doc->{paths}{'/inventory/items'}{get}{parameters} };
delete @query{qw(limit cursor sort q)};
is(join(' ', sort keys %query), join(' ', sort keys %filter),
    'the filters of the list');

my $field_c = slurp("$src/fcgi-app/field.c");
my (%settable, %others);
while ($field_c =~ /^\s*\{\s*"(\w+)",\s*"[^"]*",\s*FIELD_\w+,([^\n]*?)
    (?:SET|DERIVED)\(/mgx) {
	my ($name, $flags) = ($1, $2);
	my $to = $flags =~ /FIELD_READ_ONLY/ ? \%others : \%settable;
	$to->{$name} = 1;
}
my $schemas = $doc->{components}{schemas};
is(join(' ', sort keys %{ $schemas->{ItemFields}{properties} }),
    join(' ', sort keys %settable), 'what may be set of an item');
my %shown = %{ $schemas->{Item}{properties} };
delete $shown{merged_with};
is(join(' ', sort keys %shown), join(' ', sort keys %others),
    'what is shown besides');

# The harness holds every answer against these schemas; what it does not know
# of them it would not judge.
sub keywords
{
	my ($schema, $at) = @_;
	my @unknown = map { "$at: $_" }
	    grep { !$OpenApi::KNOWN{$_} && $_ ne q($ref) } sort keys %$schema;

	for my $name (sort keys %{ $schema->{properties} // {} }) {
		push @unknown, keywords($schema->{properties}{$name},
		    "$at/$name");
	}
	push @unknown, keywords($schema->{items}, "$at/items")
	    if $schema->{items};
	push @unknown, map { keywords($_, "$at/allOf") }
	    @{ $schema->{allOf} // [] };
	return @unknown;
}
is_deeply([map { keywords($schemas->{$_}, $_) } sort keys %$schemas], [],
    "the schemas say nothing that is not judged");

my ($version) = slurp("$src/configure.ac") =~
    /AC_INIT\(\[\w+\],\s*\[([^\]]+)\]/;
is($doc->{info}{version}, $version, 'the version');

done_testing;
