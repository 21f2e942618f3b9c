# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# What people do while calls fail (FailCalls.pm says what a scene is), from
# signing in to a backup, and what may come of it.

package FailScenes;

use strict;
use warnings;

use Time::HiRes qw(time);

use Poll;
use Stockroom;
use Stream;

use constant {
	ITEMS => '/inventory/items',
	SAME_ORIGIN => { 'Sec-Fetch-Site' => 'same-origin' },
	WAIT => 20,		# seconds for an answer; FailCalls judges sooner
	# Of errors that no call was made to fail with.
	FALSE_REASON => qr/No such file|Inappropriate ioctl|Bad file|Success/,
};
my $json = $Stockroom::json;

# -- what an answer may be

# A sound request is done, or refused as what may be tried again; an answer
# that breaks off is none.
sub refusal
{
	my ($r) = @_;

	return () if !$r->{status} || $r->{status} =~ /^2/;
	# Who breaks off is not there to hear that.
	return () if $r->{status} == 400 && $r->{body} =~ /Content-Length/;
	return "answered $r->{status}: $r->{body}"
	    unless $r->{status} == 503;
	return () if exists $r->{ended} && !$r->{ended};
	return "no problem document: $r->{body}"
	    unless ($r->{headers}{'content-type'} // '') =~
	    m{^application/problem\+json} &&
	    ref $r->{json} eq 'HASH' && $r->{json}{status} == $r->{status};
	return "a 503 that does not say when to try again"
	    if $r->{status} == 503 && !$r->{headers}{'retry-after'};
	return ();
}

# How often the change that the context wants is in the log; what else is.
sub done
{
	my ($w, $ctx) = @_;

	my @log = $w->changes($ctx->{mark});
	my $mine = "$ctx->{type} $ctx->{sku}";
	my @others = grep { $_ ne $mine }
	    map { "$_->{update_type} $_->{sku}" } @log;
	return (@log - @others, @others ?
	    "the log has what nobody did: @others" : ());
}

# A change is done once, or not at all; tried again, it is done once.
sub check_write
{
	my ($w, $ctx, $r) = @_;

	my ($n, @why) = done($w, $ctx);
	push @why, refusal($r);
	push @why, "answered $r->{status}, and it is done $n times"
	    if $n > 1 || ($r->{status} =~ /^2/ && $n != 1) ||
	    ($r->{status} >= 400 && $n != !!$ctx->{again});
	return @why if @why;
	$r = $ctx->{send}->();
	push @why, "tried again: $r->{status} $r->{body}"
	    unless $r->{status} =~ /^2/ ||
	    ($ctx->{type} eq 'delete' && $n && $r->{status} == 404);
	($n) = done($w, $ctx);
	push @why, "tried again, and it is done $n times" if $n != 1;
	push @why, $ctx->{proof}->() if $ctx->{proof};
	return @why;
}

# What is read is all there, or nothing.
sub check_read
{
	my ($w, $ctx, $r) = @_;

	my @why = refusal($r);
	push @why, "answered $r->{status} with $r->{body}, not $ctx->{clean}"
	    if $r->{status} == 200 && !(exists $r->{ended} && !$r->{ended}) &&
	    defined $ctx->{clean} && $r->{body} ne $ctx->{clean};
	push @why, 'the log has grown' if $w->changes($ctx->{mark});
	$r = $ctx->{send}->();
	push @why, "tried again: $r->{status} $r->{body}"
	    unless $r->{status} == 200;
	return @why;
}

# -- the app

sub item
{
	my ($w, %fields) = @_;

	my $sku = $w->name('F');
	my $r = $w->s->post(ITEMS, { sku => $sku, name => 'thing',
	    quantity => 10, location => 'A', notes => 'n' x 300, %fields },
	    @{ $w->{ana} });
	die "item: $r->{status} $r->{body}\n" unless $r->{status} == 201;
	return ($sku, $r->{json}{version});
}

# A scene of the app: PREPARE gives the context, SEND is its request.
sub app
{
	my ($name, $prepare, $send, $check, %more) = @_;

	return { name => $name, part => 'app', prepare => sub {
		my ($w) = @_;
		my $ctx = $prepare->($w);
		$ctx->{key} //= $w->name('key');
		$ctx->{send} = sub { return $send->($w, $ctx) };
		$ctx->{clean} = $ctx->{send}->()->{body} if $ctx->{reads};
		return $ctx;
	}, act => sub { return $_[1]{send}->() }, check => $check, %more };
}

# Fields of an item after all.
sub proof
{
	my ($w, $ctx, %want) = @_;

	return sub {
		my $it = $w->s->get(ITEMS . "/$ctx->{sku}",
		    @{ $w->{ana} })->{json};
		return map { "$_ is " . ($it->{$_} // 'nothing') }
		    grep { ($it->{$_} // '') ne $want{$_} } sort keys %want;
	};
}

sub create
{
	my ($w, $ctx) = @_;

	return $w->s->post(ITEMS, { sku => $ctx->{sku}, name => 'new thing',
	    quantity => 2.5, notes => 'x' x 300, location => 'A-1' },
	    @{ $w->{ana} }, key => $ctx->{key}, timeout => WAIT);
}

sub prepare_create
{
	my ($w) = @_;

	my $ctx = { sku => $w->name('F'), type => 'create' };
	$ctx->{proof} = proof($w, $ctx, name => 'new thing', quantity => 2.5,
	    notes => 'x' x 300, location => 'A-1');
	return $ctx;
}

sub prepare_merge
{
	my ($w) = @_;

	my ($sku, $version) = item($w);
	$w->s->patch(ITEMS . "/$sku", { quantity => 11 }, @{ $w->{ana} });
	my $ctx = { sku => $sku, base => $version, type => 'edit' };
	$ctx->{proof} = proof($w, $ctx, quantity => 11, location => 'B',
	    notes => 'changed');
	return $ctx;
}

sub adjust
{
	my ($w, $ctx, $delta) = @_;

	return $w->s->post(ITEMS . "/$ctx->{sku}/adjustments",
	    { delta => $delta, reason => 'sale' }, @{ $w->{ana} },
	    key => $ctx->{key}, timeout => WAIT);
}

sub prepare_item
{
	my ($type, %want) = @_;

	return sub {
		my ($w) = @_;
		my ($sku) = item($w);
		my $ctx = { sku => $sku, type => $type };
		$ctx->{proof} = proof($w, $ctx, %want) if %want;
		return $ctx;
	};
}

sub reads { return { reads => 1 } }

sub get
{
	my ($path) = @_;

	return sub {
		my ($w, $ctx) = @_;
		return $w->s->get($path->($w, $ctx), @{ $w->{ana} },
		    timeout => WAIT);
	};
}

sub sign_in
{
	my ($w) = @_;

	return $w->s->post('/session', { username => 'ana',
	    password => $w->s->PASSWORD }, headers => SAME_ORIGIN,
	    timeout => WAIT);
}

# A cookie that was given out is good.
sub check_sign_in
{
	my ($w, $ctx, $r) = @_;

	my @why = refusal($r);
	push @why, sign_in($w)->{status} . ' for the next sign-in'
	    if sign_in($w)->{status} != 201;
	return @why unless $r->{status} == 201;
	my ($cookie) = ($r->{headers}{'set-cookie'} // '') =~ /^([^;]+)/;
	push @why, 'signed in with a cookie that is none'
	    unless defined $cookie && $w->s->get('/session',
	    headers => { Cookie => $cookie })->{json}{user}{username};
	return @why;
}

sub join_room
{
	my ($w) = @_;

	return $w->s->post('/inventory/collaboration/join',
	    { room => $w->s->room }, as => 'ana', timeout => WAIT);
}

# A ticket that was given out opens a stream.
sub check_join
{
	my ($w, $ctx, $r) = @_;

	my @why = refusal($r);
	return @why unless $r->{status} =~ /^20[01]$/ && $r->{ended};
	my $st = $w->s->open_stream(join => $r->{json});
	push @why, 'joined with a ticket that opens nothing'
	    unless $st->wait_for('room_joined');
	$st->close;
	return @why;
}

my @app = (
	app('sign in', sub { return {} }, \&sign_in, \&check_sign_in),
	app('who am I', \&reads, sub {
		return $_[0]->s->get('/session', as => 'ana',
		    timeout => WAIT);
	}, \&check_read),
	app('create', \&prepare_create, \&create, \&check_write),
	app('merge', \&prepare_merge, sub {
		my ($w, $ctx) = @_;
		return $w->s->patch(ITEMS . "/$ctx->{sku}", {
		    base_version => $ctx->{base}, location => 'B',
		    notes => 'changed' }, as => 'ana', key => $ctx->{key},
		    timeout => WAIT);
	}, \&check_write),
	app('adjust', prepare_item('adjust', quantity => 7),
	    sub { return adjust(@_, -3) }, \&check_write),
	app('delete', prepare_item('delete'), sub {
		my ($w, $ctx) = @_;
		return $w->s->delete(ITEMS . "/$ctx->{sku}", @{ $w->{ana} },
		    timeout => WAIT);
	}, \&check_write),
	app('the same again', sub {
		my ($w) = @_;
		my $ctx = prepare_item('adjust', quantity => 9)->($w);
		# It was done before, and is not to be done again.
		@$ctx{qw(again mark key)} = (1, $w->head, $w->name('again'));
		adjust($w, $ctx, -1);
		return $ctx;
	}, sub { return adjust(@_, -1) }, \&check_write),
	app('list', \&reads, get(sub {
		return ITEMS . '?limit=20&sort=-quantity&location=A' }),
	    \&check_read),
	app('history', sub {
		my ($sku) = item($_[0]);
		return { sku => $sku, reads => 1 };
	}, get(sub { return ITEMS . "/$_[1]{sku}/history" }), \&check_read),
	app('changes', \&reads, get(sub {
		return '/inventory/changes?limit=20&since=0' }), \&check_read),
	app('join', sub { return {} }, \&join_room, \&check_join),
	app('broadcast', prepare_item('scan'), sub {
		my ($w, $ctx) = @_;
		return $w->s->post('/inventory/collaboration/broadcast-change',
		    { update_type => 'scan', sku => $ctx->{sku},
		    field => 'quantity', old_value => 1, new_value => 2 },
		    @{ $w->{ana} }, key => $ctx->{key}, timeout => WAIT);
	}, \&check_write),
	app('presence', sub { return {} }, get(sub {
		return '/inventory/collaboration/presence?room=' .
		    $_[0]->s->room }), \&check_read),
);

# -- the relay

# Open a stream and hear what one is told at first; an answer's face.
sub open_stream
{
	my ($w, $ctx) = @_;

	my $s = $w->s;
	my $st = Stream->open($s->stream_address('relay'),
	    ticket => $ctx->{join}{ticket}, position => $ctx->{position}) or
	    return { status => 0 };
	my $n = 0;
	my $hit = $st->wait_for(sub {
		my $kind = $_->{event};
		$n++ if $kind eq 'inventory_changed';
		$ctx->{whole} = $_->{data}{recovered}
		    if $kind eq 'room_joined';
		return $kind eq 'disconnect' ||
		    ($n == ($ctx->{want} // 0) && exists $ctx->{whole});
	}, WAIT);
	$ctx->{heard} = [map { $_->{data}{seq} }
	    $st->named('inventory_changed')];
	my $r = { status => $hit && $hit->{event} ne 'disconnect' ? 200 :
	    $st->{status} == 200 ? 0 : $st->{status}, body => '',
	    headers => $st->{headers} };
	$st->close;
	return $r;
}

# What came of a replay is its beginning, without a hole.
sub check_stream
{
	my ($w, $ctx, $r) = @_;

	my @why;
	if (defined $ctx->{position} && $ctx->{whole}) {
		my $from = FailCalls::seq($ctx->{position});
		my @heard = @{ $ctx->{heard} };
		push @why, "replayed @heard after $from" if "@heard" ne
		    join ' ', $from + 1 .. $from + @heard;
	}
	my $join = join_room($w)->{json};
	my %again = (join => $join, position => $ctx->{position},
	    want => $ctx->{want});
	push @why, 'no stream afterwards'
	    unless open_stream($w, \%again)->{status} == 200;
	return @why;
}

sub joined
{
	my ($w) = @_;

	my $r = join_room($w);
	die "join: $r->{status} $r->{body}\n" unless $r->{json}{ticket};
	return { join => $r->{json} };
}

# One with a stream of its own, which acts by POST.
sub present
{
	my ($w) = @_;

	my $ctx = joined($w);
	my $st = $ctx->{stream} = $w->s->open_stream(join => $ctx->{join});
	die "not joined\n" unless $st->wait_for('room_joined');
	return $ctx;
}

sub post
{
	my ($what, $body) = @_;

	return sub {
		my ($w, $ctx) = @_;
		return $w->s->relay_http('POST', "/push/$what",
		    ticket => $ctx->{join}{ticket}, json => $body->($ctx),
		    timeout => WAIT);
	};
}

sub check_post
{
	my ($w, $ctx, $r) = @_;

	$ctx->{stream}->close;
	return refusal($r);
}

sub relay
{
	my ($name, $prepare, $act, $check) = @_;

	return { name => $name, part => 'relay', prepare => $prepare,
	    act => $act, check => $check };
}

my @relay = (
	relay('stream', \&joined, \&open_stream, \&check_stream),
	relay('replay', sub {
		my ($w) = @_;
		my $ctx = joined($w);
		my $head = $w->head;
		my ($epoch, $seq) = split /:/, $head;
		item($w) for 1 .. 3;
		$w->catch_up;
		return { %$ctx, position => $head, want => 3 };
	}, \&open_stream, \&check_stream),
	relay('poll', \&joined, sub {
		my ($w, $ctx) = @_;
		return $w->s->relay_http('GET', '/push/poll',
		    ticket => $ctx->{join}{ticket}, timeout => WAIT);
	}, sub {
		my ($w, $ctx, $r) = @_;
		return (refusal($r), $r->{status} == 200 &&
		    !$r->{json} && $r->{headers}{'content-length'} ==
		    length $r->{body} ? "no answer: $r->{body}" : ());
	}),
	relay('cursor', \&present, post(cursor => sub { return {
	    cursor_position => { x => 1, y => 2 }, editing_row => 'F-1',
	    editing_field => 'name', mode => 'edit' } }), \&check_post),
	relay('lease', sub {
		my ($w) = @_;
		return { %{ present($w) }, row => $w->name('R') };
	}, post(lease => sub { return {
	    action => 'take', row => $_[0]{row}, field => 'name' } }),
	    \&check_post),
	relay('ingest', sub {
		my ($w) = @_;
		my $ctx = prepare_create($w);
		$ctx->{key} = $w->name('key');
		$ctx->{send} = sub { return create($w, $ctx) };
		return $ctx;
	}, sub {
		my ($w, $ctx) = @_;
		my $r = $ctx->{send}->();
		my $st = $w->{stream};
		# It fails, if it does, after that.
		$w->s->wait_for(sub {
			$st->pump;
			return $st->{ended} || grep {
				$_->{data}{sku} eq $ctx->{sku}
			} $st->named('inventory_changed');
		}, 2);
		return $r;
	}, \&check_write),
	relay('presence asked', \&present, get(sub {
		return '/inventory/collaboration/presence?room=' .
		    $_[0]->s->room }), \&check_post),
);

# -- plain CGI, and the admin's command line

# Run SUB with the library in the environment of what it starts.
sub beneath
{
	my ($w, $part, $sub) = @_;

	local $w->s->{env} = { %{ $w->s->{env} }, $w->env($part) };
	return $sub->();
}

sub check_ended
{
	my ($w, $r, $log) = @_;

	return $r->{exit} ? FailCalls::ended_badly('the process', $r->{exit},
	    $log) : ();
}

my @cgi = ({ name => 'CGI', part => 'cgi', prepare => sub {
	my ($w) = @_;
	my $ctx = prepare_create($w);
	$ctx->{key} = $w->name('key');
	$ctx->{send} = sub {
		return $w->s->post(ITEMS, { sku => $ctx->{sku},
		    name => 'new thing', quantity => 2.5, location => 'A-1',
		    notes => 'x' x 300 }, @{ $w->{ana} },
		    key => $ctx->{key}, via => 'cgi');
	};
	return $ctx;
}, act => sub {
	my ($w, $ctx) = @_;
	$ctx->{log} = length $w->s->log_text('cgi');
	return beneath($w, 'cgi', $ctx->{send});
}, check => sub {
	my ($w, $ctx, $r) = @_;
	return (check_ended($w, $r, substr $w->s->log_text('cgi'),
	    $ctx->{log}), check_write(@_));
} });

# Run a context's command, with what is to come through a pipe as its input.
sub run_ctl
{
	my ($w, $ctx) = @_;

	return $w->s->ctl($ctx->{argv}) unless defined $ctx->{piped};
	open my $pipe, '-|', 'cat', $ctx->{piped} or die "cat: $!\n";
	return $w->s->ctl($ctx->{argv}, $pipe);
}

# A command; PREPARE's context has its arguments, and what shows whether it
# has done its work: a sub that returns true, false, or why neither.
sub command
{
	my ($name, $prepare, %more) = @_;

	return { name => $name, part => 'ctl', prepare => $prepare,
	    edges => 1, %more, act => sub {
		my ($w, $ctx) = @_;
		my ($code, $out, $err) = beneath($w, 'ctl', sub {
			return run_ctl($w, $ctx);
		});
		return { status => $code ? 0 : 200, body => $out,
		    err => $err, exit => $code >= 128 ? $code - 128 :
		    $code << 8 };
	}, check => sub {
		my ($w, $ctx, $r) = @_;
		my @why = check_ended($w, $r, $r->{err});
		my ($done, @more) = $ctx->{done}->($r);
		my $said = !$r->{exit} || $r->{err} =~ /: it is done, but /;
		push @why, @more, $done && !$said ?
		    "failed, and yet it is done: $r->{err}" :
		    !$done && $said ? 'good, and yet not done' : ();
		push @why, "a false reason: $r->{err}"
		    if $r->{err} =~ FALSE_REASON;
		return @why if @why || $done;
		my ($code, $out, $err) = run_ctl($w, $ctx);
		($done, @more) = $ctx->{done}->({ body => $out });
		return ("tried again: $err") if $code || !$done;
		return @more;
	} };
}

sub copy_path
{
	my ($w, $suffix) = @_;

	return $w->s->{dir} . '/' . $w->name('copy') . $suffix;
}

# Whether the file is there, nothing beside it, and whole.
sub file_is
{
	my ($path, $whole) = @_;

	return sub {
		my @left = grep { $_ ne $path } glob "$path*";
		my @why = @left ? "left behind: @left" : ();
		my $good = -e $path && $whole->(@_);
		unlink glob "$path*";
		return ($good, @why);
	};
}

# Rows that libc reads in several pieces, from the file or through a pipe.
sub import_of
{
	my ($w, $by_path) = @_;

	my $path = copy_path($w, '.csv');
	my @skus = map { $w->name('I') } 1 .. 5;
	open my $fh, '>', $path or die "$path: $!";
	print $fh "sku,name,notes\n", map { "$_,row,n" . 'o' x 1900 . "\n" }
	    @skus;
	close $fh or die "$path: $!";
	my %input = $by_path ? () : (piped => $path);
	return { %input, argv => ['item', 'import', '--atomic',
	    $by_path ? $path : '-'], done => sub {
		my $n = grep { $w->s->get(ITEMS . "/$_",
		    @{ $w->{ana} })->{status} == 200 } @skus;
		return ($n == @skus, $n > 0 && $n < @skus ?
		    "$n of " . @skus . ' are there' : ());
	} };
}

# What an export has: more than libc writes at once.
sub all_items
{
	my ($w) = @_;

	$w->{large} //= [map { item($w, notes => 'n' x 1900) } 1 .. 5];
	return $w->s->ctl_ok(['item', 'export']);
}

my @ctl = (
	command('backup', sub {
		my ($w) = @_;
		my $path = copy_path($w, '.db');
		return { argv => ['data', 'backup', $path], done =>
		    file_is($path, sub {
			my ($code) = $w->s->ctl(['data', 'check', $path]);
			return $code == 0;
		}) };
	}),
	command('export', sub {
		my ($w) = @_;
		my $path = copy_path($w, '.csv');
		my $clean = all_items($w);
		return { argv => ['item', 'export', $path], done =>
		    file_is($path, sub {
			open my $fh, '<:raw', $path or return 0;
			local $/;
			return <$fh> eq $clean;
		}) };
	}),
	command('export to stdout', sub {
		my ($w) = @_;
		my $clean = all_items($w);
		return { argv => ['item', 'export'],
		    done => sub { return $_[0]{body} eq $clean } };
	}, edges => 0),
	command('import', sub { return import_of($_[0], 'path') }),
	command('import of a pipe', sub { return import_of($_[0]) },
	    edges => 0),
	command('token', sub {
		my ($w) = @_;
		my $name = $w->name('token');
		return { argv => ['token', 'add', $name, '--user', 'ana'],
		    done => sub {
			my ($r) = @_;
			my ($token) = $r->{body} =~ /(sr_[\w-]+)/;
			return $w->s->get(ITEMS . '?limit=1',
			    token => $token)->{status} == 200 if $token;
			# Nobody has seen it, but it may be there.
			my $made = $w->s->ctl_ok(['token', 'list']) =~
			    /^\Q$name\E /m;
			return ($made, $made && !$r->{exit} ?
			    'the secret is lost' : ());
		} };
	}),
);

# The commands first, while there is little to copy.
sub all { return (@ctl, @cgi, @app, @relay) }

1;
