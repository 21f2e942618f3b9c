# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Texts that do harm where they are taken for anything but text: what a field
# of one line may hold, and what none may.
#
#	for my $name (sort keys %Hostile::TEXT) { ... $Hostile::TEXT{$name} }
#	my $short = Hostile::cut($text, 40);	# at most so many characters

package Hostile;

use strict;
use warnings;
use utf8;

# Each sets window.pwned where it is run.
our %TEXT = (
	# markup
	'a script' => '<script>window.pwned=1</script>',
	'an image' => '<img src=x onerror=window.pwned=1>',
	'a closing quote' => '"><svg onload=window.pwned=1>',
	'an attribute' => "' autofocus onfocus=window.pwned=1 x='",
	'an address' => 'javascript:window.pwned=1',
	'an address of data' => 'data:text/html,<script>pwned=1</script>',
	'closing tags' => '</title></textarea></select><b id=pwned>x</b>',
	'a comment' => '--><!-- ]]> <![CDATA[ <?x ?>',
	'entities' => '&lt;b&gt; &#60;i&#62; &amp;amp; &nbsp;&#0;',
	'templates' => '{{pwned=1}} ${pwned=1} <%= 1 %> #{1} {% x %} %s%n',
	# directions
	'an override' => "abc \x{202e}txt.exe",
	'an override that ends' => "\x{202e}abc\x{202c} def",
	'isolates that do not match' => "a\x{2069}\x{2069}\x{202e}b\x{2067}c",
	'embeddings' => "\x{202b}a\x{202a}b\x{202d}c",
	'Hebrew' => "\x{5e9}\x{5dc}\x{5d5}\x{5dd} (12) !",
	'Arabic' => "\x{645}\x{631}\x{62d}\x{628}\x{627} 3 x 4",
	'marks' => "a\x{200f}!\x{200e}b\x{61c}c",
	# characters of no width, of many parts, of no plane in use
	'no width' => "a\x{200b}b\x{200d}c\x{2060}d\x{ad}e\x{feff}f",
	'a mark in front' => "\x{feff}x",
	'line separators' => "a\x{2028}b\x{2029}c",
	'a family' => "\x{1f468}\x{200d}\x{1f469}\x{200d}\x{1f467} " .
	    "\x{1f1e9}\x{1f1ea} \x{1f44d}\x{1f3fd} \x{2764}\x{fe0f}",
	'many marks' => 'Z' . "\x{300}\x{315}\x{489}\x{36f}" x 4 .
	    'a' . "\x{323}\x{334}" x 4,
	'another normal form' => "e\x{301} \x{e9} \x{212b} \x{fb01}",
	'the last characters' => "\x{fffd} \x{e000} \x{10fffd} \x{20000}",
	'no characters' => "\x{ffff} \x{fdd0} \x{1fffe} \x{10ffff}",
	'tags' => "x\x{e0041}\x{e0042}\x{e007f}",
	'a long word' => 'W' x 200,
	'a long wide word' => "\x{611b}" x 200,
	'spaces within' => "a  b\x{a0}c\x{3000}d",
	# formulas
	'=' => '=1+1', '+' => '+1-1', '-' => '-1', '@' => '@SUM(1)',
	'a link by formula' => '=HYPERLINK("http://evil.example","x")',
	'a command' => "=cmd|' /C calc'!A0",
	'an apostrophe' => "'=1", 'apostrophes' => "''", 'one' => "'",
	'quotes and commas' => '",";"" \'"',
	# lines of other protocols
	'an event' => 'data: {} event: disconnect id: 1',
	'an event by separators' => "x\x{2028}\x{2028}event: disconnect",
	'a header' => 'x%0d%0aSet-Cookie: a=b',
	'escapes' => '\\u0000 \\n \\r\\n \\x00 \\" \\\\ \\',
	# of other languages
	'JSON' => '{"sku":"x","a":[null,1e999]}',
	'SQL' => "'; DROP TABLE item; --",
	'a path' => '../../../etc/passwd',
	'a shell' => '`reboot` $(reboot) ; reboot | reboot & #',
	'null' => 'null', 'a number' => '0', 'another number' => '1e5',
	'a prototype' => '__proto__',
);

# Controls, by name, that no text may hold; a line feed and a tab may stand
# in notes.
our %CONTROL = (
	'U+0001' => "\x01", 'BEL' => "\x07", 'BS' => "\b", 'ESC' => "\e[31m",
	'CR' => "\r", 'LF' => "\n", 'TAB' => "\t", 'CR LF' => "\r\n",
	'VT' => "\x0b", 'DEL' => "\x7f", 'NEL' => "\x{85}",
	'CSI' => "\x{9b}31m", 'APC' => "\x{9f}",
);

sub cut
{
	my ($text, $most) = @_;

	my $cut = substr $text, 0, $most;
	# Names may not end in a space.
	return $cut =~ s/^ +| +$//gr;
}

1;
