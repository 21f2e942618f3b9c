/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * A proxy before the site, of the kinds that companies have: one that keeps
 * streams back until they end, one that is down for a while, one whose cable
 * is pulled.  It counts what browsers hold open.
 */
import http from 'node:http';

import { url } from './lib.mjs';

export class Front {
	constructor() {
		/** open, buffer (streams), refuse (503), cut */
		this.mode = 'open';
		/** streams and polls that are open now */
		this.open = new Set();
		/** what was asked of the relay: {at, path} */
		this.asked = [];
		this.sockets = new Set();
		this.server = http.createServer((rq, rs) => this.serve(rq, rs));
		this.server.on('connection', (socket) => {
			this.sockets.add(socket);
			socket.on('close', () => this.sockets.delete(socket));
			if (this.mode === 'cut')
				socket.destroy();
		});
	}

	/** @returns {Promise<string>} its port */
	listen() {
		return new Promise((done) => this.server.listen(0, '127.0.0.1',
		    () => done(String(/** @type {any} */ (
			this.server.address()).port))));
	}

	/** From now on; what is open ends, as it would. */
	be(mode) {
		this.mode = mode;
		this.asked = [];
		for (const socket of mode === 'cut' ? this.sockets : [])
			socket.destroy();
		for (const rs of mode === 'refuse' ? this.open : [])
			rs.destroy();
	}

	/** Say to each stream what the relay says at such an end. */
	disconnect(code, retry) {
		const data = JSON.stringify({ code, reason: 'a test', retry });
		for (const rs of this.open)
			rs.end(`event: disconnect\ndata: ${data}\n\n`);
	}

	/** How many requests there were for paths that end so. */
	count(path) {
		return this.asked.filter((a) => a.path.endsWith(path)).length;
	}

	serve(rq, rs) {
		const path = (rq.url ?? '').replace(/\?.*/, '');
		const push = path.startsWith('/push/');
		const held = /^\/push\/(stream|poll)$/.test(path);
		if (push)
			this.asked.push({ at: Date.now(), path });
		if (push && this.mode === 'refuse') {
			rq.resume();
			rs.writeHead(503, { 'Retry-After': '3' });
			rs.end();
			return;
		}
		if (held)
			this.open.add(rs);
		const up = http.request({ host: '127.0.0.1', port: url.port,
			method: rq.method, path: rq.url, headers: rq.headers,
		}, (answer) => this.pass(answer, rs,
		    this.mode === 'buffer' && path === '/push/stream'));
		up.on('error', () => rs.destroy());
		rs.on('close', () => {
			this.open.delete(rs);
			up.destroy();
		});
		rq.pipe(up);
	}

	/** @param {boolean} whole only when it has come to its end */
	pass(answer, rs, whole) {
		const head = () => rs.writeHead(answer.statusCode ?? 502,
		    answer.headers);
		if (!whole) {
			head();
			rs.flushHeaders();
			answer.pipe(rs);
			return;
		}
		const all = [];
		answer.on('data', (chunk) => all.push(chunk));
		answer.on('end', () => {
			head();
			rs.end(Buffer.concat(all));
		});
		answer.on('error', () => rs.destroy());
	}

	close() {
		this.be('cut');
		this.server.close();
	}
}
