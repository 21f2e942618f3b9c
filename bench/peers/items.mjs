/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * items.mjs DATABASE PORT: the item and the page of items as a Node server
 * would give them: Fastify, better-sqlite3, the same tables, the same bytes.
 * Tuned as their manuals say: statements prepared once, answers serialized by
 * a schema, no log; the write-ahead log, synchronous=FULL.  Tokens are looked
 * up by SHA-256, which Node has, instead of BLAKE2b.
 */
import crypto from 'node:crypto';
import Database from 'better-sqlite3';
import Fastify from 'fastify';

const [file, port] = process.argv.slice(2);
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.pragma('foreign_keys = ON');

const COLUMNS = `sku, name, location, quantity, unit, qty_ordered,
    reorder_level, status, notes, extra, updated_by, updated_at, version,
    created_at`;
const findToken = db.prepare(`SELECT u.id, u.username, u.role, t.name,
    t.role AS token_role FROM token AS t JOIN user AS u ON u.id = t.user_id
    WHERE t.secret_hash = ? AND u.disabled = 0
    AND (t.expires_at IS NULL OR t.expires_at > ?)`);
const findItem = db.prepare(`SELECT ${COLUMNS} FROM item WHERE sku = ?`);
const listItems = db.prepare(`SELECT ${COLUMNS} FROM item WHERE sku > ?
    ORDER BY sku LIMIT ?`);
const findEpoch = db.prepare(`SELECT value FROM meta WHERE key = 'epoch'`)
    .pluck();
const findHead = db.prepare(
    `SELECT seq FROM sqlite_sequence WHERE name = 'change'`).pluck();
const findCounts = db.prepare(`SELECT all_of_them AS "all", low, out, on_order
    FROM item_count WHERE id = 1`);

/** An item as the table has it, as the interface shows it. */
function show(row) {
	return {
		sku: row.sku,
		name: row.name,
		location: row.location,
		quantity: row.quantity / 1000,
		unit: row.unit,
		stock: row.quantity === 0 ? 'out' :
		    row.quantity <= row.reorder_level ? 'low' : 'ok',
		qty_ordered: row.qty_ordered / 1000,
		reorder_level: row.reorder_level / 1000,
		status: row.status,
		notes: row.notes,
		updated_by: row.updated_by,
		updated_at: row.updated_at,
		on_order: row.qty_ordered > 0,
		version: row.version,
		created_at: row.created_at,
	};
}

const text = { type: 'string' }, number = { type: 'number' };
const item = { type: 'object', properties: { sku: text, name: text,
	location: text, quantity: number, unit: text, stock: text,
	qty_ordered: number, reorder_level: number, status: text, notes: text,
	updated_by: text, updated_at: text, on_order: { type: 'boolean' },
	version: { type: 'integer' }, created_at: text } };
const page = { type: 'object', properties: {
	items: { type: 'array', items: item },
	next_cursor: { type: 'string', nullable: true },
	counts: { type: 'object', properties: { all: number, low: number,
		out: number, on_order: number } },
	position: text } };

const app = Fastify({ logger: false });

/** Who asks, or nobody: by the token's hash, as it may be revoked any time. */
function identify(request) {
	const given = request.headers.authorization ?? '';
	if (!given.startsWith('Bearer sr_'))
		return undefined;
	const hash = crypto.createHash('sha256').update(given.slice(7))
	    .digest('hex');
	return findToken.get(hash, Date.now());
}

app.addHook('onRequest', async (request, reply) => {
	if (identify(request) === undefined)
		return reply.code(401).send({ status: 401 });
});

app.get('/api/v1/inventory/items/:sku',
    { schema: { response: { 200: item } } }, (request, reply) => {
	const row = findItem.get(request.params.sku);
	if (row === undefined)
		return reply.code(404).send({ status: 404 });
	reply.header('etag', `"v${row.version}"`)
	    .header('cache-control', 'no-store').send(show(row));
});

/** The page and what goes with it, of one snapshot. */
const readPage = db.transaction((limit) => ({
	rows: listItems.all('', limit + 1),
	counts: findCounts.get(),
	epoch: findEpoch.get(),
	head: findHead.get(),
}));

app.get('/api/v1/inventory/items',
    { schema: { response: { 200: page } } }, (request, reply) => {
	const limit = Number(request.query.limit ?? 50);
	const { rows, counts, epoch, head } = readPage(limit);
	const more = rows.length > limit;
	if (more)
		rows.pop();
	reply.header('cache-control', 'no-store').send({
		items: rows.map(show),
		next_cursor: more ? Buffer.from('\0\0\0\0\0\0\0\0' +
		    `${rows.at(-1).sku}\n`).toString('base64url') : null,
		counts,
		position: `${epoch}:${head}`,
	});
});

await app.listen({ host: '127.0.0.1', port: Number(port) });
