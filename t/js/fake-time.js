// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/* Date and timers that go by tick() alone. */

import FakeTimers from "@sinonjs/fake-timers";

/**
 * Until the end of a test.
 * @param {any} t its context
 * @param {number} now ms since 1970
 * @returns {{tick: (ms: number) => void}}
 */
export function fakeTime(t, now)
{
	const time = FakeTimers.install({ now, toFake: ["Date", "setTimeout",
		"clearTimeout", "setInterval", "clearInterval"] });

	t.after(() => time.uninstall());
	return time;
}
