# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Programs whose calls fail (t/fault/fail-calls.c), one call after the other,
# and a judge of what comes of it.
#
#	my $w = FailCalls->new(FailCalls::build($dir));
#	my %n = $w->count($scene);		# calls of each kind
#	my @why = $w->try($scene, ['memory', 17, 'once']);
#	$w->end;
#
# A scene (FailScenes.pm has them) is a hash:
#	part	what fails: app, relay, cgi or ctl
#	prepare	a sub, called with the world; what it returns goes to the others
#	act	a sub that does it; its answer, {status => 0} when there is none
#	check	a sub, called with the answer; what is wrong with it, as a list
#	edges	whether its first and last calls for memory are always tried
# The world is a Stockroom whose app and relay are restarted only when they
# have ended; whoever listens at the relay must hear all that is done, in
# order.

package FailCalls;

use strict;
use warnings;

use POSIX ();
use Test::More ();
use Time::HiRes qw(clock_gettime time CLOCK_MONOTONIC);

use Preload;
use Stockroom;

use constant {
	KINDS => [qw(memory open read write sync accept epoll recv send
	    connect map fread fwrite name unlink)],
	EVER_MS => 1500,	# that "for ever" lasts
	AGAIN => 15,		# seconds until all is well again
};
our $hang = 12;		# seconds: whoever waits longer waits in vain
my %number = map { KINDS->[$_] => $_ } 0 .. $#{ +KINDS };
my $size = 8 + 4 * 4 + 4 * @{ +KINDS };

# The library to preload, made in DIR.
sub build
{
	my ($dir) = @_;

	return Preload::build('t/fault/fail-calls.c', $dir);
}

# Libc's names for input and output, in all their forms.
my $io = qr/^_*(?:(?:f|fd|fre|p)?open(?:at)?|mkos?temps?|tmpfile|dup\d?|
    p?(?:read|write)v?|f?truncate|f(?:data)?sync|
    f?getc|getchar|f?gets|getline|getdelim|fread|uflow|underflow|
    v?f?scanf|f?putc|putchar|f?puts|fwrite|v?[df]?printf|overflow|
    fflush|fclose|(?:un)?link(?:at)?|rename(?:at2?)?|
    recv(?:from|msg)?|send(?:to|msg|file)?|socket|connect|accept4?|
    epoll_\w+|mmap)(?:64)?(?:_unlocked)?(?:_chk|_2)?$/x;

# Those among such NAMES that the library lets by.
sub unseen
{
	my ($lib, @names) = @_;

	my %seen = map { $_ => 1 } names($lib, '--defined-only');
	return grep { /$io/ && !$seen{$_} } @names;
}

# What a file has or wants of symbols for the linker.
sub names
{
	my ($file, $which) = @_;

	open my $nm, '-|', 'nm', '-D', $which, $file or die "nm: $!\n";
	return map { /(\w+)(?:@.*)?$/ } <$nm>;
}

sub new
{
	my ($class, $lib) = @_;

	$SIG{PIPE} = 'IGNORE';	# who listens may just have ended
	my $s = Stockroom->new(app => 0, users => { ana => 'editor',
	    admin => 'admin' }, args => { app => ['--threads', 2] },
	    # A try that found no end counts as a wrong password.
	    env => { STOCKROOM_USER_WRITES => 0,
		STOCKROOM_SIGNIN_ADDRESS => 100_000 });
	my $self = bless { s => $s, lib => $lib, names => 0, restarts => 0,
	    said => {} }, $class;
	for my $part (qw(app relay cgi ctl)) {
		open(my $fh, "+>", $self->control($part)) or
		    die "control: $!";
		$fh->autoflush;
		$self->{control}{$part} = $fh;
		$self->set($part, 0, -1, 0, 0);
	}
	$self->start($_) for qw(relay app);
	$s->wait_joined;
	$self->{ana} = [token => $s->token('ana')];
	$self->{admin} = [token => $s->token('admin')];
	$self->listen;
	return $self;
}

sub s { return $_[0]{s} }

# A name that was not used before.
sub name
{
	my ($self, $what) = @_;

	return sprintf '%s-%d', $what, ++$self->{names};
}

# -- the calls that fail

sub control { return "$_[0]{s}{dir}/fail-$_[1]" }

sub env
{
	my ($self, $part) = @_;

	return (LD_PRELOAD => $self->{lib},
	    FAIL_CONTROL => $self->control($part),
	    ASAN_OPTIONS => 'detect_leaks=1:verify_asan_link_order=0');
}

sub start
{
	my ($self, $part) = @_;

	$self->{s}->start($part, $part eq 'app' ? (app => 'socket') : (),
	    env => { $self->env($part) });
}

# Until is in monotonic ms: 0 is never.
sub set
{
	my ($self, $part, $ms, $kind, $at, $ever) = @_;

	my $fh = $self->{control}{$part};
	my $until = $ms ? int(1000 * clock_gettime(CLOCK_MONOTONIC)) + $ms : 0;
	# First the rest, then the word that it is so.
	sysseek $fh, 8, 0;
	syswrite $fh, pack 'l4 l*', $kind, $at, $ever, 0,
	    (0) x @{ +KINDS };
	sysseek $fh, 0, 0;
	syswrite $fh, pack 'q', $until;
}

# All is well again; how many calls have failed, and all by kind.
sub disarm
{
	my ($self, $part) = @_;

	my ($fh, $bytes) = $self->{control}{$part};
	sysseek $fh, 0, 0;
	syswrite $fh, pack 'q', 0;
	sysseek $fh, 0, 0;
	sysread $fh, $bytes, $size;
	my (undef, undef, undef, undef, $fired, @n) = unpack 'q l4 l*', $bytes;
	return ($fired, map { KINDS->[$_] => $n[$_] } 0 .. $#n);
}

# -- the programs

# Start again what has ended; what is wrong with how it did.
sub mend
{
	my ($self, $part) = @_;

	my $s = $self->{s};
	return () if $s->running($part);
	my $status = $s->{proc}{$part}{status};
	$s->kill($part, 'TERM', dirty => 1);
	my $log = substr $s->log_text($part), $self->{mark}{$part} // 0;
	my @why = ended_badly($part, $status, $log);
	$self->{restarts}++;
	$self->set($part, 0, -1, 0, 0);
	$self->start($part);
	return @why;
}

sub ended_badly
{
	my ($name, $status, $log) = @_;

	return sprintf '%s died of signal %d', $name, $status & 127
	    if $status & 127;
	return "$name ended without need" if $status == 0;
	return "$name ended with " . ($status >> 8) . ' and no word of it'
	    unless $log =~ /error|^stockroom(?:ctl)?: /m;
	return ();
}

# Descriptors that a part has open.
sub files
{
	my ($self, $part) = @_;

	my $pid = $self->{s}->pid($part) // return 0;
	opendir my $dir, "/proc/$pid/fd" or return 0;
	return scalar grep { /^\d/ } readdir $dir;
}

# Both serve, and have each other; what is wrong.
sub well
{
	my ($self) = @_;

	my $s = $self->{s};
	my @why;
	$s->wait_for(sub {
		push @why, map { $self->mend($_) } qw(relay app);
		return $s->get('/inventory/collaboration/presence?room=' .
		    $s->room, @{ $self->{ana} }, timeout => 5)->{status} == 200
		    && $s->relay_http('GET', '/metrics',
		    timeout => 5)->{body} =~ /_app_connections 1$/m;
	}, AGAIN) or push @why, 'does not serve afterwards';
	return @why;
}

# -- who listens

sub head
{
	my ($self) = @_;

	my $r = $self->{s}->get('/inventory/items?limit=1', @{ $self->{ana} });
	return $r->{json}{position} // die "no position: $r->{body}\n";
}

sub seq { return (split /:/, $_[0])[1] }

# Open the stream, from where it was cut.
sub listen
{
	my ($self) = @_;

	my $s = $self->{s};
	my $place = $self->{heard} // $self->head;
	my $join = eval { $s->join_room(@{ $self->{ana} }) } or return;
	$self->{stream}->close if $self->{stream};
	$self->{stream} = eval { $s->open_stream(join => $join,
	    position => $place) };
	$self->{heard} = $place;
}

# Hear all that was done; what is wrong with what came.
sub catch_up
{
	my ($self) = @_;

	my $head = $self->head;
	my ($epoch) = split /:/, $head;
	my @why;
	$self->{s}->wait_for(sub {
		my $st = $self->{stream};
		$st->pump if $st;
		for my $ev ($st ? splice @{ $st->{events} } : ()) {
			push @why, 'the listener is told of a hole'
			    if $ev->{event} eq 'room_joined' &&
			    !$ev->{data}{recovered};
			next unless $ev->{event} eq 'inventory_changed';
			my $seq = $ev->{data}{seq};
			my $last = seq($self->{heard});
			push @why, "heard $seq after $last"
			    if $seq != $last + 1;
			$self->{heard} = "$epoch:$seq";
		}
		if (!$st || $st->{ended}) {
			$self->listen;
			return 0;
		}
		return seq($self->{heard}) >= seq($head);
	}, AGAIN) or push @why, "heard up to $self->{heard}, not $head";
	return @why;
}

# What the log has had since a mark.
sub changes
{
	my ($self, $mark) = @_;

	my $r = $self->{s}->get('/inventory/changes?limit=200&since=' .
	    seq($mark), @{ $self->{ana} });
	die "changes: $r->{status} $r->{body}\n" unless $r->{status} == 200;
	return @{ $r->{json}{changes} };
}

# -- a try

sub act
{
	my ($self, $scene, $ctx) = @_;

	my $t = time;
	my $r = $scene->{act}->($self, $ctx);
	$r->{hung} = time - $t > $hang;
	return $r;
}

# Do it once while nothing fails; how many calls of each kind that took.
sub count
{
	my ($self, $scene) = @_;

	my $part = $scene->{part};
	my ($ctx, $r, %n);
	# Many have signed in meanwhile: old sessions have gone.
	$self->{s}->sign_in('ana', again => 1);
	# The first times statements are prepared, files opened.
	for (1 .. 3) {
		$ctx = $scene->{prepare}->($self);
		$ctx->{mark} //= $self->head;
		$self->set($part, 60_000, -1, 0, 0);
		$r = $self->act($scene, $ctx);
		(undef, %n) = $self->disarm($part);
	}
	my @why = $scene->{check}->($self, $ctx, $r);
	unshift @why, "answered $r->{status} while all is well"
	    unless $r->{status} =~ /^2/;
	die "$scene->{name}: @why\n" if @why;
	$self->catch_up;
	return map { $n{$_} ? ($_ => $n{$_}) : () } keys %n;
}

# Let the Nth call of a kind fail, "once" or "ever"; what is wrong with what
# comes of it.  {fired} says whether it came to that.
sub try
{
	my ($self, $scene, $sample) = @_;

	my ($kind, $at, $how) = @$sample;
	my ($s, $part) = ($self->{s}, $scene->{part});
	my $ctx = $scene->{prepare}->($self);
	$ctx->{mark} //= $self->head;
	$self->{mark}{$_} = length $s->log_text($_) for qw(app relay cgi);
	my %files = map { $_ => $self->files($_) } qw(app relay);
	my %pid = map { $_ => $s->pid($_) } qw(app relay);
	$self->set($part, EVER_MS, $number{$kind}, $at, $how eq 'ever');
	my $r = $self->act($scene, $ctx);
	($self->{fired}) = $self->disarm($part);
	my @why = $r->{hung} ? 'hung' : ();
	push @why, $self->well;
	push @why, $scene->{check}->($self, $ctx, $r) unless @why;
	push @why, $self->catch_up;
	my @leaks = grep {
		my $name = $_;
		$pid{$name} == $s->pid($name) && !$s->wait_for(sub {
			$self->files($name) <= $files{$name} }, 5)
	} qw(app relay);
	# A connection that was just down when we counted is no leak: what leaks
	# does so each time.
	if (@leaks && !@why && !$self->{suspect}) {
		local $self->{suspect} = 1;
		return $self->try($scene, $sample);
	}
	push @why, map { "$_ leaks descriptors" } @leaks;
	$self->tell if @why && $ENV{STOCKROOM_KEEP};
	return @why;
}

# What the programs have said since the try began.
sub tell
{
	my ($self) = @_;

	for my $part (qw(app relay cgi)) {
		my $log = substr $self->{s}->log_text($part),
		    $self->{mark}{$part};
		print STDERR map { "# $part: $_\n" } split /\n/, $log;
	}
}

# The log has no gap, the database is sound, all ends well.
sub end
{
	my ($self) = @_;

	my $s = $self->{s};
	my @why;
	my ($code, $out, $err) = $s->ctl(['data', 'check']);
	push @why, "data check: $code $err" if $code;
	$self->{stream}->close if $self->{stream};
	push @why, $s->end;
	return @why;
}

1;
