// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/** What the outbox needs of IndexedDB: one store, keyed by "key". */
export class FakeDatabase {
	constructor()
	{
		this.rows = new Map();
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

	transaction()
	{
		const tx = new EventTarget(), rows = new Map(this.rows);
		let left = 0, wrong = null;
		const run = (fn) => {
			left++;
			return request(() => {
				setImmediate(() => --left || end());
				return fn();
			});
		};
		const end = () => {
			if (wrong === null)
				this.rows = rows;
			tx.error = wrong;
			tx.dispatchEvent(new Event(wrong === null ? "complete" :
			    "abort"));
		};
		const store = {
			getAll: () => run(() => [...rows.values()]),
			delete: (key) => run(() => rows.delete(key)),
			put: (row) => run(() => {
				if (this.full)
					throw wrong = new Error("full");
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

	setImmediate(() => {
		try {
			r.result = fn();
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
