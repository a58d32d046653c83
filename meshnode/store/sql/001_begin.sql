-- The first schema. Times are UNIX seconds. Migrations are never edited once released: see README.md.

PRAGMA application_id = 0x6d657368;  -- "mesh"

-- Keys are 32 bytes and repeat in every row that names somebody: they are stored once and numbered.
CREATE TABLE person (
    no  INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32)
) STRICT;

CREATE TABLE device (
    no  INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32)
) STRICT;

-- One row per record held. The header's fields are repeated outside of `wire` so that a scan decodes nothing.
CREATE TABLE record (
    no             INTEGER PRIMARY KEY,
    id             BLOB    NOT NULL,
    id_key         INTEGER NOT NULL,  -- the first 8 bytes of id
    author         INTEGER NOT NULL REFERENCES person,
    kind           INTEGER NOT NULL,
    slot           BLOB    NOT NULL,
    role           INTEGER,           -- 0 newest of its register, 1 in use behind a header alone, NULL stands aside (held)
    device         INTEGER NOT NULL REFERENCES device,
    version        INTEGER NOT NULL,
    audience       INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    expires        INTEGER NOT NULL,
    floor          INTEGER NOT NULL,
    outlives       INTEGER NOT NULL,
    state          INTEGER NOT NULL,  -- records.State
    place          TEXT,              -- a listing's own place
    complete       INTEGER NOT NULL,  -- has its body (an empty one too)
    withdrawn      INTEGER NOT NULL,
    received_from  INTEGER REFERENCES person,  -- NULL: written here
    arrived        INTEGER NOT NULL,
    due            INTEGER NOT NULL,  -- when time changes something about it: the purge looks at it then
    size           INTEGER NOT NULL,  -- of wire, bytes
    wire           BLOB    NOT NULL,
    UNIQUE (author, kind, slot, role)
) STRICT;

-- Ids are random: every insert lands on another page of their index, and what it costs is the number of pages. Eight
-- bytes make it four times smaller than whole ids would. It need not be unique: the id decides.
CREATE INDEX record_id ON record (id_key);
CREATE INDEX record_due ON record (due);
-- Partial: listings in use are nearly all rows, and pay for neither.
CREATE INDEX record_circle ON record (kind, author) WHERE kind < 4;
CREATE INDEX record_apart ON record (state) WHERE state <> 1;

-- Two different records of one device for one version: its owner must be told. The first proof for a device is enough.
CREATE TABLE fork (
    device INTEGER PRIMARY KEY REFERENCES device,
    one    BLOB NOT NULL,
    other  BLOB NOT NULL
) STRICT;

-- Where a person's device was last reached.
CREATE TABLE address (
    person INTEGER NOT NULL REFERENCES person,
    device INTEGER NOT NULL REFERENCES device,
    host   TEXT    NOT NULL,
    port   INTEGER NOT NULL,
    seen   INTEGER NOT NULL,
    PRIMARY KEY (person, device, host, port)
) STRICT;

-- What it takes to dial somebody, kept past the expiry of his records: two nodes apart for a winter must meet again.
CREATE TABLE pinned (
    person       INTEGER NOT NULL REFERENCES person,
    device       INTEGER NOT NULL REFERENCES device,
    dh_public    BLOB    NOT NULL,
    presence_key BLOB,
    PRIMARY KEY (person, device)
) STRICT;

-- Cards handed out. A spent one stays until it expires: it goes on working for those who used it, and for nobody else.
CREATE TABLE issued (
    id      BLOB PRIMARY KEY,
    secret  BLOB    NOT NULL,
    weight  INTEGER NOT NULL,
    uses    INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE claim (
    card     BLOB    NOT NULL REFERENCES issued ON DELETE CASCADE,
    claimant INTEGER NOT NULL REFERENCES person,
    at       INTEGER NOT NULL,
    PRIMARY KEY (card, claimant)
) STRICT;

-- Cards of others that were added here and whose givers were not met yet.
CREATE TABLE taken (
    id      BLOB PRIMARY KEY,
    text    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

-- Whom the owner blocks, by name; what is published are tags that only guessing can undo.
CREATE TABLE blocked (
    person INTEGER PRIMARY KEY REFERENCES person,
    since  INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
