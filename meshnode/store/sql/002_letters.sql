-- Letters: whom each that is carried is for, and what became of those read or written here. Times are UNIX seconds.

ALTER TABLE record ADD COLUMN tag BLOB;  -- a letter's: a keyed hash of its addressee
CREATE INDEX record_letter ON record (author) WHERE kind = 6;

-- Letters that this device has looked into. One that comes again, or anew under its slot, has no effect any more.
CREATE TABLE letter_read (
    author INTEGER NOT NULL REFERENCES person,
    slot   BLOB    NOT NULL,
    number INTEGER,           -- of a content that this version did not know; NULL: done with
    until  INTEGER NOT NULL,  -- when it cannot come again
    PRIMARY KEY (author, slot)
) STRICT;

-- Letters of the owner, whichever of his devices wrote them.
CREATE TABLE letter_sent (
    slot      BLOB PRIMARY KEY,
    addressee INTEGER NOT NULL REFERENCES person,
    sent      INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    delivered INTEGER,           -- when the first receipt of the addressee was read
    open      INTEGER NOT NULL,  -- it may lie about still
    about     BLOB               -- of a receipt: the slot of the addressee's letter that it is for
) STRICT;

-- Which devices have yet to say that they have read it.
CREATE TABLE letter_awaited (
    slot   BLOB    NOT NULL REFERENCES letter_sent ON DELETE CASCADE,
    device INTEGER NOT NULL REFERENCES device,
    PRIMARY KEY (slot, device)
) STRICT;

-- People to whom others have introduced the owner, until he has vouched for them or time is up.
CREATE TABLE introduction (
    person       INTEGER NOT NULL REFERENCES person,
    introducer   INTEGER NOT NULL REFERENCES person,
    name         TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    certificates BLOB    NOT NULL,  -- records of the person's devices, as one array
    at           INTEGER NOT NULL,
    PRIMARY KEY (person, introducer)
) STRICT;
