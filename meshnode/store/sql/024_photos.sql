-- Photos of listings, and their thumbnails. The names are those of listings whose bodies are held; a photo goes with the
-- last listing that names it.
CREATE TABLE photo_name (
    record    INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
    place     INTEGER NOT NULL,  -- in the listing's list of photos
    thumbnail INTEGER NOT NULL,
    hash      BLOB    NOT NULL,
    size      INTEGER NOT NULL,  -- in bytes, as the listing says
    PRIMARY KEY (record, place, thumbnail)
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_name_hash ON photo_name (hash);

CREATE TABLE photo (
    hash   BLOB    NOT NULL PRIMARY KEY,
    author INTEGER NOT NULL REFERENCES person,
    state  INTEGER NOT NULL,  -- photos.PhotoState
    added  INTEGER NOT NULL,
    size   INTEGER NOT NULL,  -- of data and shown, in bytes
    data   BLOB    NOT NULL,  -- as its author made it
    shown  BLOB               -- as it was made again here; NULL: data was made here
) STRICT;
CREATE INDEX photo_author ON photo (author, size);
CREATE INDEX photo_state ON photo (state) WHERE state = 2;

-- Photos of which a listing has gone: they are deleted in the same commit, or soon after if they are many.
CREATE TABLE photo_unnamed (hash BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER photo_name_gone AFTER DELETE ON photo_name
BEGIN
    INSERT OR IGNORE INTO photo_unnamed VALUES (OLD.hash);
END;
