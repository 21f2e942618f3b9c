// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Where own edits wait that the server has not answered, and choices that
 * the reader has not made: in IndexedDB, so that they outlive the tab and
 * the browser; where that is off, in the tab's storage; else in memory.
 *
 * Each record bears the user that made it: nobody else ever gets it.  All
 * tabs of a browser see the same records: a tab claims one, in a
 * transaction, before it sends it, so that no two send it at once.
 */

import { root } from "./api.js";

/** Records of one user that may wait; beyond, typing has to stop. */
export const MOST = 1000;
/** How long a claim holds, ms: longer than a request takes, as a rule; what
 * two tabs send is done once by its key. */
export const CLAIM = 20000;
/** Longest wait for the database to open, ms. */
const OPENING = 3000;

const STORE = "kept";
const KEPT = "stockroom.kept";
const TAB = "stockroom.tab";

/**
 * @typedef {object} Kept
 * @property {string} key its Idempotency-Key
 * @property {string} user who made it
 * @property {number} n order in which they were made, of all tabs
 * @property {"set" | "adjust" | "create" | "conflict"} kind
 * @property {string} sku
 * @property {string} tab that claims it; "" none
 * @property {number} until ms since 1970: when the claim ends
 *
 * @typedef {"mine" | "busy" | "gone"} Claim
 * @typedef {{said: Claim, record: any}} Claimed
 * @typedef {Pick<Kept, "key" | "tab" | "until"> & Record<string, any>}
 *   Change of the record with its key
 */

/**
 * Whether TAB may send a record now.  An older edit of the same item, of
 * whatever tab, goes first.
 * @param {Kept[]} all of the browser
 * @param {string} key
 * @param {string} tab
 * @param {number} now ms since 1970
 * @returns {Claim}
 */
export function judge(all, key, tab, now)
{
	const one = all.find((r) => r.key === key);

	if (one === undefined || one.kind === "conflict")
		return "gone";
	if (one.tab !== "" && one.tab !== tab && one.until > now)
		return "busy";
	return all.some((r) => r.user === one.user && r.sku === one.sku &&
	    r.kind !== "conflict" && r.n < one.n) ? "busy" : "mine";
}

/**
 * Records as they are to be: those that are still there and not another
 * tab's.
 * @param {Kept[]} all of the browser
 * @param {Change[]} changes
 * @returns {Kept[]}
 */
export function amended(all, changes)
{
	return changes.flatMap((to) => all.filter((r) => r.key === to.key &&
	    r.kind !== "conflict" && (r.tab === "" || r.tab === to.tab))
	    .map((r) => ({ ...r, ...to })));
}

/**
 * A request of IndexedDB as a promise.
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request)
{
	return new Promise((resolve, reject) => {
		request.addEventListener("success",
		    () => resolve(request.result));
		request.addEventListener("error",
		    () => reject(request.error));
	});
}

/**
 * Until a transaction is on disk.
 * @param {IDBTransaction} tx
 * @returns {Promise<void>}
 */
function committed(tx)
{
	return new Promise((resolve, reject) => {
		tx.addEventListener("complete", () => resolve());
		tx.addEventListener("abort", () => reject(tx.error));
	});
}

/** What the tab's storage holds. @returns {Kept[]} */
function inTab()
{
	try {
		return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
	} catch {
		/* nothing was kept */
		return [];
	}
}

/** In IndexedDB.  Transactions run in the order in which they were made. */
class Database
{
	/** @param {IDBDatabase} db */
	constructor(db)
	{
		this.db = db;
		this.durable = this.kept = true;
	}

	/** @returns {Promise<Database>} */
	static async open()
	{
		const request = indexedDB.open(`stockroom${root.pathname}`, 1);

		request.addEventListener("upgradeneeded", () =>
		    request.result.createObjectStore(STORE,
			{ keyPath: "key" }));
		const db = await Promise.race([result(request),
			new Promise((_, reject) => setTimeout(() =>
			    reject(new Error("no answer")), OPENING))]);
		const opened = new Database(/** @type {IDBDatabase} */ (db));
		await opened.takeIn(inTab());
		return opened;
	}

	/**
	 * What pages of this tab kept while they had no database.
	 * @param {Kept[]} list
	 */
	async takeIn(list)
	{
		if (list.length === 0)
			return;
		const { tx, store } = this.begin("readwrite");
		const done = committed(tx);

		for (const r of list)
			store.put(r);
		await done;
		sessionStorage.removeItem(KEPT);
	}

	/** @param {IDBTransactionMode} mode */
	begin(mode)
	{
		const tx = this.db.transaction(STORE, mode);

		return { tx, store: tx.objectStore(STORE) };
	}

	/** @returns {Promise<Kept[]>} */
	all()
	{
		return result(this.begin("readonly").store.getAll());
	}

	/**
	 * Committed at once: the page may end the next moment.
	 * @param {Kept | null} add
	 * @param {string} [remove]
	 */
	async change(add, remove)
	{
		const { tx, store } = this.begin("readwrite");
		const done = committed(tx);

		if (remove !== undefined)
			store.delete(remove);
		if (add !== null)
			store.put(add);
		tx.commit?.();
		await done;
	}

	/**
	 * In one step: a record goes (null: none), others are changed.
	 * @param {string | null} key
	 * @param {Change[]} changes
	 */
	async settle(key, changes)
	{
		const { store } = this.begin("readwrite");

		if (key !== null)
			store.delete(key);
		const all = await result(store.getAll());
		for (const r of amended(all, changes))
			await result(store.put(r));
	}

	/**
	 * @param {string} key
	 * @param {string} tab
	 * @param {number} now
	 * @returns {Promise<Claimed>}
	 */
	async claim(key, tab, now)
	{
		const { store } = this.begin("readwrite");
		const all = await result(store.getAll());
		const said = judge(all, key, tab, now);
		const one = all.find((r) => r.key === key);

		if (said === "mine")
			await result(store.put({ ...one, tab,
				until: now + CLAIM }));
		return { said, record: one };
	}
}

/** In the tab's storage, and in memory where that is off too. */
class TabStorage
{
	/** @param {Kept[]} [known] of a database that has failed */
	constructor(known = [])
	{
		this.durable = false;
		this.kept = true;
		this.list = inTab();
		for (const r of known)
			this.change(r);
	}

	async all()
	{
		return [...this.list];
	}

	/** @param {Kept | null} add @param {string} [remove] */
	async change(add, remove)
	{
		this.list = this.list.filter((r) => r.key !== remove &&
		    r.key !== add?.key);
		if (add !== null)
			this.list.push(add);
		try {
			sessionStorage.setItem(KEPT,
			    JSON.stringify(this.list));
			this.kept = true;
		} catch {
			/* in memory only: beforeunload still warns */
			this.kept = false;
		}
	}

	/** @param {string | null} key @param {Change[]} changes */
	async settle(key, changes)
	{
		await this.change(null, key ?? undefined);
		for (const r of amended(this.list, changes))
			await this.change(r);
	}

	/** @param {string} key @param {string} tab @param {number} now */
	async claim(key, tab, now)
	{
		return { said: judge(this.list, key, tab, now),
			record: this.list.find((r) => r.key === key) };
	}
}

export class Outbox {
	/** @param {(key: string) => void} [gone] another tab dealt with it */
	constructor(gone = () => {})
	{
		this.tab = takeTab();
		this.user = "";
		this.last = 0;
		/** what this tab knows to be kept, should the database fail
		 *  @type {Map<string, Kept>} */
		this.known = new Map();
		/** @type {Database | TabStorage | null} */
		this.shelf = null;
		/** @type {Promise<Database | TabStorage>} */
		this.opened = Database.open().catch(() => new TabStorage())
		    .then((shelf) => this.shelf = shelf);
		/** @type {BroadcastChannel | null} */
		this.channel = null;
		if (typeof BroadcastChannel !== "function")
			return;
		this.channel = new BroadcastChannel(
		    `stockroom.outbox${root.pathname}`);
		this.channel.addEventListener("message", ({ data }) => {
			this.known.delete(data.gone);
			/* A database takes in what the tab has, later. */
			if (!this.durable)
				this.use((tab) => tab.change(null, data.gone));
			gone(String(data.gone));
		});
	}

	/** Whether what is kept outlives the tab. */
	get durable()
	{
		return this.shelf?.durable ?? true;
	}

	/** Whether it outlives the page, in this tab. */
	get kept()
	{
		return this.shelf?.kept ?? true;
	}

	/** A number larger than those before. @returns {number} */
	next()
	{
		this.last = Math.max(Date.now(), this.last + 0.001);
		return this.last;
	}

	/**
	 * @template T
	 * @param {(shelf: Database | TabStorage) => Promise<T>} run
	 * @returns {Promise<T>} a database that fails is done without
	 */
	async use(run)
	{
		const shelf = this.shelf ?? await this.opened;

		try {
			return await run(shelf);
		} catch (e) {
			if (shelf instanceof TabStorage)
				throw e;
			if (this.shelf === shelf) {
				this.shelf = new TabStorage(
				    [...this.known.values()]);
				this.opened = Promise.resolve(this.shelf);
			}
			return run(await this.opened);
		}
	}

	/**
	 * Keep a record, in place of the one with its key.
	 * @param {Omit<Kept, "user" | "tab" | "until"> &
	 *   Record<string, any>} record
	 * @param {{claim?: boolean}} [how] claim: this tab is about to send it
	 */
	put(record, how = {})
	{
		const kept = { ...record, user: this.user,
			tab: how.claim ? this.tab : "",
			until: how.claim ? Date.now() + CLAIM : 0 };

		this.known.set(record.key, /** @type {Kept} */ (kept));
		return this.use((shelf) => shelf.change(
		    /** @type {Kept} */ (kept)));
	}

	/**
	 * An edit is saved; those behind it rest on its result, and this tab
	 * is about to send them.  In one step, so that no other tab sends one
	 * that rests on what was before.
	 * @param {string} key
	 * @param {{key: string}[]} behind
	 */
	async saved(key, behind)
	{
		const until = Date.now() + CLAIM;
		const changes = behind.map((e) => ({ ...e, tab: this.tab,
			until }));

		this.known.delete(key);
		await this.use((shelf) => shelf.settle(key, changes));
		this.channel?.postMessage({ gone: key });
	}

	/** It could not be sent: any tab may try. @param {string} key */
	release(key)
	{
		const to = { key, tab: this.tab, until: 0 };

		return this.use((shelf) => shelf.settle(null, [to]));
	}

	/** It is dealt with. @param {string} key */
	async remove(key)
	{
		this.known.delete(key);
		await this.use((shelf) => shelf.change(null, key));
		this.channel?.postMessage({ gone: key });
	}

	/**
	 * May this tab send it now, and as what?
	 * @param {string} key
	 * @returns {Promise<Claimed>}
	 */
	claim(key)
	{
		return this.use((shelf) => shelf.claim(key, this.tab,
		    Date.now()));
	}

	/** What this user left, oldest first. @returns {Promise<any[]>} */
	async mine()
	{
		const all = await this.use((shelf) => shelf.all());
		const mine = all.filter((r) => r.user === this.user)
		    .sort((a, b) => a.n - b.n);

		for (const r of mine)
			this.known.set(r.key, r);
		return mine;
	}
}

/**
 * A name of this tab, the same after a reload: its claims stay its own.  It
 * is in the storage only between two pages, since a duplicated tab copies
 * the storage.
 */
function takeTab()
{
	const fresh = [...crypto.getRandomValues(new Uint32Array(3))]
	    .map((n) => n.toString(36)).join("");
	let tab = fresh;

	try {
		tab = sessionStorage.getItem(TAB) ?? fresh;
		sessionStorage.removeItem(TAB);
	} catch {
		/* storage is off: a claim of the page before runs out */
	}
	globalThis.addEventListener?.("pagehide", () => {
		try {
			sessionStorage.setItem(TAB, tab);
		} catch {
			/* as above */
		}
	});
	return tab;
}
