# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# A strict reader of Prometheus' text format, version 0.0.4.
#
#	my $m = Prometheus->read($text);
#	is_deeply($m->complaints, []);
#	$m->value('stockroom_relay_streams');
#	$m->value('stockroom_app_requests_total', method => 'GET', ...);
#
# complaints() names what Prometheus would refuse, and what promtool's lint
# finds: a name that has no HELP and TYPE before its samples, or twice, or
# whose samples are apart; a sample twice; a counter that does not end in
# _total; a histogram that falls, or whose +Inf is not its count.

package Prometheus;

use strict;
use warnings;

my $NAME = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $LABEL = qr/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/;
my $NUMBER = qr/[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf)|NaN/;

sub read
{
	my ($class, $text) = @_;

	my $self = bless { type => {}, help => {}, sample => {}, list => [],
	    bad => [], open => '' }, $class;
	$self->bad('the last line has no end') unless $text =~ /\n\z/;
	my $n = 0;
	$self->line(++$n, $_) for split /\n/, $text;
	$self->judge;
	return $self;
}

sub bad { push @{ $_[0]{bad} }, $_[1] }
sub complaints { return $_[0]{bad} }

# The metric that a sample's name belongs to.
sub family
{
	my ($self, $name) = @_;

	my ($base) = $name =~ /^(.*)_(?:bucket|sum|count)$/;
	return $base if defined $base &&
	    ($self->{type}{$base} // '') eq 'histogram';
	return $name;
}

sub line
{
	my ($self, $n, $line) = @_;

	if ($line =~ /^# (HELP|TYPE) ($NAME) (.+)$/) {
		my ($what, $name, $rest) = (lc $1, $2, $3);
		$self->bad("$n: second $what of $name")
		    if defined $self->{$what}{$name};
		$self->{$what}{$name} = $rest;
		$self->bad("$n: $name: no type: $rest") if $what eq 'type' &&
		    $rest !~ /^(counter|gauge|histogram)$/;
		$self->bad("$n: $what of $name after samples")
		    if $self->{closed}{$name} || $self->{open} eq $name;
	} elsif ($line =~ /^($NAME)(?:\{(.*)\})? ($NUMBER)$/) {
		$self->sample($n, $1, $2 // '', $3);
	} else {
		$self->bad("$n: cannot be read: $line");
	}
}

sub sample
{
	my ($self, $n, $name, $labels, $value) = @_;

	my %l;
	my $rest = $labels;
	while ($rest =~ s/^$LABEL(?:,|$)//) {
		$self->bad("$n: label $1 twice") if exists $l{$1};
		$l{$1} = $2;
	}
	$self->bad("$n: labels cannot be read: $labels") if length $rest;
	my $family = $self->family($name);
	for my $what (qw(help type)) {
		$self->bad("$n: $name has no $what")
		    unless $self->{$what}{$family};
	}
	if ($self->{open} ne $family) {
		$self->{closed}{ $self->{open} } = 1;
		$self->bad("$n: samples of $family are apart")
		    if $self->{closed}{$family};
		$self->{open} = $family;
	}
	my $key = key($name, %l);
	$self->bad("$n: $key twice") if exists $self->{sample}{$key};
	$self->{sample}{$key} = $value;
	push @{ $self->{list} }, [$name, \%l, $value];
}

sub key
{
	my ($name, %l) = @_;

	return "$name\{" . join(',', map { "$_=$l{$_}" } sort keys %l) . '}';
}

sub judge
{
	my ($self) = @_;

	for my $name (sort keys %{ $self->{type} }) {
		my $type = $self->{type}{$name};
		$self->bad("$name is a counter without _total")
		    if $type eq 'counter' && $name !~ /_total$/;
		$self->bad("$name ends in _total and is none")
		    if $type ne 'counter' && $name =~ /_total$/;
		$self->bad("$name has no samples") unless
		    $self->{open} eq $name || $self->{closed}{$name};
		$self->judge_histogram($name) if $type eq 'histogram';
	}
	for my $s (@{ $self->{list} }) {
		my $type = $self->{type}{ $self->family($s->[0]) } // '';
		$self->bad("$s->[0] is negative") if $type ne 'gauge' &&
		    $s->[2] =~ /^-/;
	}
}

sub judge_histogram
{
	my ($self, $name) = @_;

	my %series;
	for my $s (@{ $self->{list} }) {
		next unless $s->[0] =~ /^\Q$name\E_(bucket|sum|count)$/;
		my ($what, %l) = ($1, %{ $s->[1] });
		my $le = delete $l{le};
		my $key = key('', %l);
		if ($what eq 'bucket') {
			push @{ $series{$key}{bucket} }, [$le, $s->[2]];
		} else {
			$series{$key}{$what} = $s->[2];
		}
	}
	for my $key (sort keys %series) {
		my ($bucket, $sum, $count) =
		    @{ $series{$key} }{qw(bucket sum count)};
		$self->bad("$name$key: no bucket, sum or count"), next
		    unless $bucket && defined $sum && defined $count;
		$self->bad("$name$key: the last bucket is not +Inf"), next
		    unless $bucket->[-1][0] eq '+Inf';
		$self->bad("$name$key: +Inf is not the count")
		    if $bucket->[-1][1] != $count;
		for my $i (1 .. $#$bucket) {
			$self->bad("$name$key: bounds do not rise")
			    if $i < $#$bucket &&
			    $bucket->[$i][0] <= $bucket->[$i - 1][0];
			$self->bad("$name$key: buckets fall")
			    if $bucket->[$i][1] < $bucket->[$i - 1][1];
		}
	}
}

# A sample's value; undef when there is none.
sub value
{
	my ($self, $name, %l) = @_;

	return $self->{sample}{ key($name, %l) };
}

# How many samples there are.
sub count { return scalar @{ $_[0]{list} } }

1;
