// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/** A clock that goes on when it is told to, for rules that wait. */
export class FakeClock {
	constructor()
	{
		this.time = 1000;
		this.timers = new Map();
		this.turn = 0;
	}

	now()
	{
		return this.time;
	}

	set(fn, ms)
	{
		this.timers.set(++this.turn, { fn, at: this.time + ms });
		return this.turn;
	}

	clear(timer)
	{
		this.timers.delete(timer);
	}

	/** Let MS go by; timers run in their order. */
	go(ms)
	{
		const end = this.time + ms;

		for (;;) {
			const next = [...this.timers].filter(
			    ([, t]) => t.at <= end)
			    .sort(([, a], [, b]) => a.at - b.at)[0];
			if (next === undefined)
				break;
			this.timers.delete(next[0]);
			this.time = Math.max(this.time, next[1].at);
			next[1].fn();
		}
		this.time = end;
	}
}
