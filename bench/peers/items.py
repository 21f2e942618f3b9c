# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# The item and the page of items as a Python server would give them: FastAPI
# and the sqlite3 module, the same tables, the same bytes; run by uvicorn with
# uvloop and httptools, without an access log.  Written as its manual has it
# for a database that blocks: plain functions, which run in its threads, each
# with a connection of its own; who asks is a dependency.  No response model;
# statements are cached by the module.
#
#	BENCH_DB=... uvicorn --loop uvloop --http httptools items:app

import base64
import hashlib
import os
import sqlite3
import threading
import time

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi import Response
from fastapi.responses import JSONResponse

local = threading.local()


def connect():
    """The connection of this thread."""
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(os.environ["BENCH_DB"],
                                   isolation_level=None)
        local.db.execute("PRAGMA journal_mode = WAL")
        local.db.execute("PRAGMA synchronous = FULL")
        local.db.execute("PRAGMA foreign_keys = ON")
    return local.db


COLUMNS = """sku, name, location, quantity, unit, qty_ordered, reorder_level,
    status, notes, extra, updated_by, updated_at, version, created_at"""
TOKEN = """SELECT u.id, u.username, u.role, t.name, t.role
    FROM token AS t JOIN user AS u ON u.id = t.user_id
    WHERE t.secret_hash = ? AND u.disabled = 0
    AND (t.expires_at IS NULL OR t.expires_at > ?)"""
ITEM = f"SELECT {COLUMNS} FROM item WHERE sku = ?"
ITEMS = f"SELECT {COLUMNS} FROM item WHERE sku > ? ORDER BY sku LIMIT ?"
COUNTS = "SELECT all_of_them, low, out, on_order FROM item_count WHERE id = 1"
EPOCH = "SELECT value FROM meta WHERE key = 'epoch'"
HEAD = "SELECT seq FROM sqlite_sequence WHERE name = 'change'"

app = FastAPI(openapi_url=None)


def identify(authorization: str = Header(None)):
    """Who asks, by the token's hash: it may be revoked at any time."""
    if authorization is None or not authorization.startswith("Bearer sr_"):
        raise HTTPException(401)
    digest = hashlib.sha256(authorization[7:].encode()).hexdigest()
    row = connect().execute(TOKEN, (digest, int(time.time() * 1000))).fetchone()
    if row is None:
        raise HTTPException(401)
    return row


def number(thousandths):
    whole, part = divmod(thousandths, 1000)
    return whole if part == 0 else thousandths / 1000


def show(row):
    (sku, name, location, quantity, unit, qty_ordered, reorder_level, status,
     notes, _extra, updated_by, updated_at, version, created_at) = row
    return {
        "sku": sku, "name": name, "location": location,
        "quantity": number(quantity), "unit": unit,
        "stock": "out" if quantity == 0 else
                 "low" if quantity <= reorder_level else "ok",
        "qty_ordered": number(qty_ordered),
        "reorder_level": number(reorder_level), "status": status,
        "notes": notes, "updated_by": updated_by, "updated_at": updated_at,
        "on_order": qty_ordered > 0, "version": version,
        "created_at": created_at}


def find_item(sku):
    """An item, and the headers that go with it."""
    row = connect().execute(ITEM, (sku,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return show(row), {"Cache-Control": "no-store", "ETag": f'"v{row[12]}"'}


def find_items(limit):
    """The first page of items, likewise."""
    db = connect()
    db.execute("BEGIN")
    rows = db.execute(ITEMS, ("", limit + 1)).fetchall()
    names = ("all", "low", "out", "on_order")
    counts = dict(zip(names, db.execute(COUNTS).fetchone()))
    epoch, = db.execute(EPOCH).fetchone()
    head, = db.execute(HEAD).fetchone()
    db.execute("COMMIT")
    cursor = None
    if len(rows) > limit:
        rows.pop()
        raw = bytes(8) + rows[-1][0].encode() + b"\n"
        cursor = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {"items": [show(row) for row in rows], "next_cursor": cursor,
            "counts": counts, "position": f"{epoch}:{head}"}, {
                "Cache-Control": "no-store"}


def by_the_manual():
    @app.get("/api/v1/inventory/items/{sku}")
    def item(sku: str, response: Response, who: tuple = Depends(identify)):
        doc, headers = find_item(sku)
        response.headers.update(headers)
        return doc

    @app.get("/api/v1/inventory/items")
    def items(response: Response, limit: int = 50,
              who: tuple = Depends(identify)):
        doc, headers = find_items(limit)
        response.headers.update(headers)
        return doc


def by_hand():
    @app.get("/api/v1/inventory/items/{sku}")
    async def item(sku: str, request: Request):
        identify(request.headers.get("authorization"))
        doc, headers = find_item(sku)
        return JSONResponse(doc, headers=headers)

    @app.get("/api/v1/inventory/items")
    async def items(request: Request, limit: int = 50):
        identify(request.headers.get("authorization"))
        doc, headers = find_items(limit)
        return JSONResponse(doc, headers=headers)


if os.environ.get("BENCH_BY_HAND"):
    by_hand()
else:
    by_the_manual()
