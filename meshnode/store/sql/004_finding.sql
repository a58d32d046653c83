-- What the owner was shown, hides and looks out for; known to this node alone. Listings are named by their id; `key` is
-- as much of it as a number holds, and `said` sums up what the listing was called when it was shown.
CREATE TABLE seen (
    key   INTEGER PRIMARY KEY,
    said  INTEGER NOT NULL,
    until INTEGER NOT NULL  -- when the listing expires: then this may be forgotten
) STRICT;

CREATE TABLE hidden (
    listing TEXT    PRIMARY KEY,
    title   TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    until   INTEGER NOT NULL
) STRICT;

CREATE TABLE watch (
    no     INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number once used never means another search
    search TEXT    NOT NULL,                   -- JSON
    since  INTEGER NOT NULL
) STRICT;

CREATE TABLE alert (
    watch INTEGER NOT NULL REFERENCES watch ON DELETE CASCADE,
    key   INTEGER NOT NULL,
    said  INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    until INTEGER NOT NULL,
    open  INTEGER NOT NULL,  -- not shown as news yet
    PRIMARY KEY (watch, key)
) STRICT;
