-- Exchanges, and the moves of both sides that make them. They outlive the listing and the letters that they came by.

CREATE TABLE exchange (
    no       INTEGER PRIMARY KEY,
    other    INTEGER NOT NULL REFERENCES person,
    id       BLOB    NOT NULL CHECK (length(id) = 16),
    name     TEXT    NOT NULL,           -- the other's, as last known
    asked    INTEGER,                    -- 1: the owner of this node asked, 0: the other did, NULL: the ask has not come
    slot     BLOB,                       -- the listing's
    title    TEXT    NOT NULL,           -- the listing's and its category, as they were when it was asked for
    category TEXT    NOT NULL,
    lend     INTEGER NOT NULL DEFAULT 0, -- it is to be given back
    shown    INTEGER NOT NULL,           -- 0: not, since the other may not see the listing, or has not asked
    stage    TEXT    NOT NULL,           -- what the moves come to
    takes    INTEGER NOT NULL DEFAULT 0, -- how many this device is to take off the listing, having said yes,
    taken    INTEGER NOT NULL DEFAULT 0, -- and how many it has
    began    INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    UNIQUE (other, id)
) STRICT;

CREATE INDEX exchange_changed ON exchange (changed) WHERE shown = 1;
CREATE INDEX exchange_stage ON exchange (stage) WHERE shown = 1;
CREATE INDEX exchange_taking ON exchange (no) WHERE takes > 0;
CREATE INDEX exchange_unheard ON exchange (changed) WHERE shown = 0;

CREATE TABLE move (
    exchange INTEGER NOT NULL REFERENCES exchange ON DELETE CASCADE,
    mine     INTEGER NOT NULL,
    act      INTEGER NOT NULL,
    fields   BLOB    NOT NULL,  -- encoded
    arrived  INTEGER NOT NULL,
    letter   BLOB,              -- the slot of the letter that it last travelled in, if it is the owner's
    PRIMARY KEY (exchange, mine, fields)
) STRICT;
