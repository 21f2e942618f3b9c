// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Virtual rows: of a list of any length only those near the screen are in
 * the document, each at its own place in a box as high as all of them.  All
 * rows are equally high, so where a row is follows from its number.  A row's
 * element stays as long as the row is near, whatever happens around it.  A
 * list of 20,000 in another order is a few ms, one task, whatever changed.
 */

/** Rows above and below the screen that are there before they are seen. */
const SPARE = 8;

/**
 * @typedef {object} LineHooks
 * @property {(uid: number) => HTMLElement} make a row's element
 * @property {(node: HTMLElement, uid: number, n: number) => void} placed
 *   it is row N now
 */

export class Lines {
	/**
	 * @param {HTMLElement} scroller scrolls BOX, below a head
	 * @param {HTMLElement} box
	 * @param {number} height of a row, px
	 * @param {LineHooks} hooks
	 */
	constructor(scroller, box, height, hooks)
	{
		this.scroller = scroller;
		this.box = box;
		this.height = height;
		this.hooks = hooks;
		/** @type {number[]} what is shown, in order */
		this.uids = [];
		/** @type {Map<number, number>} uid → its number */
		this.index = new Map();
		/** @type {Map<number, HTMLElement>} those in the document */
		this.nodes = new Map();
		/** px that the head covers, px that rows are seen in */
		this.head = 0;
		this.view = 0;
		/** where we have scrolled to, not the reader */
		this.own = -1;
	}

	/** The sizes on the screen may be others. */
	measure()
	{
		this.head = this.box.offsetTop;
		/* Never more than the window, however high the box may be. */
		this.view = Math.max(0, Math.min(innerHeight,
		    this.scroller.clientHeight) - this.head);
	}

	/** px from the top of the list to the first row seen */
	get top()
	{
		return this.scroller.scrollTop;
	}

	/** Numbers of the rows of which anything is seen: [first, last]. */
	seen()
	{
		const last = Math.ceil((this.top + this.view) / this.height) -
		    1;

		return [Math.floor(this.top / this.height),
			Math.min(last, this.uids.length - 1)];
	}

	/**
	 * Show these rows in this order.
	 * @param {number[]} uids
	 */
	set(uids)
	{
		this.uids = uids;
		this.index = new Map();
		for (let n = 0; n < uids.length; n++)
			this.index.set(uids[n], n);
		this.box.style.setProperty("height",
		    `${uids.length * this.height}px`);
	}

	/** @param {number} top px; clamped to what there is */
	scroll(top)
	{
		this.scroller.scrollTop = top;
		this.own = this.scroller.scrollTop;
	}

	/** Whether the scroll event that came is of our own doing. */
	ours()
	{
		return this.own === this.top;
	}

	/** Have the rows near the screen in the document, in order. */
	draw()
	{
		const { height, uids, nodes } = this;
		const from = Math.max(0, Math.floor(this.top / height) -
		    SPARE);
		const end = Math.min(uids.length, SPARE +
		    Math.ceil((this.top + this.view) / height));

		for (const [uid, node] of nodes) {
			const n = this.index.get(uid);
			if (n === undefined || n < from || n >= end) {
				nodes.delete(uid);
				node.remove();
			}
		}
		let at = this.box.firstElementChild;
		for (let n = from; n < end; n++) {
			let node = nodes.get(uids[n]);
			if (node === undefined) {
				node = this.hooks.make(uids[n]);
				nodes.set(uids[n], node);
			}
			this.place(node, uids[n], n);
			if (node === at)
				at = at.nextElementSibling;
			else
				this.box.insertBefore(node, at);
		}
	}

	/** @param {HTMLElement} node @param {number} uid @param {number} n */
	place(node, uid, n)
	{
		if (node.dataset.line === String(n))
			return;
		node.dataset.line = String(n);
		node.style.setProperty("top", `${n * this.height}px`);
		this.hooks.placed(node, uid, n);
	}

	/**
	 * Scroll as little as needed for a row to be seen whole.
	 * @param {number} n
	 * @param {boolean} middle: to the middle, when it was out of sight
	 */
	reveal(n, middle)
	{
		const top = n * this.height, end = top + this.height;
		const above = top < this.top, below =
		    end > this.top + this.view;

		if (!above && !below)
			return;
		this.scroll(middle ? top - (this.view - this.height) / 2 :
		    above ? top : end - this.view);
		this.draw();
	}
}
