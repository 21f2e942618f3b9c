/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * What every browser scene uses: results, browsers, seats.  A seat is one
 * person before one window: a page with cookies of its own, whose console
 * errors, policy violations and requests to other hosts are failures.
 *
 * Environment: STOCKROOM_URL the server; STOCKROOM_CONTROL the descriptor of
 * the socket to t/lib/Browser.pm (without it results go to standard output);
 * STOCKROOM_SHOTS a folder for a picture of each window when a scene fails;
 * STOCKROOM_TOOLS another node_modules than t's own.
 */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, inspect } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.resolve(process.env.STOCKROOM_TOOLS ||
    path.join(here, '../node_modules'), 'lib.js'));
const puppeteer = require('puppeteer-core');

export const url = new URL(process.env.STOCKROOM_URL ??
    'http://127.0.0.1:8000/');
export const PASSWORD = 'stockroom';
const SHOTS = process.env.STOCKROOM_SHOTS;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/* ---- results and calls */

const control = process.env.STOCKROOM_CONTROL ?
    new net.Socket({ fd: Number(process.env.STOCKROOM_CONTROL) }) : null;
const waiting = new Map();
let calls = 0;
let failed = 0;

if (control) {
	let text = '';
	control.setEncoding('utf8');
	control.on('data', (chunk) => {
		text += chunk;
		for (let n; (n = text.indexOf('\n')) >= 0;) {
			const answer = JSON.parse(text.slice(0, n));
			text = text.slice(n + 1);
			const { resolve, reject } = waiting.get(answer.id);
			waiting.delete(answer.id);
			if (answer.error)
				reject(new Error(answer.error));
			else
				resolve(answer.value);
		}
	});
}

function say(message) {
	if (control)
		control.write(JSON.stringify(message) + '\n');
	else if (message.test)
		console.log(`${message.ok ? '' : 'not '}ok - ${message.test}` +
		    (message.more ? `\n${message.more}` : ''));
	else if (message.diag)
		console.log(`# ${message.diag}`);
}

/** @param {unknown} good @param {string} test @param {string} [more] */
export function ok(good, test, more) {
	if (!good)
		failed++;
	say({ test, ok: good ? 1 : 0, more: good ? undefined : more ?? '' });
	return !!good;
}

export function is(have, want, test) {
	return ok(isDeepStrictEqual(have, want), test,
	    `have ${inspect(have)}\nwant ${inspect(want)}`);
}

export function like(have, want, test) {
	return ok(want.test(String(have)), test,
	    `have ${inspect(have)}\nwant ${want}`);
}

export function diag(text) {
	say({ diag: text });
}

/** Ask the Perl side, where the servers are, to do something. */
export function call(name, ...args) {
	return new Promise((resolve, reject) => {
		const id = ++calls;
		waiting.set(id, { resolve, reject });
		say({ call: name, args, id });
	});
}

/**
 * Look again and again until FN gives something true, and give that; throws
 * after MS.  Exceptions of FN count as "not yet".
 */
export async function until(what, fn, ms = 8000) {
	const deadline = Date.now() + ms;
	let last;
	for (;;) {
		try {
			last = await fn();
			if (last)
				return last;
		} catch (e) {
			last = e;
		}
		if (Date.now() > deadline)
			throw new Error(`waited ${ms} ms for: ${what}; last: ` +
			    inspect(last));
		await sleep(15);
	}
}

/** The same as a test: its failure is a result and the scene goes on. */
export async function see(what, fn, ms) {
	try {
		const value = await until(what, fn, ms);
		ok(true, what);
		return value;
	} catch (e) {
		ok(false, what, e.message);
		return undefined;
	}
}

/* ---- browsers */

const browsers = [];
const seats = [];

/*
 * Nothing may leave the machine.  stock.lan is a name that is no secure
 * context, as small companies have it.
 */
const CHROMIUM = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
	'--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--disable-extensions',
	'--disable-features=Translate,MediaRouter,OptimizationHints',
	'--force-color-profile=srgb', '--hide-scrollbars=false',
	'--host-resolver-rules=MAP stock.lan 127.0.0.1, MAP * ~NOTFOUND, ' +
	    'EXCLUDE 127.0.0.1',
	// It would not keep what came under a certificate that is in doubt.
	...(process.env.STOCKROOM_SPKI ? [
		'--ignore-certificate-errors-spki-list=' +
		    process.env.STOCKROOM_SPKI] : [])];
const FIREFOX = {
	'network.dns.forceResolve': '127.0.0.1',
	'network.proxy.type': 0,
	'app.update.enabled': false,
	'browser.shell.checkDefaultBrowser': false,
	'datareporting.policy.dataSubmissionEnabled': false,
	'browser.safebrowsing.downloads.enabled': false,
	'network.captive-portal-service.enabled': false,
	'network.connectivity-service.enabled': false,
	'dom.security.https_first': false,
	'accessibility.tabfocus': 7,
};

function find(...names) {
	for (const dir of ['/usr/bin', '/usr/local/bin'])
		for (const name of names)
			if (fs.existsSync(`${dir}/${name}`))
				return `${dir}/${name}`;
	throw new Error(`no browser: ${names.join(', ')}`);
}

/**
 * Start a browser: chromium or firefox.  Firefox takes dark and reduced
 * (motion) here, since it can be told at its start only.
 */
export async function launch(name, { dark = false, reduced = false } = {}) {
	// A test's certificate is signed by nobody.
	const common = { headless: true, timeout: 60000, protocolTimeout: 60000,
		handleSIGTERM: true,
		acceptInsecureCerts: url.protocol === 'https:' };
	const browser = name === 'firefox' ?
	    await puppeteer.launch({ ...common, browser: 'firefox',
		executablePath: find('firefox-esr', 'firefox'),
		extraPrefsFirefox: { ...FIREFOX,
			'layout.css.prefers-color-scheme.content-override':
			    dark ? 0 : 1,
			'ui.prefersReducedMotion': reduced ? 1 : 0 } }) :
	    await puppeteer.launch({ ...common,
		executablePath: find('chromium', 'chromium-browser'),
		args: CHROMIUM });
	browsers.push(browser);
	return {
		name,
		version: await browser.version(),
		close: () => browser.close(),
		/** A window of its own for WHO; see Seat.open. */
		seat: (who, options = {}) => Seat.open(name, browser, who,
		    { dark, reduced, ...options }),
	};
}

/* ---- seats */

export class Seat {
	constructor(kind, context, who, options) {
		this.kind = kind;
		this.context = context;
		this.who = who;
		this.options = options;
		this.base = new URL(url);
		if (options.host)
			this.base.hostname = options.host;
		if (options.port)
			this.base.port = options.port;
		/** @type {{text: string, at: string}[]} */
		this.errors = [];
		this.allowed = [];
	}

	static async open(kind, browser, who, options) {
		const context = await browser.createBrowserContext();
		const seat = new Seat(kind, context, who, options);
		await seat.newPage();
		seats.push(seat);
		return seat;
	}

	/**
	 * A second window of the same person; { type: 'tab' }: in the same
	 * frame, where one hides the other.
	 */
	async tab(options = {}) {
		const other = new Seat(this.kind, this.context, this.who,
		    { ...this.options, ...options });
		other.allowed = this.allowed;
		await other.newPage();
		seats.push(other);
		return other;
	}

	/** Another size of the window, and what else makes a screen. */
	async resize(screen) {
		await this.page.setViewport(screen).catch((e) => {
			// Sent with the size; the ESR 140 does not know it.
			if (!/setScreenOrientationOverride/.test(e.message))
				throw e;
		});
	}

	async newPage() {
		const { width = 1280, height = 800, dark, reduced,
			type = 'window' } = this.options;
		const page = this.page = await this.context.newPage(
		    this.kind === 'chromium' ? { type } : undefined);
		page.setDefaultTimeout(8000);
		page.setDefaultNavigationTimeout(60000);
		this.watch(page);
		await this.resize({ width, height });
		if (this.kind === 'chromium')
			await page.emulateMediaFeatures([{
				name: 'prefers-color-scheme',
				value: dark ? 'dark' : 'light',
			}, {
				name: 'prefers-reduced-motion',
				value: reduced ? 'reduce' : 'no-preference',
			}]);
	}

	watch(page) {
		page.on('console', (m) => {
			if (m.type() === 'error')
				this.errors.push({ text: m.text(),
				    at: m.location()?.url ?? '' });
		});
		page.on('pageerror', (e) => this.errors.push({
			text: String(e?.message ?? e), at: '' }));
		page.on('request', (r) => {
			const to = new URL(r.url());
			if (/^(http|ws)s?:$/.test(to.protocol) &&
			    to.host !== this.base.host)
				this.errors.push({ text: 'a request elsewhere',
				    at: r.url() });
		});
	}

	/**
	 * An error whose text or address matches is expected from now on:
	 * browsers log every refused request as one.
	 */
	allow(...patterns) {
		this.allowed.push(...patterns);
	}

	/** A test: nothing was logged that was not allowed. */
	clean(test = `${this.kind} (${this.who}): no errors in the console`) {
		const left = this.errors.filter((e) => !this.allowed.some(
		    (p) => p.test(`${e.text} ${e.at}`)));
		ok(left.length === 0, test,
		    left.map((e) => `${e.text} ${e.at}`).join('\n'));
		this.errors = [];
	}

	/** WHERE begins with the slash of the site's root. */
	go(where, options) {
		return this.page.goto(new URL(where.replace(/^\//, './'),
		    this.base).href,
		    { waitUntil: 'load', ...options });
	}

	/** The path of the page, from the site's root on. */
	where() {
		const path = new URL(this.page.url()).pathname;
		const root = this.base.pathname;

		return path.startsWith(root) ? path.slice(root.length - 1) :
		    path;
	}

	$(selector) {
		return this.page.$(selector);
	}

	/** Run FN in the page. */
	run(fn, ...args) {
		return this.page.evaluate(fn, ...args);
	}

	/** The visible text of the first match, null when there is none. */
	text(selector) {
		return this.run((s) => {
			const e = document.querySelector(s);
			return e ? /** @type {HTMLElement} */ (e).innerText
			    .replace(/\s+/g, ' ').trim() : null;
		}, selector);
	}

	/** The visible texts of all matches. */
	texts(selector) {
		return this.run((s) => [...document.querySelectorAll(s)].map(
		    (e) => /** @type {HTMLElement} */ (e).innerText
			.replace(/\s+/g, ' ').trim()), selector);
	}

	attr(selector, name) {
		return this.run((s, n) => document.querySelector(s)
		    ?.getAttribute(n) ?? null, selector, name);
	}

	/** Whether something that matches takes up room on the page. */
	visible(selector) {
		return this.run((s) => [...document.querySelectorAll(s)].some(
		    (e) => e.checkVisibility?.({ visibilityProperty: true }) ??
			e.getClientRects().length > 0), selector);
	}

	count(selector) {
		return this.run((s) => document.querySelectorAll(s).length,
		    selector);
	}

	/**
	 * Click once it is there, enabled, and holds still.  A locator of
	 * puppeteer's would do so by eval, which our policy forbids Firefox.
	 */
	async click(selector, options) {
		let was = null;
		await until(`${selector} to click`, async () => {
			const now = await this.run((s) => {
				const e = document.querySelector(s);
				if (e === null || e.disabled)
					return null;
				const { x, y, width } =
				    e.getBoundingClientRect();
				return `${x},${y},${width}`;
			}, selector);
			const still = now !== null && now === was;
			was = now;
			return still && await this.visible(selector);
		});
		await this.page.click(selector, options);
	}

	async hover(selector) {
		await until(`${selector} to hover`,
		    () => this.visible(selector));
		await this.page.hover(selector);
	}

	/** Put the pointer where nothing is. */
	away() {
		return this.page.mouse.move(1, 1);
	}

	press(...keys) {
		return keys.reduce((before, key) => before.then(
		    () => this.page.keyboard.press(key)), Promise.resolve());
	}

	type(text) {
		return this.page.keyboard.type(text);
	}

	/** Replace what a field holds. */
	async fill(selector, text) {
		await this.page.focus(selector);
		await this.run((s) => /** @type {HTMLInputElement} */ (
		    document.querySelector(s)).select?.(), selector);
		await this.page.keyboard.press('Backspace');
		await this.page.keyboard.type(text);
	}

	/** The browser's clock, ms since 1970: the same for all browsers. */
	now() {
		return this.run(() => performance.timeOrigin +
		    performance.now());
	}

	shot(file) {
		return this.page.screenshot({ path: file });
	}

	async close() {
		await this.page.close();
		seats.splice(seats.indexOf(this), 1);
	}
}

/* ---- axe */

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** A test: axe-core finds nothing to complain of on SEAT's page. */
export async function accessible(seat, test) {
	// Half-way through a fade a colour is not yet what it will be.
	await seat.run(() => Promise.race([
		Promise.all(document.getAnimations().filter((a) =>
		    a.effect?.getComputedTiming().endTime !== Infinity)
		    .map((a) => a.finished.catch(() => 0))),
		new Promise((done) => setTimeout(done, 3000))]).then(() => 0));
	await seat.run(axe);
	const found = await seat.run(async () => {
		const result = await /** @type {any} */ (window).axe.run(
		    document, { resultTypes: ['violations'] });
		return result.violations.map((v) => `${v.id}: ${v.help}\n` +
		    v.nodes.slice(0, 4).map((n) => `    ${n.target}  ` +
		    `${n.html.slice(0, 160)}\n    ${n.any?.[0]?.message ?? ''}`)
		    .join('\n'));
	});
	ok(found.length === 0, test, found.join('\n'));
}

/* ---- the frame of a scene */

/** Run the parts, [fn, ...arguments], and tell how long each took. */
export async function inTurn(parts) {
	for (const [part, ...args] of parts) {
		const from = Date.now();
		await part(...args);
		diag(`${part.name}: ${(Date.now() - from) / 1000} s`);
	}
}

async function pictures() {
	if (!SHOTS)
		return;
	fs.mkdirSync(SHOTS, { recursive: true });
	const scene = path.basename(process.argv[1], '.mjs');
	for (const [n, seat] of seats.entries()) {
		const file = path.join(SHOTS,
		    `${scene}-${n}-${seat.kind}-${seat.who}.png`);
		await seat.shot(file).then(() => diag(`see ${file}`), () => {});
	}
}

/** Run a scene: its exceptions are failures, its browsers are closed. */
export async function scene(fn) {
	try {
		await fn();
	} catch (e) {
		ok(false, 'the scene runs to its end', e.stack);
	}
	if (failed) {
		await pictures();
		for (const seat of seats) {
			const who = `${seat.who}'s console`;
			for (const e of seat.errors)
				diag(`${who}: ${e.text} ${e.at}`);
		}
	}
	for (const browser of browsers)
		await Promise.race([browser.close(), sleep(5000)])
		    .catch(() => {});
	say({ done: 1 });
	if (control)
		control.end(() => process.exit(0));
	else
		process.exit(failed ? 1 : 0);
}
