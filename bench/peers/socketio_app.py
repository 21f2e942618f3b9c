# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

"""python-socketio with FastAPI and uvicorn beside us: each line of standard
input is the data of an event, for all who are in the room.

	BENCH_SECRET=... python3 socketio_app.py 8000

Tuned: uvloop and httptools, no access log, no compression, and no pings of
WebSocket beside those of Engine.IO.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
import time

import fastapi
import socketio
import uvicorn

secret = os.environ["BENCH_SECRET"].encode()
sio = socketio.AsyncServer(async_mode="asgi", http_compression=False,
    ping_interval=25, ping_timeout=60, always_connect=False)
api = fastapi.FastAPI()


def is_good(token):
	"""user.expires.signature"""
	user, expires, signature = token.split(".")
	mac = hmac.new(secret, f"{user}.{expires}".encode(), hashlib.sha256)
	return (hmac.compare_digest(mac.hexdigest(), signature)
	    and int(expires) > time.time())


@sio.event
async def connect(sid, environ, auth):
	if not is_good(auth["token"]):
		raise ConnectionRefusedError("not signed in")
	sio.enter_room(sid, "inventory")


@api.get("/healthz")
async def healthz():
	return {"status": "ok"}


async def feed():
	reader = asyncio.StreamReader()
	await asyncio.get_running_loop().connect_read_pipe(
	    lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
	while line := await reader.readline():
		await sio.emit("inventory_changed", json.loads(line),
		    room="inventory")
	os._exit(0)


@api.on_event("startup")
async def begin():
	api.state.feed = asyncio.create_task(feed())


uvicorn.run(socketio.ASGIApp(sio, other_asgi_app=api), host="127.0.0.1",
    port=int(sys.argv[1]), loop="uvloop", http="httptools", ws="websockets", backlog=4096,
    access_log=False, log_level="warning", ws_ping_interval=None,
    ws_ping_timeout=None, ws_per_message_deflate=False)
