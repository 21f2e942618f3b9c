/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Socket.IO on Node beside us: each line of standard input is the data of an
 * event, for all who are in the room.
 *
 *	BENCH_SECRET=... node socketio.mjs 8000
 *
 * Tuned: WebSocket alone, so that no client begins by polling; no
 * compression; the request that opened a connection is let go, as Socket.IO's
 * own pages on performance say.  Its adapter encodes an event once for all.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const secret = process.env.BENCH_SECRET;
const http = createServer();
const io = new Server(http, {
	transports: ["websocket"],
	serveClient: false,
	perMessageDeflate: false,
	httpCompression: false,
	pingInterval: 25000,
	pingTimeout: 60000,
});

/* "user.expires.signature" */
function isGood(token) {
	const [user, expires, signature] = String(token).split(".");
	const mac = createHmac("sha256", secret)
		.update(`${user}.${expires}`).digest("hex");
	return signature?.length === mac.length &&
		timingSafeEqual(Buffer.from(signature), Buffer.from(mac)) &&
		Number(expires) * 1000 > Date.now();
}

io.use((socket, next) => {
	next(isGood(socket.handshake.auth.token) ? undefined :
		new Error("not signed in"));
});
io.on("connection", (socket) => {
	socket.join("inventory");
});
io.engine.on("connection", (raw) => {
	raw.request = null;
});

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
	io.to("inventory").emit("inventory_changed", JSON.parse(line));
});
input.on("close", () => process.exit(0));
http.listen({
	port: Number(process.argv[2]),
	host: "127.0.0.1",
	backlog: 4096,
});
