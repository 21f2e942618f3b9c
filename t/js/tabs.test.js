// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import "./globals.js";
import { fakeTime } from "./fake-time.js";
import { ANSWER, ASK, ASK_HIDDEN, LAME, judge, outranks, successor }
	from "../../htdocs/js/election.js";
import { Tabs, openChannel } from "../../htdocs/js/tabs.js";

const rank = (more) => ({ id: "m", live: true, hidden: false, term: 5,
	...more });

test("of two leaders one stays, the same for both", () => {
	const order = [rank({ hidden: true, term: 1 }), rank({ term: 2 }),
		rank({ id: "n", term: 2 }), rank({ live: false, term: 1 }),
		rank({ live: false, hidden: true, term: 0 })];

	for (const [n, a] of order.entries())
		for (const [k, b] of order.entries())
			if (n !== k)
				assert.equal(outranks(a, b), n < k,
				    `${n} ${k}`);
});

test("a follower asks, then claims", () => {
	const w = { heard: 1000, asked: 0, lame: 0, hidden: false };

	assert.equal(judge(w, 1000 + ASK - 1, 0), "");
	assert.equal(judge(w, 1000 + ASK, 0), "ask");
	w.asked = 1000 + ASK;
	assert.equal(judge(w, w.asked + ANSWER - 1, 0), "");
	assert.equal(judge(w, w.asked + ANSWER, 0), "claim");
	assert.equal(judge(w, w.asked + ANSWER, 1), "", "not all at once");
	w.heard = w.asked + 10;
	assert.equal(judge(w, w.asked + ANSWER, 0), "", "it has answered");
});

test("a hidden one waits for a ping's time", () => {
	const w = { heard: 1000, asked: 0, lame: 0, hidden: true };

	assert.equal(judge(w, 1000 + ASK_HIDDEN - 1, 0), "");
	assert.equal(judge(w, 1000 + ASK_HIDDEN, 0), "ask");
});

test("a hidden leader without a connection is left by one in sight", () => {
	const w = { heard: 9000, asked: 0, lame: 5000, hidden: false };

	assert.equal(judge(w, 5000 + LAME - 1, 0).includes("claim"), false);
	assert.equal(judge(w, 5000 + LAME, 0), "claim");
	assert.notEqual(judge({ ...w, hidden: true }, 5000 + LAME, 0), "claim");
});

test("the next leader: in sight if there is one, else the newest", () => {
	assert.equal(successor(new Map()), "");
	assert.equal(successor(new Map([["a", true], ["b", true]])), "b");
	assert.equal(successor(new Map([["a", false], ["b", true]])), "a");
	assert.equal(successor(new Map([["a", false], ["b", false]])), "b");
});

/*
 * Tabs on a channel of our own, whose messages come when flow() is called
 * and whose time goes by pass().
 */
class Browser {
	constructor(t)
	{
		this.ports = [];
		this.queue = [];
		this.time = fakeTime(t, 100000);
	}

	/** @param {object} [more] */
	tab(more)
	{
		const tab = { is: { live: false, hidden: false, ...more },
			got: [], roles: [] };
		tab.tabs = new Tabs({
			live: () => tab.is.live,
			hidden: () => tab.is.hidden,
			more: () => ({ state: tab.is.live ? "live" :
			    "offline" }),
			known: () => tab.is.live ? { users: ["x"] } : null,
			role: () => tab.roles.push(tab.tabs.leads),
			told: (m) => tab.state = m.state,
			welcome: (known) => tab.got.push(known),
			frame: (event) => tab.got.push(event),
		}, () => this.port(tab));
		return tab;
	}

	port(tab)
	{
		const port = { onmessage: null, deaf: false,
			postMessage: (m) => {
				for (const to of this.ports)
					if (to !== port)
						this.queue.push([to,
							structuredClone(m)]);
			},
			close: () => this.ports.splice(
			    this.ports.indexOf(port), 1) };
		this.ports.push(port);
		tab.port = port;
		return port;
	}

	flow()
	{
		for (let n = 0; this.queue.length > 0; n++) {
			assert.ok(n < 5000, "they fall silent");
			const [port, data] = this.queue.shift();
			if (!port.deaf && this.ports.includes(port))
				port.onmessage({ data });
		}
	}

	/** Time goes by, and messages with it. @param {number} ms */
	pass(ms)
	{
		for (let n = 0; n < ms; n += 100) {
			this.time.tick(100);
			this.flow();
		}
	}

	/** A tab that has entered its group. */
	enter(more, g = "1 room")
	{
		const tab = this.tab(more);
		tab.tabs.look();
		this.flow();
		tab.tabs.enter(g);
		this.flow();
		return tab;
	}

	/** A leader whose connection stands. */
	leader(more)
	{
		const tab = this.enter(more);
		tab.is.live = true;
		tab.tabs.lead();
		this.flow();
		return tab;
	}
}

const leaders = (tabs) => tabs.filter((t) => t.tabs.leads);

test("the first leads, the others follow and are welcomed", (t) => {
	const b = new Browser(t), one = b.leader();
	const rest = [1, 2, 3].map(() => b.enter());

	assert.equal(one.tabs.leads, true);
	for (const tab of rest) {
		assert.equal(tab.tabs.leads, false);
		assert.deepEqual(tab.got, [{ users: ["x"] }]);
		assert.equal(tab.state, "live");
	}
	one.tabs.frame("ping", {}, "");
	b.flow();
	for (const tab of rest)
		assert.deepEqual(tab.got.slice(1), ["ping"]);
});

test("ten at once: one leads", (t) => {
	const b = new Browser(t);
	const all = Array.from({ length: 10 }, () => b.tab());

	for (const tab of all)
		tab.tabs.look();
	for (const tab of all)
		tab.tabs.enter("1 room");
	b.flow();
	assert.equal(leaders(all).length, 1);
	b.pass(5000);
	assert.equal(leaders(all).length, 1);
});

test("other people's and other rooms' tabs have leaders of their own", (t) => {
	const b = new Browser(t), one = b.leader();
	const two = b.enter({}, "2 room"), three = b.enter({}, "1 other");

	assert.equal(leaders([one, two, three]).length, 3);
	one.tabs.frame("ping", {}, "");
	b.flow();
	assert.deepEqual([two.got, three.got], [[], []]);
});

test("one that changes its person changes its leader", (t) => {
	const b = new Browser(t), one = b.leader(), two = b.enter();

	two.tabs.enter("2 room");
	b.flow();
	assert.equal(two.tabs.leads, true);
	assert.equal(one.tabs.members.size, 0);
});

test("a leader that says goodbye is replaced at once, by one only", (t) => {
	const b = new Browser(t), one = b.leader();
	const rest = [b.enter({ hidden: true }), b.enter(),
		b.enter({ hidden: true })];

	one.tabs.exit();
	b.flow();
	assert.deepEqual(rest.map((r) => r.tabs.leads), [false, true, false]);
	b.pass(3000);
	assert.equal(leaders(rest).length, 1);
});

test("one that was named but is gone does not leave us without", (t) => {
	const b = new Browser(t), one = b.leader();
	const rest = [b.enter(), b.enter()];

	rest[1].port.deaf = true;
	one.tabs.exit();
	b.flow();
	assert.equal(rest[0].tabs.leads, false);
	b.pass(1500);
	assert.equal(rest[0].tabs.leads, true);
});

test("a crash is noticed within two seconds by a tab in sight", (t) => {
	const b = new Browser(t), one = b.leader();
	const rest = [b.enter({ hidden: true }), b.enter()];

	clearInterval(one.tabs.timer);
	one.port.deaf = true;
	b.pass(2000);
	assert.deepEqual(rest.map((r) => r.tabs.leads), [false, true]);
	assert.equal(rest[0].tabs.leader.id, rest[1].tabs.id);
});

test("and within a ping's time by hidden ones", (t) => {
	const b = new Browser(t), one = b.leader();
	const rest = [b.enter({ hidden: true }), b.enter({ hidden: true })];

	clearInterval(one.tabs.timer);
	one.port.deaf = true;
	b.pass(15000);
	assert.equal(leaders(rest).length, 0);
	b.pass(7000);
	assert.equal(leaders(rest).length, 1);
});

test("a leader that has slept gives way to the one that came after", (t) => {
	const b = new Browser(t), one = b.leader(), two = b.enter();

	clearInterval(one.tabs.timer);
	const held = [];
	one.port.deaf = true;
	const post = two.port.postMessage;
	two.port.postMessage = (m) => {
		held.push(structuredClone(m));
		post(m);
	};
	b.pass(2500);
	two.is.live = true;
	two.tabs.lead();
	b.pass(3000);
	one.port.deaf = false;
	for (const data of held)
		one.port.onmessage({ data });
	b.flow();
	assert.deepEqual([one.tabs.leads, two.tabs.leads], [false, true]);
});

test("a frame that was missed: ask for the whole again", (t) => {
	const b = new Browser(t), one = b.leader(), two = b.enter();

	two.port.deaf = true;
	one.tabs.frame("lost", {}, "");
	b.flow();
	two.port.deaf = false;
	two.got.length = 0;
	one.tabs.frame("next", {}, "");
	b.flow();
	assert.deepEqual(two.got, [{ users: ["x"] }]);
	one.tabs.frame("then", {}, "");
	b.flow();
	assert.deepEqual(two.got.slice(1), ["then"]);
});

test("without a BroadcastChannel each tab leads", (t) => {
	const b = new Browser(t);
	const all = [0, 1].map(() => b.tab());

	for (const tab of all) {
		tab.tabs.open = () => null;
		tab.tabs.look();
		tab.tabs.enter("1 room");
		tab.tabs.frame("ping", {}, "");
	}
	assert.equal(leaders(all).length, 2);
});

test("no BroadcastChannel, or a forbidden one, is no error", () => {
	const was = globalThis.BroadcastChannel;

	globalThis.BroadcastChannel = class {
		constructor()
		{
			throw new Error("forbidden");
		}
	};
	assert.equal(openChannel("x"), null);
	delete globalThis.BroadcastChannel;
	assert.equal(openChannel("x"), null);
	globalThis.BroadcastChannel = was;
});
