-- A database as version 0.1.0 made it, with schema 1: users, a token, items,
-- a custom column, a log with every kind of change, an answer kept.
PRAGMA application_id = 1400138610;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
BEGIN TRANSACTION;
CREATE TABLE meta (
	key	TEXT PRIMARY KEY,
	value	TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('epoch','01a206674184decd');
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
INSERT INTO user VALUES(1,'admin','$argon2id$v=19$m=65536,t=2,p=1$RaIdFGtIu6xXvNfe3UDUVA$2kFUV3WoiX56QzmwMcupuKRtlqQhOIjcyBYEcBAIh6M','admin','',0,0,'2026-11-23T03:16:00.290Z');
INSERT INTO user VALUES(2,'ana','$argon2id$v=19$m=65536,t=2,p=1$jfOKFNXiji1CapmM5I7TGA$Exe8jbp6iYFzXRJQB2AVrDW90hJzbrFZFjCTo67+Jfo','editor','',0,0,'2026-11-23T03:16:00.545Z');
INSERT INTO user VALUES(3,'vera','$argon2id$v=19$m=65536,t=2,p=1$thWrbaASUy4AQvV9FbY9WA$hlLiX+zvI8WSoeCIc0NOzekmAndVDZr2mfr0+SteC+k','viewer','',0,0,'2026-11-23T03:16:00.754Z');
CREATE TABLE session (
	id_hash		TEXT PRIMARY KEY,	-- of the cookie's secret
	public_id	TEXT NOT NULL UNIQUE,	-- names it in tickets and revokes
	user_id		INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	expires_at	INTEGER NOT NULL,	-- ms since 1970
	seen_at		INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO session VALUES('f983d0f80b2ec547de1d7944c47c791b0c4215525d51982fbce584d2a88667a1','d76fee3d19d9fd17f96bac1e3c851836',2,9999999999999,1795403761265);
INSERT INTO session VALUES('fbdf1c5a049d89e753a8675b736e025d79dcef6e3642322eb74e907e11010dcd','366583f4b697766e9ffc0ef75002cc56',1,9999999999999,1795403761530);
CREATE TABLE revoked (
	public_id	TEXT PRIMARY KEY,
	at		INTEGER NOT NULL	-- ms since 1970
) STRICT, WITHOUT ROWID;
INSERT INTO revoked VALUES('03e037ddb4a69272700c9e9ce9300216',1795403761811);
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
INSERT INTO token VALUES(1,'1f02165e0b9645b12022d72f37bb1bde','label printer','1279823a2edbb708adfa9e91ed38c8e18dbce14b0cd1a34445d84cb5accaa4d1',2,'editor','2026-11-23T03:16:00.854Z',NULL,1795403761347);
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
INSERT INTO item VALUES(1,'FAS-0042','Wood screw 6 × 80','A1-06',410000,'pcs',0,50000,'discontinued',replace('two\nlines, "quoted"','\n',char(10)),'{"qty_ordered_jason":12.125}',4,'2026-11-23T03:16:01.339Z','2026-11-23T03:16:01.354Z','ana');
INSERT INTO item VALUES(2,'GLU-2','Glue','',0,'',0,0,'active','','{}',5,'2026-11-23T03:16:01.347Z','2026-11-23T03:16:01.536Z','admin');
CREATE TABLE field (
	name		TEXT PRIMARY KEY,
	label		TEXT NOT NULL,
	type		TEXT NOT NULL CHECK (type IN ('text', 'number')),
	max_length	INTEGER NOT NULL DEFAULT 200,
	position	INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO field VALUES('qty_ordered_jason','Ordered (Jason)','number',0,1);
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
INSERT INTO change VALUES(1,'2026-11-23T03:16:01.339Z','0bfe5add2f0ae58d',2,'ana','create',1,'FAS-0042',1,'[{"field":"sku","old_value":null,"new_value":"FAS-0042"},{"field":"name","old_value":null,"new_value":"Wood screw 6 × 80"},{"field":"location","old_value":null,"new_value":"A1-05"},{"field":"quantity","old_value":null,"new_value":418.5},{"field":"unit","old_value":null,"new_value":"pcs"},{"field":"qty_ordered","old_value":null,"new_value":0},{"field":"reorder_level","old_value":null,"new_value":50},{"field":"status","old_value":null,"new_value":"active"},{"field":"notes","old_value":null,"new_value":"two\nlines, \"quoted\""},{"field":"qty_ordered_jason","old_value":null,"new_value":12.125}]','{"sku":"FAS-0042","name":"Wood screw 6 × 80","location":"A1-05","quantity":418.5,"unit":"pcs","qty_ordered":0,"reorder_level":50,"status":"active","notes":"two\nlines, \"quoted\"","qty_ordered_jason":12.125}',NULL,NULL,'api');
INSERT INTO change VALUES(2,'2026-11-23T03:16:01.347Z','0d437cf3ecef7ef4',2,'ana (label printer)','create',2,'GLU-1',2,'[{"field":"sku","old_value":null,"new_value":"GLU-1"},{"field":"name","old_value":null,"new_value":"Glue"},{"field":"location","old_value":null,"new_value":""},{"field":"quantity","old_value":null,"new_value":0},{"field":"unit","old_value":null,"new_value":""},{"field":"qty_ordered","old_value":null,"new_value":0},{"field":"reorder_level","old_value":null,"new_value":0},{"field":"status","old_value":null,"new_value":"active"},{"field":"notes","old_value":null,"new_value":""},{"field":"qty_ordered_jason","old_value":null,"new_value":0}]','{"sku":"GLU-1","name":"Glue","location":"","quantity":0,"unit":"","qty_ordered":0,"reorder_level":0,"status":"active","notes":"","qty_ordered_jason":0}',NULL,NULL,'api');
INSERT INTO change VALUES(3,'2026-11-23T03:16:01.351Z','5735273ceda23178',2,'ana','edit',1,'FAS-0042',3,'[{"field":"location","old_value":"A1-05","new_value":"A1-06"},{"field":"status","old_value":"active","new_value":"discontinued"}]','{"sku":"FAS-0042","name":"Wood screw 6 × 80","location":"A1-06","quantity":418.5,"unit":"pcs","qty_ordered":0,"reorder_level":50,"status":"discontinued","notes":"two\nlines, \"quoted\"","qty_ordered_jason":12.125}',NULL,NULL,'api');
INSERT INTO change VALUES(4,'2026-11-23T03:16:01.354Z','72af94b86ee49022',2,'ana','adjust',1,'FAS-0042',4,'[{"field":"quantity","old_value":418.5,"new_value":410}]','{"sku":"FAS-0042","name":"Wood screw 6 × 80","location":"A1-06","quantity":410,"unit":"pcs","qty_ordered":0,"reorder_level":50,"status":"discontinued","notes":"two\nlines, \"quoted\"","qty_ordered_jason":12.125}','sale',NULL,'api');
INSERT INTO change VALUES(5,'2026-11-23T03:16:01.536Z','a84528c8be2620e2',1,'admin','edit',2,'GLU-2',5,'[{"field":"sku","old_value":"GLU-1","new_value":"GLU-2"}]','{"sku":"GLU-2","name":"Glue","location":"","quantity":0,"unit":"","qty_ordered":0,"reorder_level":0,"status":"active","notes":"","qty_ordered_jason":0}',NULL,NULL,'api');
INSERT INTO change VALUES(6,'2026-11-23T03:16:01.539Z','0a68d61822b1d758',2,'ana','create',3,'OLD-1',6,'[{"field":"sku","old_value":null,"new_value":"OLD-1"},{"field":"name","old_value":null,"new_value":"Gone"},{"field":"location","old_value":null,"new_value":""},{"field":"quantity","old_value":null,"new_value":0},{"field":"unit","old_value":null,"new_value":""},{"field":"qty_ordered","old_value":null,"new_value":0},{"field":"reorder_level","old_value":null,"new_value":0},{"field":"status","old_value":null,"new_value":"active"},{"field":"notes","old_value":null,"new_value":""},{"field":"qty_ordered_jason","old_value":null,"new_value":0}]','{"sku":"OLD-1","name":"Gone","location":"","quantity":0,"unit":"","qty_ordered":0,"reorder_level":0,"status":"active","notes":"","qty_ordered_jason":0}',NULL,NULL,'api');
INSERT INTO change VALUES(7,'2026-11-23T03:16:01.541Z','ad3921709a511a8b',2,'ana','delete',3,'OLD-1',7,'[{"field":"sku","old_value":"OLD-1","new_value":null},{"field":"name","old_value":"Gone","new_value":null},{"field":"location","old_value":"","new_value":null},{"field":"quantity","old_value":0,"new_value":null},{"field":"unit","old_value":"","new_value":null},{"field":"qty_ordered","old_value":0,"new_value":null},{"field":"reorder_level","old_value":0,"new_value":null},{"field":"status","old_value":"active","new_value":null},{"field":"notes","old_value":"","new_value":null},{"field":"qty_ordered_jason","old_value":0,"new_value":null}]',NULL,NULL,NULL,'api');
INSERT INTO change VALUES(8,'2026-11-23T03:16:01.543Z','b77fc892f4872b4b',2,'ana','edit',NULL,'FAS-0042',4,'[{"field":"notes","old_value":"a","new_value":"b"}]',NULL,NULL,'inventory_management','broadcast');
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
INSERT INTO idem VALUES(2,'key-1','POST /inventory/items','b50d210b9ad8cc601d596bd92868899aee5dac141319d74529345a3cb1631fe0',201,replace(replace('Location: /api/v1/inventory/items/FAS-0042\r\nETag: "v1"\r\n','\r',char(13)),'\n',char(10)),'{"sku":"FAS-0042","name":"Wood screw 6 × 80","location":"A1-05","quantity":418.5,"unit":"pcs","stock":"ok","qty_ordered":0,"reorder_level":50,"status":"active","notes":"two\nlines, \"quoted\"","qty_ordered_jason":12.125,"updated_by":"ana","updated_at":"2026-11-23T03:16:01.339Z","on_order":false,"version":1,"created_at":"2026-11-23T03:16:01.339Z"}',1795403761339);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('item',3);
INSERT INTO sqlite_sequence VALUES('change',8);
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_end ON session (expires_at);
CREATE INDEX revoked_by_time ON revoked (at);
CREATE INDEX token_by_user ON token (user_id);
CREATE INDEX item_by_name ON item (name, sku);
CREATE INDEX item_by_location ON item (location, sku);
CREATE INDEX item_by_quantity ON item (quantity, sku);
CREATE INDEX item_by_updated ON item (updated_at, sku);
CREATE INDEX change_by_item ON change (item_id, seq);
CREATE INDEX change_by_sku ON change (sku, seq);
CREATE INDEX idem_by_time ON idem (at);
COMMIT;
