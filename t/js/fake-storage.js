// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/** What the outbox needs of IndexedDB: one store, keyed by "key". */
export class FakeDatabase {
	constructor()
	{
		this.rows = new Map();
		this.ended = Promise.resolve();
		/** open() succeeds */
		this.works = true;
		/** nothing more can be written */
		this.full = false;
	}

	open()
	{
		return request(() => {
			if (!this.works)
				throw new Error("no database");
			return this;
		});
	}

	/** One begins when the one before it has ended. */
	transaction()
	{
		const tx = new EventTarget(), before = this.ended;
		const begun = before.then(() => new Map(this.rows));
		let left = 0;

		this.ended = new Promise((ended) => tx.end = () => {
			if (tx.error === undefined)
				begun.then((rows) => this.rows = rows)
				    .then(ended);
			else
				ended();
			tx.dispatchEvent(new Event(tx.error === undefined ?
			    "complete" : "abort"));
		});
		const run = (fn) => {
			left++;
			return request(async () => {
				const rows = await begun;
				setImmediate(() => --left || tx.end());
				return fn(rows);
			});
		};
		const store = {
			getAll: () => run((rows) => [...rows.values()]),
			delete: (key) => run((rows) => rows.delete(key)),
			put: (row) => run((rows) => {
				if (this.full)
					throw tx.error = new Error("full");
				rows.set(row.key, structuredClone(row));
			}),
		};

		tx.objectStore = () => store;
		return tx;
	}
}

/** @param {() => any} fn gives the result, a turn later */
function request(fn)
{
	const r = new EventTarget();

	setImmediate(async () => {
		try {
			r.result = await fn();
			r.dispatchEvent(new Event("success"));
		} catch (e) {
			r.error = e;
			r.dispatchEvent(new Event("error"));
		}
	});
	return r;
}

/** sessionStorage, or localStorage. */
export class FakeStorage {
	constructor()
	{
		this.map = new Map();
	}

	getItem(key)
	{
		return this.map.get(key) ?? null;
	}

	setItem(key, text)
	{
		this.map.set(key, String(text));
	}

	removeItem(key)
	{
		this.map.delete(key);
	}
}
