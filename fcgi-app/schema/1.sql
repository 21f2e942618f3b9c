-- The first schema.  Quantities are integers in thousandths; times are UTC,
-- RFC 3339 with milliseconds.

-- Facts about the database itself: epoch.
CREATE TABLE meta (
	key	TEXT PRIMARY KEY,
	value	TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
	id		INTEGER PRIMARY KEY,
	username	TEXT NOT NULL UNIQUE COLLATE NOCASE,
	password_hash	TEXT NOT NULL,		-- libsodium's Argon2id string
	role		TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
	color		TEXT NOT NULL DEFAULT '',
	disabled	INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
	revoked_at	INTEGER NOT NULL DEFAULT 0,	-- ms since 1970: tickets issued until then are void
	created_at	TEXT NOT NULL
) STRICT;

CREATE TABLE session (
	id_hash		TEXT PRIMARY KEY,	-- of the cookie's secret
	public_id	TEXT NOT NULL UNIQUE,	-- names it in tickets and revokes
	user_id		INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	expires_at	INTEGER NOT NULL,	-- ms since 1970
	seen_at		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_end ON session (expires_at);

-- Sessions that ended early: told to a relay that connects later.
CREATE TABLE revoked (
	public_id	TEXT PRIMARY KEY,
	at		INTEGER NOT NULL	-- ms since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_by_time ON revoked (at);

CREATE TABLE token (
	id		INTEGER PRIMARY KEY,
	public_id	TEXT NOT NULL UNIQUE,	-- names it in tickets and revokes
	name		TEXT NOT NULL UNIQUE,	-- "label printer"
	secret_hash	TEXT NOT NULL UNIQUE,
	user_id		INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	role		TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
	created_at	TEXT NOT NULL,
	expires_at	INTEGER,		-- ms since 1970; NULL: never
	last_used_at	INTEGER
) STRICT;
CREATE INDEX token_by_user ON token (user_id);

CREATE TABLE item (
	id		INTEGER PRIMARY KEY AUTOINCREMENT,
	sku		TEXT NOT NULL UNIQUE,
	name		TEXT NOT NULL,
	location	TEXT NOT NULL DEFAULT '',
	quantity	INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0),
	unit		TEXT NOT NULL DEFAULT '',
	qty_ordered	INTEGER NOT NULL DEFAULT 0 CHECK (qty_ordered >= 0),
	reorder_level	INTEGER NOT NULL DEFAULT 0 CHECK (reorder_level >= 0),
	status		TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'discontinued')),
	notes		TEXT NOT NULL DEFAULT '',
	extra		TEXT NOT NULL DEFAULT '{}',
	version		INTEGER NOT NULL,	-- seq of the change that made it
	created_at	TEXT NOT NULL,
	updated_at	TEXT NOT NULL,
	updated_by	TEXT NOT NULL
) STRICT;
CREATE INDEX item_by_name ON item (name, sku);
CREATE INDEX item_by_location ON item (location, sku);
CREATE INDEX item_by_quantity ON item (quantity, sku);
CREATE INDEX item_by_updated ON item (updated_at, sku);

-- The custom columns, kept in item.extra.
CREATE TABLE field (
	name		TEXT PRIMARY KEY,
	label		TEXT NOT NULL,
	type		TEXT NOT NULL CHECK (type IN ('text', 'number')),
	max_length	INTEGER NOT NULL DEFAULT 200,
	position	INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The log.  AUTOINCREMENT: a number is never used twice, even after pruning.
CREATE TABLE change (
	seq		INTEGER PRIMARY KEY AUTOINCREMENT,
	at		TEXT NOT NULL,
	changeset	TEXT NOT NULL,
	user_id		INTEGER NOT NULL,
	username	TEXT NOT NULL,
	update_type	TEXT NOT NULL,
	item_id		INTEGER,
	sku		TEXT NOT NULL,
	version		INTEGER NOT NULL,
	changes		TEXT NOT NULL,
	after		TEXT,
	reason		TEXT,
	room		TEXT,
	source		TEXT NOT NULL
) STRICT;
CREATE INDEX change_by_item ON change (item_id, seq);
CREATE INDEX change_by_sku ON change (sku, seq);

-- Answers kept for an Idempotency-Key.
CREATE TABLE idem (
	user_id		INTEGER NOT NULL,
	key		TEXT NOT NULL,
	route		TEXT NOT NULL,		-- "POST /inventory/items"
	body_hash	TEXT NOT NULL,
	status		INTEGER NOT NULL,
	headers		TEXT NOT NULL,
	body		TEXT NOT NULL,
	at		INTEGER NOT NULL,	-- ms since 1970
	PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idem_by_time ON idem (at);
