-- Parcels: what was given to others by them and is known to have arrived, or not yet, and what has come. A list of items
-- has 16 bytes for each: the hash of the register and the beginning of the record's id.
CREATE TABLE parcel_made (
    id     BLOB    PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person,
    made   INTEGER NOT NULL,
    items  BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parcel_held (
    person INTEGER NOT NULL REFERENCES person,
    device INTEGER NOT NULL REFERENCES device,  -- that has said so
    heard  INTEGER NOT NULL,
    items  BLOB    NOT NULL,
    PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE parcel_came (
    id        BLOB    PRIMARY KEY,
    person    INTEGER NOT NULL REFERENCES person,
    came      INTEGER NOT NULL,
    told      INTEGER NOT NULL,  -- when its receipt was last sent; 0: never
    not_taken BLOB    NOT NULL   -- the beginnings of the ids of records that were refused for now, 8 bytes each
) STRICT, WITHOUT ROWID;
