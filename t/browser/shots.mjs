/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * A picture of every state of every page.  Arguments: full or empty, and the
 * folder.  t/browser/shots.pl runs it.
 */
import { scene, launch, call, until, sleep } from './lib.mjs';
import { at, rowOf, cellOf, avatarOf, editorOf, conflictOf, toastOf, badgeOf,
    MANAGEMENT, signIn, ready, live, skus, open, write, leaveTable, search }
    from './page.mjs';

const [what, folder] = process.argv.slice(2);
const LOOKS = [
	{ look: 'light', dark: false, width: 1280, height: 800 },
	{ look: 'dark', dark: true, width: 1280, height: 800 },
	{ look: '360', dark: false, width: 360, height: 740 },
	{ look: '360-dark', dark: true, width: 360, height: 740 },
];
const api = (method, path, body) => call('api', 'ben', method, path, body);

let look, seat;

const shot = async (name) => {
	await sleep(350);
	await seat.shot(`${folder}/${name}-${look}.png`);
};

/** One state; what cannot be reached is told, the rest goes on. */
async function state(name, fn) {
	try {
		await fn();
		await shot(name);
	} catch (e) {
		console.error(`${name} (${look}): ${e.message}`);
		await shot(`${name}-FAILED`);
	}
}

async function front() {
	await state('sign-in', async () => {
		await seat.go('/');
		await until('form', () => seat.visible('#username'));
	});
	await state('sign-in-refused', async () => {
		await seat.fill('#username', 'ana');
		await seat.fill('#password', 'wrong');
		await seat.press('Enter');
		await until('refusal', () =>
		    seat.visible(at('sign-in-error')));
	});
}

async function loading() {
	const held = [];
	const hold = (request) => {
		if (request.url().includes('/inventory/items'))
			held.push(request);
		else
			request.continue();
	};
	await seat.page.setRequestInterception(true);
	seat.page.on('request', hold);
	await seat.page.goto(new URL(MANAGEMENT, seat.base).href,
	    { waitUntil: 'domcontentloaded' });
	await until('skeleton', () => seat.visible(at('skeleton')));
	await shot('loading');
	seat.page.off('request', hold);
	await Promise.all(held.map((r) => r.continue()));
	await seat.page.setRequestInterception(false);
	await ready(seat);
}

async function collaboration(chromium) {
	const ben = await chromium.seat('ben');
	await signIn(ben);
	const [one, two, three] = await skus(seat);
	await state('two-users', async () => {
		await ben.hover(cellOf(one, 'name'));
		await until('badge', () => seat.count(badgeOf(one, 'ben')));
	});
	await state('remote-edit', async () => {
		await open(ben, two, 'quantity');
		await until('badge', () => seat.count(
		    `${badgeOf(two, 'ben')}[data-mode=edit]`));
	});
	await ben.press('Escape');
	await state('flash-toasts', async () => {
		await api('PATCH', `/inventory/items/${three}`,
		    { quantity: 1 + Math.floor(Math.random() * 900) });
		await api('PATCH', `/inventory/items/${two}`,
		    { location: `Bay ${Math.floor(Math.random() * 90)}` });
		await until('toast', () => seat.count(toastOf(two)));
	});
	await ben.close();
	await state('thirty-users', async () => {
		await call('crowd', ...['Kim Lee', 'Robin', 'Zoë Ähren',
			'Max', 'Lou Reed', 'Ida', 'Bo', 'Ada Love', 'Ben W',
			'Cleo', 'Dirk', 'Eva', 'Finn', 'Gus', 'Hana', 'Ivo',
			'Jo',
			'Kai', 'Lea', 'Mia', 'Nils', 'Ola', 'Pia', 'Quin',
			'Rolf', 'Sam', 'Tom', 'Uwe', 'Vic']);
		await until('crowd', async () => /^30 /.test(
		    await seat.text(at('user-count'))), 15000);
	});
	await state('people-list', () => seat.click(at('avatars-more')));
	await seat.press('Escape');
	await call('disperse');
}

async function editing() {
	const [, sku, other] = await skus(seat);
	await state('selected', () => seat.page.click(cellOf(sku, 'name')));
	await state('editing', () => open(seat, sku, 'quantity'));
	await state('editing-remote', async () => {
		await write(seat, '77');
		await api('PATCH', `/inventory/items/${sku}`,
		    { quantity: 1000 + Math.floor(Math.random() * 900) });
		await until('remote', () => seat.visible(
		    `${editorOf(sku, 'quantity')} ${at('editor-remote')}`));
	});
	await state('conflict', async () => {
		await seat.press('Enter');
		await until('card', () => seat.visible(
		    conflictOf(sku, 'quantity')));
	});
	await seat.click(at('conflict-theirs')).catch(() => {});
	await state('editing-refused', async () => {
		await open(seat, other, 'quantity');
		await write(seat, '-3');
		await seat.press('Enter');
		await until('error', () => seat.visible(at('editor-error')));
	});
	await seat.press('Escape');
	await state('editing-notes', () => open(seat, other, 'notes'));
	await seat.press('Escape');
	await state('editing-status', () => open(seat, other, 'status'));
	await seat.press('Escape');
}

async function dialogs(narrow) {
	const [, sku] = await skus(seat);
	await state('details', async () => {
		if (narrow) {
			await seat.page.click(rowOf(sku));
		} else {
			await seat.hover(rowOf(sku));
			await seat.click(`${rowOf(sku)} ${at('open-details')}`);
		}
		await until('details', () => seat.visible('#details-dialog'));
	});
	await state('delete', () => seat.click('#details-delete'));
	await seat.press('Escape');
	if (await seat.visible('#details-dialog'))
		await seat.click('#details-close');
	await state('new-item', () => seat.click('#new-item'));
	await seat.click('#create-cancel');
	await state('menu', () => seat.click('#user-menu-button'));
	await seat.press('Escape');
	await state('nothing-found', () => search(seat, 'no such thing'));
	await search(seat, '');
	await state('filter-low', () => seat.click(at('filter-low')));
	await seat.click(at('filter-all'));
	await state('offline', async () => {
		await call('stop', 'relay');
		await until('offline', () =>
		    seat.count('[data-state=offline]'));
	});
	await call('start', 'relay');
	await live(seat, 15000);
}

async function testPage() {
	await state('test-page', () => seat.go('/test-collaboration.html'));
	await state('test-page-joined', async () => {
		await seat.click('#connect');
		await until('connected', async () =>
		    await seat.text('#status') === 'Connected');
		await seat.fill('#name', 'Kim');
		await seat.click('#join');
		await until('joined', () => seat.count(at('active-user')));
		await seat.click('#cursor');
		await seat.click('#broadcast');
	});
}

scene(async () => {
	const chromium = await launch('chromium');
	for (const { look: name, ...options } of LOOKS) {
		look = name;
		seat = await chromium.seat('ana', options);
		if (what === 'empty') {
			await signIn(seat);
			await state('empty', () => leaveTable(seat));
		} else {
			await front();
			await signIn(seat);
			await state('one-user', () => leaveTable(seat));
			await loading();
			await collaboration(chromium);
			if (options.width > 600)
				await editing();
			await dialogs(options.width < 600);
			await testPage();
		}
		await seat.close();
	}
});
