# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What a disk holds after the power went: made of what fault/record-writes.c
# has written down.  What was synced is there.  Of the rest each write is
# there, or not, or in part, sector by sector, whatever came before or after;
# names and lengths go like a journal: the last ones are lost.  What a sync
# that failed was to keep may be lost for ever, as on Linux.
#
#	my $p = Power->new($log, $base);	# copies of the files before it
#	$p->cut($n, $style, $dir);		# the disk after $n records

package Power;

use strict;
use warnings;

use Slurp qw(slurp);

use constant { SECTOR => 512, STYLES => 4 };

sub new
{
	my ($class, $file, $base) = @_;

	my $self = bless { records => [], base => {} }, $class;
	for my $path (glob "$base/*") {
		$self->{base}{ $path =~ s{.*/}{}r } = slurp($path);
	}
	open my $fh, '<:raw', $file or die "$file: $!\n";
	while (my $line = <$fh>) {
		chomp $line;
		my ($kind, @words) = split ' ', $line;
		my $len = $kind eq 'W' ? $words[2] : $kind eq 'S' ?
		    $words[0] : undef;
		if (defined $len) {
			read($fh, my $bytes, $len + 1) == $len + 1
			    or die "$file: $line: cut off\n";
			push @words, substr $bytes, 0, $len;
		}
		$kind =~ /^[OWTfFXNRUSM]$/ or die "$file: $line?\n";
		push @{ $self->{records} }, [$kind, @words];
	}
	return $self;
}

sub count { return scalar @{ $_[0]{records} } }

# The numbers of the records that SUB->(kind, ...) is true for.
sub places
{
	my ($self, $sub) = @_;

	my $r = $self->{records};
	return grep { $sub->(@{ $r->[$_] }) } 0 .. $#$r;
}

# ---- a run up to a record

# A name is given, taken over or away; safe when the directory is synced.
sub name
{
	my ($st, $sub) = @_;

	push @{ $st->{names} }, { sub => $sub, safe => 0 };
	$sub->($st->{now});
}

my %step = (
	O => sub {
		my ($st, $inode, $made, $path) = @_;

		if ($path eq '.') {
			$st->{dir}{$inode} = 1;
		} elsif ($made) {
			my $f = $st->{inode}{$inode} = { data => '',
			    ops => [] };
			name($st, sub { $_[0]{$path} = $f });
		} else {
			$st->{inode}{$inode} //= $st->{now}{$path} //
			    die "$path was there before?\n";
		}
	},
	W => sub {
		my ($st, $inode, $offset, $len, $bytes) = @_;

		push @{ $st->{inode}{$inode}{ops} }, { at => $offset,
		    bytes => $bytes, safe => 0 };
	},
	T => sub {
		my ($st, $inode, $len) = @_;

		push @{ $st->{inode}{$inode}{ops} }, { cut => $len,
		    safe => 0 };
	},
	f => sub {
		my ($st, $inode, $serial) = @_;

		my $list = $st->{dir}{$inode} ? $st->{names} :
		    $st->{inode}{$inode}{ops};
		$st->{sync}{$serial} = [@$list];
	},
	F => sub {
		my ($st, $inode, $serial) = @_;

		for (@{ delete $st->{sync}{$serial} }) {
			$_->{safe} = 1 unless $_->{doomed};
		}
	},
	X => sub {
		my ($st, $inode, $serial) = @_;

		for (@{ delete $st->{sync}{$serial} }) {
			$_->{doomed} = 1 unless $_->{safe};
		}
	},
	N => sub {
		my ($st, $from, $to) = @_;

		my $f = $st->{now}{$from};
		name($st, sub { $_[0]{$to} = $f });
	},
	R => sub {
		my ($st, $from, $to) = @_;

		my $f = $st->{now}{$from};
		name($st, sub { $_[0]{$to} = $f; delete $_[0]{$from} });
	},
	U => sub {
		my ($st, $path) = @_;

		name($st, sub { delete $_[0]{$path} });
	},
	S => sub { },
	M => sub { },
);

# ---- what is there afterwards

# Whether the style keeps what was not synced: none, all, some, or in part.
sub keeps { return $_[0] == 1 || ($_[0] > 1 && rand() < 0.5) }

sub put
{
	my ($data, $at, $bytes) = @_;

	$$data .= "\0" x ($at - length $$data) if length $$data < $at;
	substr($$data, $at, length $bytes) = $bytes;
}

sub content
{
	my ($f, $style) = @_;

	my $data = $f->{data};
	for my $op (@{ $f->{ops} }) {
		my $keep = $op->{safe} || keeps($style);
		if (defined $op->{cut}) {
			# What was written behind it stands on new blocks.
			last unless $keep;
			$data = substr $data . "\0" x ($op->{cut} >
			    length $data ? $op->{cut} - length $data : 0),
			    0, $op->{cut};
		} elsif ($op->{safe} || ($keep && $style != 3)) {
			put(\$data, $op->{at}, $op->{bytes});
		} elsif ($keep) {
			for (my $n = 0; $n < length $op->{bytes};) {
				my $len = SECTOR - ($op->{at} + $n) % SECTOR;
				put(\$data, $op->{at} + $n, substr
				    $op->{bytes}, $n, $len) if rand() < 0.5;
				$n += $len;
			}
		}
	}
	return $data;
}

# Write the disk after the first N records into DIR.  STYLE: 0 nothing that
# was not synced is there, 1 all of it, 2 some writes are, 3 in part.
sub cut
{
	my ($self, $n, $style, $dir) = @_;

	my %base = map { $_ => { data => $self->{base}{$_}, ops => [] } }
	    keys %{ $self->{base} };
	my $st = { now => { %base }, names => [], inode => {}, sync => {},
	    dir => {} };
	for (@{ $self->{records} }[0 .. $n - 1]) {
		my ($kind, @args) = @$_;
		$step{$kind}->($st, @args);
	}
	# Names are in a journal: those up to one of the last are there.
	my %names = %base;
	for (@{ $st->{names} }) {
		last unless $_->{safe} || keeps($style);
		$_->{sub}->(\%names);
	}
	for my $path (keys %names) {
		open my $fh, '>:raw', "$dir/$path" or die "$dir/$path: $!\n";
		print $fh $path =~ /-shm$/ ? map { chr rand 256 } 1 .. 32768 :
		    content($names{$path}, $style);
		close $fh;
		chmod 0600, "$dir/$path";
	}
	return sort keys %names;
}

1;
