# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Whether an answer is what openapi.json says of it: its status, and its body
# by the schema (JSON Schema as far as that file uses it).  The harness asks
# it about every answer of every test.

package OpenApi;

use strict;
use warnings;

use JSON::PP ();

my $doc;

# Custom columns that items may have: a test adds those that it makes.
our %custom = (qty_ordered_jason => 1);

# Read openapi.json below TOP, once.
sub load
{
	my ($top) = @_;

	return if $doc;
	open my $fh, '<:raw', "$top/fcgi-app/openapi.json"
	    or die "openapi.json: $!";
	local $/;
	$doc = JSON::PP->new->utf8->decode(scalar <$fh>);
}

# Follow a reference.
sub deref
{
	my ($x) = @_;

	while (ref $x eq 'HASH' && defined $x->{'$ref'}) {
		my (undef, @step) = split m{/}, $x->{'$ref'};
		$x = $doc;
		$x = $x->{$_} for @step;
	}
	return $x;
}

# The operation of a request below /api/v1; undef when there is none.
sub operation
{
	my ($method, $path) = @_;

	$path =~ s/[?#].*//s;
	for my $pattern (keys %{ $doc->{paths} }) {
		my $re = $pattern =~ s/\{[^}]+\}/[^\/]+/gr;
		return $doc->{paths}{$pattern}{lc $method}
		    if $path =~ /\A$re\z/;
	}
	return undef;
}

sub is_type
{
	my ($v, $type) = @_;

	return !defined $v if $type eq 'null';
	return 0 unless defined $v;
	return ref $v eq 'HASH' if $type eq 'object';
	return ref $v eq 'ARRAY' if $type eq 'array';
	return JSON::PP::is_bool($v) if $type eq 'boolean';
	return 0 if ref $v;
	# A number that came from JSON has never been a text.
	my $number = JSON::PP->new->allow_nonref->encode($v) !~ /^"/;
	return !$number if $type eq 'string';
	return $number && ($type eq 'number' || $v =~ /\A-?\d+\z/);
}

# The members that a schema names, through allOf.
sub members
{
	my ($schema) = @_;

	$schema = deref($schema);
	return ((map { members($_) } @{ $schema->{allOf} // [] }),
	    keys %{ $schema->{properties} // {} });
}

# What judge() knows of JSON Schema, or what judges nothing.  "not" is for
# requests only.
our %KNOWN = map { $_ => 1 } qw(type pattern enum minimum maximum minLength
    maxLength const allOf required format items properties
    additionalProperties not description default example examples);

# What is wrong with V, as a list of lines.
sub judge
{
	my ($schema, $v, $at) = @_;

	$schema = deref($schema);
	my @bad = map { judge($_, $v, $at) } @{ $schema->{allOf} // [] };
	my $types = $schema->{type};
	if (defined $types) {
		my @types = ref $types ? @$types : $types;
		return (@bad, "$at: not of type @types")
		    unless grep { is_type($v, $_) } @types;
	}
	push @bad, "$at: not one of its values" if $schema->{enum} &&
	    !grep { defined $_ ? defined $v && $_ eq $v : !defined $v }
	    @{ $schema->{enum} };
	return @bad unless defined $v;
	if (!ref $v) {
		push @bad, "$at: too small" if defined $schema->{minimum} &&
		    $v < $schema->{minimum};
		push @bad, "$at: too large" if defined $schema->{maximum} &&
		    $v > $schema->{maximum};
		push @bad, "$at: not $schema->{const}"
		    if defined $schema->{const} && $v ne $schema->{const};
		push @bad, "$at: $v does not fit its pattern"
		    if defined $schema->{pattern} && $v !~ /$schema->{pattern}/;
		push @bad, "$at: too long"
		    if length $v > ($schema->{maxLength} // length $v);
		push @bad, "$at: too short"
		    if length $v < ($schema->{minLength} // 0);
		push @bad, "$at: no time" if ($schema->{format} // '') eq
		    'date-time' && $v !~
		    /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/;
		return @bad;
	}
	if (ref $v eq 'ARRAY' && $schema->{items}) {
		push @bad, judge($schema->{items}, $v->[$_], "$at/$_")
		    for 0 .. $#$v;
	}
	return @bad unless ref $v eq 'HASH';
	push @bad, map { "$at: $_ is not described" }
	    grep { !$schema->{properties}{$_} } keys %$v
	    if exists $schema->{additionalProperties} &&
	    !$schema->{additionalProperties};
	push @bad, map { "$at: has no $_" } grep { !exists $v->{$_} }
	    @{ $schema->{required} // [] };
	for my $key (keys %{ $schema->{properties} // {} }) {
		push @bad, judge($schema->{properties}{$key}, $v->{$key},
		    "$at/$key") if exists $v->{$key};
	}
	return @bad;
}

# What is wrong with an answer to METHOD PATH (below /api/v1).
sub complaints
{
	my ($method, $path, $r) = @_;

	my $op = operation($method, $path) or return ();
	# Another method has been sent than was said, or a bad token where
	# none is needed.
	return () if $r->{status} == 405 ||
	    $r->{status} == 401 && $op->{security} && !@{ $op->{security} };
	my $what = "$method $path: $r->{status}";
	my $said = deref($op->{responses}{ $r->{status} }) or
	    return "$what is not described";
	if (my ($gone) = grep { !defined $r->{headers}{lc $_} &&
	    (deref($said->{headers}{$_})->{required} // 1) }
	    sort keys %{ $said->{headers} // {} }) {
		return "$what has no $gone";
	}
	my ($type, $content) = %{ $said->{content} // {} };
	if (!defined $type) {
		return length $r->{body} ? "$what has a body" : ();
	}
	return "$what is not $type" unless
	    ($r->{headers}{'content-type'} // '') eq $type;
	my $schema = $content->{schema};
	my @bad = judge($schema, $r->{json}, '');
	my %known = map { $_ => 1 } members($schema);
	push @bad, map { ": $_ is not described" } grep {
	    %known && !$known{$_} && !$custom{$_} }
	    keys %{ ref $r->{json} eq 'HASH' ? $r->{json} : {} };
	return map { "$what $_" } @bad;
}

1;
