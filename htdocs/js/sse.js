// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The stream of Server-Sent Events, read with fetch(): unlike EventSource it
 * sends the ticket in a header and sees the status of a refusal.
 */

import { createParser } from "../vendor/eventsource-parser.js";
import { root } from "./api.js";
import { FIRST_FRAME, ended, retryAfter } from "./transport.js";

/**
 * @typedef {import("./seat.js").Joined} Joined
 * @typedef {import("./transport.js").End} End
 *
 * @typedef {object} Reader what a transport tells
 * @property {(event: string, data: any, id: string) => void} frame
 * @property {() => void} heard something came
 */

/**
 * Read the stream to its end; never throws.
 * @param {Joined} seat that has one
 * @param {string | null} position where to go on
 * @param {AbortController} open ends it
 * @param {Reader} on
 * @returns {Promise<End>}
 */
export async function readStream(seat, position, open, on)
{
	const end = ended();
	const url = new URL(/** @type {string} */ (seat.stream), root);
	const timer = setTimeout(() => {
		end.late = true;
		open.abort();
	}, FIRST_FRAME);
	const parser = createParser({
		onEvent: (/** @type {any} */ ev) => {
			clearTimeout(timer);
			end.first = true;
			if (!open.signal.aborted)
				frame(end, ev, on);
		},
	});

	if (position)
		url.searchParams.set("position", position);
	try {
		const answer = await fetch(url, {
			headers: { Accept: "text/event-stream",
				Authorization: `Bearer ${seat.ticket}` },
			cache: "no-store", signal: open.signal,
			credentials: "same-origin",
		});
		end.status = answer.status;
		end.wait = retryAfter(answer.headers.get("Retry-After"));
		if (answer.status === 200 && answer.body !== null &&
		    /event-stream/.test(
			answer.headers.get("Content-Type") ?? ""))
			await feed(parser, answer.body, on);
		else
			await answer.body?.cancel();
	} catch {
		/* Cut off, by the network or by us. */
	} finally {
		clearTimeout(timer);
		open.abort();
	}
	return end;
}

/**
 * @param {{feed: (text: string) => void}} parser
 * @param {ReadableStream<Uint8Array>} body
 * @param {Reader} on
 */
async function feed(parser, body, on)
{
	const reader = body.getReader();
	const decoder = new TextDecoder();

	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			return;
		on.heard();
		parser.feed(decoder.decode(value, { stream: true }));
	}
}

/**
 * @param {End} end
 * @param {{event?: string, data: string, id?: string}} ev
 * @param {Reader} on
 */
function frame(end, ev, on)
{
	const event = ev.event ?? "message";
	let data;

	try {
		data = JSON.parse(ev.data);
	} catch {
		return;
	}
	noteEnd(end, event, data);
	on.frame(event, data, ev.id ?? "");
}

/**
 * Keep what a disconnect says.
 * @param {End} end
 * @param {string} event
 * @param {any} data
 */
export function noteEnd(end, event, data)
{
	if (event !== "disconnect")
		return;
	end.code = String(data.code ?? "");
	end.wait = Math.min(Number(data.retry) || 0, 60000);
}
