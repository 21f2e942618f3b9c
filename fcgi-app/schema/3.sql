-- How many items there are of each kind, for the list: kept up to date, not
-- counted anew, so that a page costs the same however many there are.
CREATE TABLE item_count (
	id		INTEGER PRIMARY KEY CHECK (id = 1),	-- one row
	all_of_them	INTEGER NOT NULL,
	low		INTEGER NOT NULL,
	out		INTEGER NOT NULL,
	on_order	INTEGER NOT NULL
) STRICT;
INSERT INTO item_count SELECT 1, count(*),
	count(*) FILTER (WHERE quantity > 0 AND quantity <= reorder_level),
	count(*) FILTER (WHERE quantity = 0),
	count(*) FILTER (WHERE qty_ordered > 0) FROM item;

CREATE TRIGGER item_count_add AFTER INSERT ON item BEGIN
	UPDATE item_count SET all_of_them = all_of_them + 1,
		low = low + (new.quantity > 0 AND new.quantity <= new.reorder_level),
		out = out + (new.quantity = 0),
		on_order = on_order + (new.qty_ordered > 0)
	WHERE id = 1;
END;
CREATE TRIGGER item_count_drop AFTER DELETE ON item BEGIN
	UPDATE item_count SET all_of_them = all_of_them - 1,
		low = low - (old.quantity > 0 AND old.quantity <= old.reorder_level),
		out = out - (old.quantity = 0),
		on_order = on_order - (old.qty_ordered > 0)
	WHERE id = 1;
END;
-- Most changes make no other kind of an item.
CREATE TRIGGER item_count_change
AFTER UPDATE OF quantity, reorder_level, qty_ordered ON item
WHEN (new.quantity = 0) <> (old.quantity = 0) OR
	(new.quantity <= new.reorder_level) <> (old.quantity <= old.reorder_level) OR
	(new.qty_ordered > 0) <> (old.qty_ordered > 0)
BEGIN
	UPDATE item_count SET
		low = low + (new.quantity > 0 AND new.quantity <= new.reorder_level)
			- (old.quantity > 0 AND old.quantity <= old.reorder_level),
		out = out + (new.quantity = 0) - (old.quantity = 0),
		on_order = on_order + (new.qty_ordered > 0) - (old.qty_ordered > 0)
	WHERE id = 1;
END;
