-- What it takes to hand over to a device that is added later what it was not sealed to. Times are UNIX seconds.

-- Letters of exchanges and introductions as their authors signed them, each with the key of its content and, of the device
-- that signed it, the certificate that it had when the letter was opened or written here. `exchange` is NULL for an
-- introduction of `introduced`.
CREATE TABLE kept_letter (
    no         INTEGER PRIMARY KEY,
    author     INTEGER NOT NULL REFERENCES person,
    slot       BLOB    NOT NULL,
    exchange   INTEGER REFERENCES exchange ON DELETE CASCADE,
    introduced INTEGER REFERENCES person,
    wire       BLOB    NOT NULL,
    key        BLOB    NOT NULL,
    signer     BLOB    NOT NULL,
    arrived    INTEGER NOT NULL,
    UNIQUE (author, slot)
) STRICT;
CREATE INDEX kept_letter_exchange ON kept_letter (exchange);

-- Devices of the owner, and of people with whom something is open, that were noticed: `seen` is when, and `active` when
-- something was last handed over to one of the owner's.
CREATE TABLE noticed_device (
    person INTEGER NOT NULL REFERENCES person,
    device INTEGER NOT NULL REFERENCES device,
    seen   INTEGER NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;

-- Letters that a device of the owner is to be handed; `by` is the slot of the letter that does it, NULL while none does.
CREATE TABLE handover (
    device INTEGER NOT NULL REFERENCES device,
    letter INTEGER NOT NULL REFERENCES kept_letter ON DELETE CASCADE,
    by     BLOB,
    PRIMARY KEY (device, letter)
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_letter ON handover (letter);

-- Letters that this device could not open; `asked` is 1 once its owner's other devices were asked for one.
CREATE TABLE missing_letter (
    author  INTEGER NOT NULL REFERENCES person,
    slot    BLOB    NOT NULL,
    asked   INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (author, slot)
) STRICT, WITHOUT ROWID;

-- What the owner keeps for themselves and all their devices are to know: of a kind and key the highest stamp counts.
-- `here` is the value as this device has it (NULL: none), `by` the slot of the letter that tells other devices (NULL: none does).
CREATE TABLE own_note (
    kind  INTEGER NOT NULL,
    key   BLOB    NOT NULL,
    value BLOB,
    stamp INTEGER NOT NULL,
    here  BLOB,
    by    BLOB,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
