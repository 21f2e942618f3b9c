// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The inventory page: what comes from the server goes down to the rows, the
 * bar and the toasts; what the reader does goes up to the edits and the
 * stream.
 */

import { Problem, root, session } from "./api.js";
import { makeColumns, tick } from "./columns.js";
import { Details, openCreate } from "./details.js";
import { badge, byId } from "./dom.js";
import { Editor } from "./editor.js";
import { Grid } from "./grid.js";
import { Inventory } from "./inventory.js";
import { popover } from "./menu.js";
import { News } from "./news.js";
import { safeColor } from "./people.js";
import { Pointer } from "./pointer.js";
import { Room } from "./room.js";
import { Rows } from "./rows.js";
import { Saving } from "./saving.js";
import { matches } from "./store.js";
import { notice } from "./toast.js";
import { initials } from "./words.js";

/** A phone: cards instead of a table. */
const PHONE = "(max-width: 640px)";

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./store.js").Item} Item
 * @typedef {import("./words.js").ChangeEvent} ChangeEvent
 */

export class Page {
	/**
	 * @param {any} who the answer of GET session
	 * @param {Field[]} fields
	 * @param {(why: Problem, again: () => void) => void} loadFailed
	 */
	constructor(who, fields, loadFailed)
	{
		this.me = who.user;
		this.settings = who.settings;
		this.build = who.build;
		this.editorRole = who.user.role !== "viewer";
		this.fields = new Map(fields.map((f) => [f.name, f]));
		this.writable = fields.filter((f) => !f.read_only);
		/** @type {import("./stream.js").Stream | null} */
		this.stream = null;
		this.inventory = this.makeInventory(loadFailed);
		this.saving = new Saving(this);
		this.rows = new Rows(this);
		this.room = new Room(this);
		this.news = new News({ field: (name) => this.field(name),
			go: (sku, why, color) =>
			    this.room.showRow(sku, why, color) });
		this.editor = this.makeEditor();
		this.details = new Details(this.writable, this.editorRole,
		    this.dialogHooks());
		this.grid = this.makeGrid();
		this.pointer = new Pointer(byId("table-card"),
		    this.settings.hover_delay_ms, (c) => this.stream?.cursor(c),
		    () => this.place());
		this.mount();
	}

	get store()
	{
		return this.inventory.store;
	}

	/** Others by the SKU that they are on. */
	get marks()
	{
		return this.room.marks;
	}

	/** @param {string} name @returns {Field} */
	field(name)
	{
		return this.fields.get(name) ?? { name, label: name,
			type: "text", required: false, read_only: true,
			custom: true };
	}

	load()
	{
		return this.inventory.load();
	}

	// ---- parts -------------------------------------------------------

	makeGrid()
	{
		const phone = matchMedia(PHONE).matches;
		const grid = new Grid(byId("grid"),
		    makeColumns(this.writable, this.editorRole),
		    phone ? "cards" : "table", {
			item: (uid) => this.rows.item(uid),
			decorate: (row, uid) =>
			    this.rows.decorate(row, uid),
			activate: () => this.pointer.select(),
			open: (uid, field, text) => this.open(uid, field, text),
			details: (uid) => this.showDetails(uid),
			sort: (field) => this.rows.sortBy(field),
			layout: () => this.placeLayers(),
		});

		grid.built.then(() => {
			grid.showSort(this.rows.sort);
			this.rows.refresh(true);
		});
		return grid;
	}

	/** @param {(why: Problem, again: () => void) => void} loadFailed */
	makeInventory(loadFailed)
	{
		return new Inventory({
			loaded: () => this.loaded(),
			failed: (why) => loadFailed(why, () => this.load()),
			applied: (ev, did, was) => this.applied(ev, did, was),
			changed: (uid, did) => this.changed(uid, did.fields),
			removed: (uid, was) => this.removed(uid, was),
			epoch: () => this.saving.otherEpoch(),
		});
	}

	makeEditor()
	{
		return new Editor(byId("layers"), {
			box: (uid, field) => this.grid.cellBox(uid, field),
			commit: (draft, value) =>
			    this.saving.commit(draft, value),
			closed: () => {
				this.grid.focus();
				this.pointer.select();
				this.rows.later();
			},
			move: (down, right) => this.grid.move(down, right),
		});
	}

	dialogHooks()
	{
		return {
			item: (/** @type {number} */ uid) =>
			    this.store.view(uid),
			field: (/** @type {string} */ name) => this.field(name),
			commit: (/** @type {number} */ uid,
			    /** @type {Field} */ field,
			    /** @type {unknown} */ old,
			    /** @type {number} */ base,
			    /** @type {unknown} */ value) =>
			    this.saving.commit({ uid, field, old, base,
				epoch: this.inventory.sync.epoch }, value),
			got: (/** @type {number | null} */ uid,
			    /** @type {Item} */ item) => {
				const at = this.inventory.got(uid, item);
				if (uid === null)
					this.showNew(at);
			},
			deleted: (/** @type {number} */ uid) => {
				const was = this.store.items.get(uid);
				this.store.remove(uid);
				if (was)
					this.removed(uid, was);
				this.rows.refresh(true);
			},
			at: () => this.pointer.select(),
		};
	}

	mount()
	{
		const name = this.me.username;
		const button = byId("user-menu-button");

		document.body.dataset.role = this.me.role;
		button.append(badge("span.avatar", initials(name),
		    safeColor(this.me.color), { "aria-hidden": "true" }));
		button.setAttribute("aria-label",
		    `${initials(name)}, account of ${name}`);
		byId("user-menu-name").textContent =
		    `${name} · ${this.me.role}`;
		popover(button, byId("user-menu"));
		byId("sign-out").addEventListener("click",
		    () => this.signOut());
		const add = byId("new-item");
		add.hidden = !this.editorRole;
		add.addEventListener("click",
		    () => openCreate(this.writable, this.dialogHooks()));
		byId("empty").querySelector("button")?.addEventListener("click",
		    () => this.store.items.size === 0 ?
			add.click() : this.rows.filters.clear());
		this.watch();
		this.bar();
	}

	watch()
	{
		new ResizeObserver(() => {
			if (this.inventory.ready)
				this.grid.fit();
			this.placeLayers();
		}).observe(byId("table-area"));
		matchMedia(PHONE).addEventListener("change",
		    () => this.relayout());
		addEventListener("beforeunload", (ev) => {
			if (this.saving.edits.waiting > 0 ||
			    this.saving.conflicts.list.length > 0)
				ev.preventDefault();
		});
		setInterval(() => tick(document), 30000);
	}

	/** Cards became a table, or the other way round. */
	relayout()
	{
		this.editor.close();
		this.grid.destroy();
		this.grid = this.makeGrid();
		this.bar();
	}

	// ---- what the server says ------------------------------------------

	/** @param {string} event @param {any} data @param {string} id */
	frame(event, data, id)
	{
		switch (event) {
		case "inventory_changed":
			return this.inventory.event(id, data);
		case "ping":
			return this.inventory.reached(data.position);
		case "room_joined":
			if (!data.recovered || !this.inventory.sync.ready)
				this.inventory.reached(data.to);
			this.checkBuild(data.build);
			break;
		}
		if (this.room.frame(event, data))
			this.peopleChanged();
	}

	stateChanged()
	{
		if (this.stream?.state === "live")
			this.saving.edits.retry();
		this.peopleChanged();
	}

	peopleChanged()
	{
		this.room.changed();
	}

	bar()
	{
		this.room?.bar();
	}

	/** @param {string | undefined} build of the server */
	checkBuild(build)
	{
		if (build && this.build && build !== this.build)
			notice("A newer version of this page is ready.", {
				id: "build", action: "Reload",
				run: () => location.reload() });
	}

	loaded()
	{
		byId("skeleton").hidden = true;
		byId("table-card").setAttribute("aria-busy", "false");
		if (this.saving.edits.user === 0)
			this.saving.restore();
		for (const uid of this.grid.uids)
			this.grid.update(uid);
		this.details.update(this.details.uid);
		this.grid.built.then(() => {
			this.rows.refresh(true);
			byId("grid").dataset.ready = "true";
		});
	}

	/**
	 * @param {ChangeEvent} ev
	 * @param {import("./store.js").Outcome} did
	 * @param {Item | null} was
	 */
	applied(ev, did, was)
	{
		const own = ev.user_id === this.me.user_id &&
		    ev.username === this.me.username;
		const here = own && (this.inventory.own.has(ev.version) ||
		    ev.changes.some((c) => this.store.isPending(did.uid,
			c.field)));

		if (did.kind === "delete" && was !== null)
			this.removed(did.uid, was);
		else if (did.kind === "create" || did.kind === "edit")
			this.changed(did.uid, did.fields);
		this.tellEditor(ev, did.uid || this.store.uid(ev.sku));
		if (!here)
			this.rows.flash(did.uid || this.store.uid(ev.sku));
		this.news.change(ev, { own, color: this.room.colorOf(ev) });
	}

	/** @param {ChangeEvent} ev @param {number} uid */
	tellEditor(ev, uid)
	{
		const draft = this.editor.draft;
		const change = ev.changes.find((c) =>
		    c.field === draft?.field.name);

		if (draft === null || draft.uid !== uid ||
		    ev.source === "broadcast")
			return;
		if (ev.update_type === "delete")
			this.editor.remote(ev.username, undefined);
		else if (change && ev.version > draft.base &&
		    change.new_value !== draft.old)
			this.editor.remote(ev.username, change.new_value);
	}

	/**
	 * An item has other values.
	 * @param {number} uid
	 * @param {string[]} fields
	 */
	changed(uid, fields)
	{
		const item = this.store.view(uid);

		if (item === null)
			return;
		this.rows.changed(uid, fields);
		this.details.update(uid);
		this.saving.conflicts.refresh(uid, item);
	}

	/** An item is gone. @param {number} uid @param {Item} was */
	removed(uid, was)
	{
		this.rows.removed(uid, was);
		this.details.update(uid);
	}

	placeLayers()
	{
		this.editor?.place();
		this.saving?.conflicts.place();
	}

	// ---- what the reader does -----------------------------------------

	/** Where the reader is, for the others. */
	place()
	{
		const d = this.editor.draft, box = this.details;
		const sku = (/** @type {number} */ uid) =>
		    this.store.items.get(uid)?.sku ?? null;

		if (d !== null)
			return { row: sku(d.uid), field: d.field.name,
				mode: "edit" };
		if (box.node !== null) {
			const at = /** @type {any} */ (document.activeElement);
			const field = this.editorRole &&
			    box.node.contains(at) &&
			    this.fields.has(at?.name) ? at.name : null;
			return { row: sku(box.uid), field,
				mode: field === null ? "select" : "edit" };
		}
		const a = this.grid.active;
		return a === null ? null : { row: sku(a.uid), field:
		    this.fields.has(a.field) ? a.field : null, mode: "select" };
	}

	/**
	 * Open the editor on a cell.
	 * @param {number} uid
	 * @param {string} field
	 * @param {string} [text] what was typed
	 */
	open(uid, field, text)
	{
		const f = this.fields.get(field), item = this.store.view(uid);

		if (!this.editorRole || item === null)
			return;
		if (f === undefined || f.read_only)
			return this.showDetails(uid);
		if (this.saving.conflicts.has(uid, field))
			return this.saving.conflicts.unfold();
		this.editor.open({ uid, field: f, base: item.version,
			epoch: this.inventory.sync.epoch, old: item[field] },
		item.sku, f.type === "choice" ? {} : { text });
		this.pointer.select();
	}

	/** @param {number} uid */
	showDetails(uid)
	{
		if (this.editor.commit(0, 0))
			this.details.open(uid);
	}

	/**
	 * A new item of ours: show it, whatever the filter.
	 * @param {number} uid
	 */
	showNew(uid)
	{
		const item = this.store.view(uid);

		if (item !== null && !matches(item, this.rows.filter))
			this.rows.filters.clear();
		this.rows.refresh(true);
		this.grid.activate(uid, this.grid.fields[0]);
		this.grid.focus();
	}

	async signOut()
	{
		if (this.saving.open > 0)
			return notice("Some of your edits are not saved yet.", {
				id: "sign-out", stays: false });
		/* First, so that nothing is sent with the dead ticket. */
		this.stream?.close();
		try {
			await session.remove();
		} catch (e) {
			if (!(e instanceof Problem) || e.status !== 401) {
				this.stream?.start();
				return notice("Signing out did not work: the " +
				    "server could not be reached.");
			}
		}
		location.assign(root);
	}
}
