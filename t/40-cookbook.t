#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# stockroom-api(7): every line that it shows works as typed, one after the
# other in one shell, on a site with the demo's items; only the site's address
# is another.  Each line has its row below, with what it must bring about.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Cwd qw(abs_path);
use POSIX ();
use Time::HiRes qw(time sleep);

use Stockroom;

use constant PATIENCE => 20;	# seconds for a line

my $top = abs_path("$FindBin::Bin/..");

# The lines as a reader sees them: "$ " and what is indented deeper after it.
sub lines_of
{
	my ($page) = @_;

	my $text = `mandoc -T utf8 -O width=200 '$page'`;
	die "mandoc: $?" if $?;
	$text =~ s/.\x08//g;
	unlike($text, qr/^\s+\$ .*[^\x00-\x7f]/m,
	    'what is to be typed has no typographic signs');
	my (@line, $indent);
	for (split /\n/, $text) {
		if (/^(\s+)\$ (.*)/) {
			$indent = $1;
			push @line, $2;
		} elsif (defined $indent && /^$indent\s+(\S.*)/) {
			$line[-1] .= "\n$1";
		} else {
			undef $indent;
		}
	}
	return @line;
}

# What a line begins with, and what its output must look like; in order.
my @rows = (
    ['umask', qr/\A\z/],
    ['stockroomctl token add', qr/\A\z/],
    ['printf', qr/\A\z/],
    ['S=', qr/\A\z/],
    ['A=', qr/\A\z/],
    ['sr()', qr/\A\z/],
    ['sr $S/api/v1/health', qr/"status": *"ok"/],
    ['sr $S/api/v1/openapi.json', qr!^/inventory/items$!m],
    ['sr $S/api/v1/session', qr/"username": "ana"/],
    ['curl -sS $S/api/v1/sign-in', qr/"signed_in": *false/],
    ['sr $A/fields', qr/^quantity\tnumber$/m],
    ['sr "$A/items?limit=3" | tee', qr/\A(\S+\n){3}\z/],
    ['sr -G "$A/items?limit=3" -d cursor', qr/"items"/],
    ['jq .counts', qr/"all": 200/],
    ['sr -G $A/items --data-urlencode "q=wood', qr/"sku"/],
    ['sr "$A/items?stock=in', qr/"stock": *"(low|out)"/],
    ['sr "$A/items?quantity=lt.10', qr/"sku"/],
    ['sr -i $A/items/FAS-0042', qr/^etag: "v\d+"/mi],
    ['sr "$A/items?limit=200', qr/\A("[^\n]*\n){200}\z/],
    ['sr --json \'{"sku":"BOX-1"', qr/"quantity": *12\b/],
    ['sr --json \'{"delta":-5', qr/"quantity": *7\b/],
    ['sr -H "Idempotency-Key', qr/"quantity": *6\b/],
    ['sr -H "Idempotency-Key', qr/"quantity": *6\b/],
    ['sr -X PATCH --json \'{"location"', qr/"location": *"B2"/],
    ['V=$(sr', qr/\A\z/],
    ['sr -X PATCH -H "If-Match', qr/"quantity": *10\b/],
    ['sr -X PATCH --json "{\\"reorder', qr/"field": *"quantity"|"quantity"/],
    ['sr -X PATCH --json \'{"sku":"BOX-2"', qr/"sku": *"BOX-2"/],
    ['sr $A/items/BOX-2/history', qr/^\S+Z ana \(cookbook\)$/m],
    ['sr -X DELETE', qr/\A\z/],
    ['sr "$A/changes?since=0', qr/\A\d+\n\z/],
    ['sr -G $A/changes', qr/\Afalse\n\z/],
    ['sr --json \'{"update_type"', qr/"seq": *\d+/],
    ['sr --json \'{"room"', qr/\A\z/],
    ['jq -r \'"header', qr/\A\z/],
    ['push()', qr/\A\z/],
    ['push -N', qr/^event: room_joined$/m],
    ['push --json \'{"editing_row"', qr/\A\z/],
    ['push --json \'{"action":"take"', qr/"row": *"FAS-0042"/],
    ['push --json \'{"action":"release"', qr/\A\z/],
    ['push --json \'{"state"', qr/\A\z/],
    ['sr $A/collaboration/presence', qr/^ana \w+$/m],
    ['push -X POST $S/push/leave', qr/\A\z/],
    ['push "$S/push/poll', qr/\A"[0-9a-f]{16}:\d+"\n\z/],
    ['echo', qr/\A\z/],
    ['curl -sS --fail-with-body -c cookies', qr/"username": *"ana"/],
    ['curl -sS --fail-with-body -b cookies $A', qr/"sku": *"FAS-0042"/],
    ['echo', qr/\A\z/],
    ['curl -sS --fail-with-body -b cookies -c', qr/\A\z/],
    ['curl -sS --fail-with-body -b cookies -H', qr/\A\z/],
    ['stockroomctl token add', qr/\A\z/],
    ['printf', qr/\A\z/],
    ['sr $S/api/v1/metrics', qr/^stockroom_app_outbox_lag \d+$/m],
    ['stockroomctl token revoke', qr/figures/],
    ['stockroomctl token revoke', qr/cookbook/],
    ['rm', qr/\A\z/],
);

my $s = Stockroom->new(demo => 1, relay => 1, nginx => 1,
    env => { STOCKROOM_LOG_LEVEL => 3 });
my $dir = "$s->{dir}/typed";
mkdir $dir or die "$dir: $!";
$s->{env}{PATH} = "$s->{build}:$ENV{PATH}";
$s->{env}{HOME} = $dir;

# A shell that runs what we write and says how each ended.
pipe my $shell_in, my $typed or die;
pipe my $told, my $shell_told or die;
my $pid = fork // die;
if (!$pid) {
	chdir $dir or POSIX::_exit(126);
	@ENV{keys %{ $s->{env} }} = values %{ $s->{env} };
	POSIX::dup2(fileno $shell_in, 0);
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
	$^F = 1000;
	POSIX::dup2(fileno $shell_told, 9);
	exec 'bash', '-u' or POSIX::_exit(127);
}
$typed->autoflush(1);
close $shell_told;
close $shell_in;

sub slurp
{
	my ($path) = @_;

	open my $f, '<', $path or return '';
	local $/;
	return scalar <$f> // '';
}

# The next word on the shell's channel, or nothing after PATIENCE.
sub word
{
	vec(my $set = '', fileno $told, 1) = 1;
	return '' unless select $set, undef, undef, PATIENCE;
	return "" unless sysread $told, my $word, 20;
	return $word;
}

# Type a line; its end and its output.
sub type
{
	my ($line) = @_;

	print $typed "{ $line\n} >out 2>err </dev/null\necho \$? >&9\n";
	my $status = word();
	return ($status =~ s/\s//gr, slurp("$dir/out"));
}

# One that goes on: in the background, until it says what it must.
my @streams;
sub type_stream
{
	my ($line, $want) = @_;

	print $typed "{ $line\n} >stream 2>err </dev/null & echo \$! >&9\n";
	push @streams, word() =~ /(\d+)/;
	my $end = time + PATIENCE;
	sleep 0.05 while time < $end && slurp("$dir/stream") !~ $want;
	return (0, slurp("$dir/stream"));
}

my @lines = lines_of("$top/man/stockroom-api.7");
cmp_ok(scalar @lines, '>', 40, 'there are lines');
for my $line (@lines) {
	my $row = shift @rows;
	my $name = ($line =~ s/\n.*//sr);
	if (!$row || index($line, $row->[0]) != 0) {
		fail("a row for: $name");
		last;
	}
	$line =~ s{^S=.*}{S=http://127.0.0.1:$s->{port}};
	my ($status, $out) = $line =~ / -N / ?
	    type_stream($line, $row->[1]) : type($line);
	is($status, '0', $name) or diag(slurp("$dir/err"), $out);
	like($out, $row->[1], '... and what it says');
}
is(scalar @rows, 0, 'no row without a line');
kill TERM => @streams;
close $typed;
waitpid $pid, 0;
is_deeply([grep { !/^(out|err|stream)$/ } map { s{.*/}{}r } glob "$dir/*"],
    [], 'nothing is left behind, the secrets least of all');
# "METHOD path" of the rows of a table, and of what a log says succeeded.
sub routes_of
{
	my ($file, $re) = @_;

	my $text = slurp("$top/$file");
	my @route;
	push @route, [$1, $2] while $text =~ /$re/g;
	return @route;
}

sub served
{
	my ($part, $method, $path) = @_;

	my $re = $path =~ s/\{\w+\}/[^ \/]+/gr;
	return $s->log_text($part) =~
	    / method=$method path=$re (?:[^\n]* )?status=2\d\d\b/;
}

my @app = routes_of('fcgi-app/routes.c',
    qr!\{\s*M_([A-Z]+),\s*"([^"]+)"!);
my @push = map { [@$_[1, 0]] } routes_of('push-relay/route.c',
    qr!\{\s*"(/push/\w+)",\s*"([A-Z]+)"!);
cmp_ok(scalar @app, '>', 15, 'the app has routes');
cmp_ok(scalar @push, '>', 5, 'and so has the relay');
ok(served(app => @$_), "a line shows @$_") for @app;
ok(served(relay => @$_), "a line shows @$_") for @push;
is($s->get('/inventory/items/BOX-2', as => 'ben')->{status}, 404,
    'what was deleted is gone');
$s->finish;
done_testing;
