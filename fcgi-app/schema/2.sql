-- What limits count.

-- Leaky buckets, by what they are of: "pair:" and a digest of an account and
-- an address, "user:7" for writes, ...  Those that are full again may go.
CREATE TABLE bucket (
	subject		TEXT PRIMARY KEY,
	until		INTEGER NOT NULL	-- µs since 1970: it is full then
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_by_time ON bucket (until);

-- Addresses from which somebody has signed in: guesses made elsewhere do not
-- shut the account's owner out there.
CREATE TABLE known_address (
	user_id		INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	address		TEXT NOT NULL,		-- "192.0.2.7", "2001:db8:1:2::/64"
	seen_at		INTEGER NOT NULL,	-- ms since 1970
	PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_address_by_time ON known_address (seen_at);
