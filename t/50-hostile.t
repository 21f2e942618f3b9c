#!/usr/bin/perl
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Hostile texts on the page, in both browsers, on the site as it is installed
# with its policy: whatever they are in, they are shown as text.

use strict;
use warnings;
no warnings 'nonchar';
use utf8;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Test::More;

use Browser;
use Hostile;
use Nginx;
use OpenApi;
use Stockroom;

$OpenApi::custom{note_to} = 1;

my $tree = Nginx::install(Stockroom::build());
my $s = Stockroom->new(relay => 1, users => { ana => 'editor' },
    env => { STOCKROOM_USER_WRITES => 0 },
    nginx => { tree => $tree, site => 'site-plain' });
my $items = '/inventory/items';

sub bytes
{
	my ($text) = @_;

	utf8::encode($text);
	return $text;
}

my $mallory = '<img src=x onerror=pwned=1>' . "\x{202e}" . 'moc';
my $key = "=1\x{2069}\x{2069}\x{202e}<b id=pwned>";
my $label = "\x{202e}lebal</th><script>pwned=1</script>";
$s->ctl_ok(['field', 'add', 'note_to', '--label', bytes($label)]);
$s->ctl_ok(['user', 'add', bytes($mallory), '--role', 'editor'],
    $s->PASSWORD . "\n");
my ($token) = $s->ctl_ok(['token', 'add', bytes($key), '--user',
    bytes($mallory)]) =~ /(sr_\S+)/;

# The items, by number; each text in each field.
my @texts = map { $Hostile::TEXT{$_} } sort keys %Hostile::TEXT;
my @made = map { {
	sku => sprintf('H-%02d', $_), name => $texts[$_],
	location => Hostile::cut($texts[$_], 100),
	unit => Hostile::cut($texts[$_], 20), note_to => $texts[$_],
	notes => "$texts[$_]\n$texts[$_]" } } 0 .. $#texts;
for (@made) {
	my $r = $s->post($items, $_, token => $token);
	is $r->{status}, 201, "$_->{sku} is made" or BAIL_OUT($r->{body})
	    if $r->{status} != 201;
}

my ($seat, $stream);
sub push_it
{
	my ($what, $body) = @_;

	return $s->relay_http('POST', "/push/$what",
	    ticket => $seat->{ticket}, json => $body)->{status};
}

for my $browser (qw(chromium firefox)) {
	Browser::run("hostile.mjs $browser", "http://127.0.0.1:$s->{port}/",
	    given => sub {
		my $r = $s->get("$items?limit=200&sort=sku", token => $token);
		return { items => $r->{json}{items}, texts => \@texts,
		    mallory => $mallory, key => $key, label => $label };
	    },
	    # A request of hers.
	    as => sub {
		my ($method, $path, $body) = @_;
		my $r = $s->request($method, $path, token => $token,
		    $body ? (json => $body) : ());
		return $r->{status};
	    },
	    # She comes under another name.
	    comes => sub {
		$seat = $s->join_room(token => $token, name => $_[0]);
		$stream = $s->open_stream(join => $seat, via => 'relay');
		return $stream->wait_for('room_joined', 10) ? 1 : 0;
	    },
	    push => \&push_it,
	    goes => sub {
		$s->relay_http('POST', '/push/leave', type => 'text/plain',
		    body => $seat->{ticket});
		$stream->close;
		return 1;
	    });
}
$s->finish;
done_testing;
