// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The inventory page: what comes from the server goes down to the rows, the
 * bar and the toasts; what the reader does goes up to the edits and the
 * stream.
 */

import { Problem, root, session } from "./api.js";
import { mountBanner } from "./banner.js";
import { makeColumns, tick } from "./columns.js";
import { badge, byId } from "./dom.js";
import { Editing } from "./editing.js";
import { Grid } from "./grid.js";
import { Inventory } from "./inventory.js";
import { leave, leavesUnasked, stay } from "./leaving.js";
import { popover } from "./menu.js";
import { News } from "./news.js";
import { openPassword } from "./password.js";
import { safeColor } from "./people.js";
import { Pointer } from "./pointer.js";
import { Room } from "./room.js";
import { Rows } from "./rows.js";
import { Saving } from "./saving.js";
import { followKeyboard } from "./screen.js";
import { matches } from "./store.js";
import { notice } from "./toast.js";
import { initials, isolate } from "./words.js";

/** A phone: cards instead of a table. */
const PHONE = "(max-width: 640px)";
/** How often the times shown are renewed and left edits looked for, ms. */
const TICK = 30000;

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
		/** By what one is signed in: session or remote_user. */
		this.auth = who.auth;
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
		this.editing = new Editing(this);
		this.grid = this.makeGrid();
		this.pointer = new Pointer(byId("table-card"),
		    this.settings.hover_delay_ms, (c) => this.stream?.cursor(c),
		    () => this.place());
		this.mount();
	}

	/** @returns {import("./editor.js").Editor} */
	get editor()
	{
		return this.editing.editor;
	}

	/** @returns {import("./details.js").Details} */
	get details()
	{
		return this.editing.details;
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
			open: (uid, field, text) =>
			    this.editing.open(uid, field, text),
			details: (uid) => this.editing.showDetails(uid),
			sort: (field) => this.rows.sortBy(field),
			layout: () => this.placeLayers(),
			scrolled: () => this.pointer.scroll(),
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
			grown: () => this.rows.grown(),
			failed: (why) => loadFailed(why, () => this.load()),
			applied: (ev, did, was) => this.applied(ev, did, was),
			changed: (uid, did) => this.changed(uid, did.fields),
			removed: (uid, was) => this.removed(uid, was),
			epoch: () => this.saving.otherEpoch(),
		});
	}

	mount()
	{
		const name = this.me.username;
		const button = byId("user-menu-button");

		document.body.dataset.role = this.me.role;
		button.append(badge("span.avatar", initials(name),
		    safeColor(this.me.color), { "aria-hidden": "true" }));
		button.setAttribute("aria-label",
		    `${initials(name)}, account of ${isolate(name)}`);
		byId("user-menu-name").textContent =
		    `${isolate(name)} · ${this.me.role}`;
		this.mountAccount(button);
		const add = byId("new-item");
		add.hidden = !this.editorRole;
		add.addEventListener("click", () => this.editing.create());
		byId("empty").querySelector("button")?.addEventListener("click",
		    () => this.store.items.size === 0 ?
			add.click() : this.rows.filters.clear());
		this.drawBanner = mountBanner(() => this.saving.edits.retry());
		this.watch();
		this.bar();
	}

	/**
	 * What one can do about being signed in.
	 * @param {HTMLElement} button
	 */
	mountAccount(button)
	{
		const menu = popover(button, byId("user-menu"));
		const password = byId("change-password");
		const out = byId("sign-out");
		const remote = this.auth === "remote_user";

		byId("user-menu-note").hidden = !remote;
		password.hidden = this.auth !== "session";
		password.addEventListener("click", () => {
			menu.close();
			openPassword(this.me.username,
			    this.settings.password_min);
		});
		out.hidden = remote && this.settings.signout_url === null;
		out.addEventListener("click", () => this.signOut());
	}

	watch()
	{
		followKeyboard();
		new ResizeObserver(() => {
			if (this.inventory.ready)
				this.rows.fit();
			this.placeLayers();
		}).observe(byId("table-area"));
		matchMedia(PHONE).addEventListener("change",
		    () => this.relayout());
		addEventListener("beforeunload", (ev) => {
			if (this.saving.unsaved &&
			    !leavesUnasked(this.saving.outbox.kept))
				ev.preventDefault();
		});
		addEventListener("pageshow", (ev) => ev.persisted && stay());
		setInterval(() => {
			tick(document);
			this.saving.orphans();
		}, TICK);
	}

	/** Cards became a table, or the other way round. */
	relayout()
	{
		this.grid.destroy();
		this.grid = this.makeGrid();
		this.bar();
		/* An open editor and a choice stay, at their cell. */
		this.grid.built.then(() => this.placeLayers());
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
		const leases = this.editing.leases.frame(event, data);
		if (this.room.frame(event, data) || leases)
			this.peopleChanged();
	}

	stateChanged()
	{
		if (this.stream?.state === "live")
			this.saving.back();
		this.peopleChanged();
	}

	peopleChanged()
	{
		this.room.changed();
	}

	bar()
	{
		this.room?.bar();
		this.drawBanner?.({ waiting: this.saving.edits.waiting,
			offline: this.stream?.state === "offline",
			since: this.stream?.since ?? 0,
			durable: this.saving.outbox.durable });
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
		this.saving.restore();
		for (const uid of this.grid.uids)
			this.grid.update(uid);
		this.details.update(this.details.uid);
		this.editing.changed(this.editor.draft?.uid ?? 0);
		this.grid.built.then(() => {
			if (byId("grid").dataset.ready)
				this.rows.grown();
			else
				this.rows.show(0);
			this.rows.refresh(false);
			byId("grid").dataset.ready = "true";
			this.editing.recall();
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
		this.editing.changed(did.uid, ev.username);
		if (!here)
			this.rows.flash(did.uid || this.store.uid(ev.sku));
		this.news.change(ev, { own, color: this.room.colorOf(ev) });
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
		this.saving.refresh(uid, item);
		this.editing.changed(uid);
	}

	/** An item is gone. @param {number} uid @param {Item} was */
	removed(uid, was)
	{
		this.rows.removed(uid, was);
		this.editing.changed(uid);
		this.details.update(uid);
	}

	placeLayers()
	{
		this.editing?.editor.place();
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

	/** What is not saved stays here, for the same person. */
	warnSignOut()
	{
		const n = this.saving.open, { durable } = this.saving.outbox;

		notice(n === 1 ? "One of your edits is not saved yet." :
		    `${n} of your edits are not saved yet.`, {
			id: "sign-out", detail: (n === 1 ? "It " : "They ") +
			    (durable ? (n === 1 ? "is" : "are") + " kept on " +
			    "this device until you sign in again." :
				"would be lost with this tab."),
			action: "Sign out anyway",
			run: () => this.signOut(true) });
	}

	async signOut(sure = false)
	{
		if (!this.editor.commit(0, 0))
			return;
		await this.saving.edits.settle(3000);
		if (this.saving.open > 0 && !sure)
			return this.warnSignOut();
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
		/* "Back" may bring this very page, as it was. */
		addEventListener("pageshow", () => location.reload());
		leave(this.settings.signout_url && this.auth ===
		    "remote_user" ? this.settings.signout_url : root.href,
		"sign-out");
	}
}
