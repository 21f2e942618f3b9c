#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The judge of failing calls (lib/FailCalls.pm) is shown what it is there to
# see: no call fails, or nobody cares, and what is done or said is false.

use strict;
use warnings;

use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use FailCalls;
use FailScenes;
use FastCGI;
use Stockroom;

my $dir = File::Temp->newdir('stockroom-fail-XXXXXX', TMPDIR => 1);
my $lib = FailCalls::build($dir);
my $w = FailCalls->new($lib);
my $s = $w->s;
my %scene = map { $_->{name} => $_ } FailScenes::all();

# What the judge says of a scene that is played so.
sub judged
{
	my ($name, $act, $sample) = @_;

	return join '; ', $w->try({ %{ $scene{$name} },
	    $act ? (act => $act) : () },
	    $sample // ['memory', 1_000_000_000, 'once']);
}

sub sees
{
	my ($name, $act, $pattern, $what, $sample) = @_;

	like(judged($name, $act, $sample), $pattern, $what);
	is(judged($name), '', "$name: nothing when all is true");
}

# The right thing, and another answer.
sub and_say
{
	my (%lie) = @_;

	return sub {
		my ($w, $ctx) = @_;
		return { %{ $ctx->{send}->() }, %lie };
	};
}

# -- answers

sees('create', sub { return { status => 201, headers => {}, body => '' } },
    qr/^answered 201, and it is done 0 times/, 'acknowledged, and not done');
sees('delete', and_say(status => 503, json => { status => 503 }, headers => {
    'content-type' => 'application/problem+json', 'retry-after' => 1 }),
    qr/^answered 503, and it is done 1 times/, 'refused, and done');
sees('adjust', sub {
	my ($w, $ctx) = @_;
	FailScenes::adjust($w, { %$ctx, key => "other-$ctx->{key}" }, -3);
	return $ctx->{send}->();
}, qr/^answered 200, and it is done 2 times/, 'done twice');
sees('merge', sub {
	my ($w, $ctx) = @_;
	my $r = $ctx->{send}->();
	FailScenes::item($w);
	return $r;
}, qr/the log has what nobody did: create/, 'more than was asked');
sees('merge', sub {
	my ($w, $ctx) = @_;
	return $s->patch("/inventory/items/$ctx->{sku}", { location => 'B' },
	    @{ $w->{ana} }, key => $ctx->{key});
}, qr/tried again: 422/, 'done, but something else');
sees('list', and_say(body => '{}'), qr/^answered 200 with \{\}, not/,
    'read, but not what is there');
sees('history', sub { return { status => 503, headers => {
    'content-type' => 'text/html' }, body => 'Oops' } },
    qr/^no problem document: Oops/, 'no problem document');
sees('changes', and_say(status => 401), qr/^answered 401/,
    'a sound request is refused');
sees('sign in', and_say(headers => { 'set-cookie' => 'session=x' }),
    qr/a cookie that is none/, 'signed in with nothing');

# -- programs

sees('who am I', sub {
	my ($w, $ctx) = @_;
	$s->kill('app', 'KILL');
	$s->reap('app');
	return { status => 0 };
}, qr/^app died of signal 9$/, 'a crash');
sees('stream', sub {
	$s->kill('relay', 'TERM');
	$s->reap('relay');
	return { status => 0 };
}, qr/^relay ended without need$/, 'an end');
is(join('', FailCalls::ended_badly('app', 71 << 8, "info ended\n")),
    'app ended with 71 and no word of it', 'an end without a word');
is(join('', FailCalls::ended_badly('app', 71 << 8, "error message=x\n")), '',
    'but not one that says why');
{
	local $FailCalls::hang = 0.2;
	like(judged('lease', sub {
		select undef, undef, undef, 0.3;
		return { status => 0 };
	}), qr/^hung/, 'a wait without end');
}
is(judged('lease'), '', 'lease: nothing when all is true');
my @kept;
sees('presence', sub {
	my ($w, $ctx) = @_;
	my $r = $ctx->{send}->();
	push @kept, map { FastCGI->connect($s->app_socket) } 1 .. 3;
	return $r;
}, qr/^app leaks descriptors$/, 'a leak');
@kept = ();

# -- who listens

sees('create', sub {
	my ($w, $ctx) = @_;
	my ($st, $r) = ($w->{stream}, $ctx->{send}->());
	$s->wait_for(sub { $st->pump; $st->named('inventory_changed') });
	my ($ev) = $st->named('inventory_changed');
	unshift @{ $st->{events} }, $ev;
	return $r;
}, qr/^heard (\d+) after \1$/, 'an event twice');
sees('broadcast', sub {
	my ($w, $ctx) = @_;
	FailScenes::item($w) for 1 .. 2;
	my $st = $w->{stream};
	# The first is what the scene was prepared with.
	$s->wait_for(sub { $st->pump; $st->count('inventory_changed') >= 3 });
	my @all = $st->named('inventory_changed');
	@{ $st->{events} } = @all[0, 2, 1];
	FailScenes::item($w);
	return { status => 0 };
}, qr/(?:; heard \d+ after \d+){3}$/, 'two events swapped');

# -- commands

sees('backup', sub { return { status => 200, exit => 0, err => '' } },
    qr/^good, and yet not done$/, 'a backup that is none');
sees('backup', sub {
	my ($w, $ctx) = @_;
	$s->ctl_ok($ctx->{argv});
	truncate $ctx->{argv}[2], 4096;
	return { status => 200, exit => 0, err => '' };
}, qr/^good, and yet not done$/, 'half of one');
sees('export', sub {
	my ($w, $ctx) = @_;
	open my $fh, '>', "$ctx->{argv}[2].XXXXXX" or die;
	return { status => 0, exit => 74 << 8, err => "stockroomctl: x\n" };
}, qr/^left behind: /, 'half a file left');
sees('import', sub {
	my ($w, $ctx) = @_;
	$s->ctl_ok($ctx->{argv});
	return { status => 0, exit => 74 << 8, err => "stockroomctl: x\n" };
}, qr/^failed, and yet it is done/, 'a failure that is none');

sees('import', sub {
	return { status => 0, exit => 74 << 8,
	    err => "stockroomctl: x: Inappropriate ioctl for device\n" };
}, qr/^a false reason: /, 'a reason that is none');
sees('token', sub {
	my ($w, $ctx) = @_;
	$s->ctl_ok($ctx->{argv});
	return { status => 200, exit => 0, err => '', body => '' };
}, qr/^the secret is lost$/, 'a token that nobody has seen');

# -- streams that fail, and nobody cares

for (['export', 'fwrite', 2], ['export to stdout', 'fwrite', 2],
    ['import', 'fread', 2], ['import of a pipe', 'fread', 1]) {
	my ($name, $kind, $at) = @$_;
	sees($name, sub {
		return { %{ $scene{$name}{act}->(@_) }, status => 200,
		    exit => 0, err => '' };
	}, qr/^good, and yet not done$/, "$name: half is no whole",
	    [$kind, $at, 'once']);
}

# -- calls that cannot be made to fail

is(join(' ', FailCalls::unseen($lib, qw(getline fopen __vfprintf_chk strlen
    pwritev))), 'getline pwritev', 'calls that go past the library');
for my $program (qw(stockroom-app stockroom-relay stockroomctl)) {
	is(join(' ', FailCalls::unseen($lib, FailCalls::names(
	    "$s->{build}/$program", '--undefined-only'))), '',
	    "$program has none");
}

my @why = $w->end;
is("@why", '', 'all ends well');
done_testing;
