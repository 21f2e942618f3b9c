-- Copyright (c) 2026 The Stockroom developers
-- SPDX-License-Identifier: ISC

-- Items :from to :to with the change that made each, and to every ten of them
-- a change of the first one.  Written past the app, which must not run.

BEGIN;
CREATE TEMP TABLE new AS
WITH RECURSIVE n(i) AS (SELECT :from UNION ALL SELECT i + 1 FROM n WHERE i < :to)
SELECT i, (SELECT coalesce(max(seq), 0) FROM change) + i - :from + 1 AS seq,
	printf('PART-%07d', i) AS sku,
	printf('Wood screw %d x %d, zinc', i * 7 % 97, i % 89) AS name,
	printf('%c%d-%02d', 65 + i % 8, i / 8 % 40, i / 32 % 24) AS location,
	i * 7919 % 1000 * 1000 AS quantity
FROM n;

INSERT INTO item (sku, name, location, quantity, unit, reorder_level, version,
	created_at, updated_at, updated_by)
SELECT sku, name, location, quantity, 'pcs', 20000, seq,
	strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'),
	strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'), 'ana'
FROM new;
INSERT INTO change (seq, at, changeset, user_id, username, update_type,
	item_id, sku, version, changes, after, source)
SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch'),
	'seed', 1, 'ana', 'create', item.id, sku, seq,
	json_array(json_object('field', 'sku', 'old_value', NULL, 'new_value', sku),
	json_object('field', 'name', 'old_value', NULL, 'new_value', new.name)),
	json_object('sku', sku, 'name', new.name, 'location', new.location,
	'quantity', new.quantity / 1000, 'unit', 'pcs'), 'import'
FROM new JOIN item USING (sku);

INSERT INTO change (at, changeset, user_id, username, update_type, item_id,
	sku, version, changes, after, source)
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + new.i, 'unixepoch'), 'seed', 1,
	'ana', 'edit', item.id, item.sku, new.seq,
	json_array(json_object('field', 'quantity', 'old_value', i, 'new_value',
	i + 1)), json_object('quantity', i + 1), 'api'
FROM new, item WHERE i % 10 = 0 AND item.sku = 'PART-0000001';
UPDATE item SET version = (SELECT max(seq) FROM change)
	WHERE sku = 'PART-0000001';
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
