-- Own listings that are over, kept for a while on this node alone: what was written last, so that it can be renewed.
CREATE TABLE ended (
    slot   BLOB    PRIMARY KEY,
    how    TEXT    NOT NULL,  -- expired, closed, or taken: nothing was left of it
    at     INTEGER NOT NULL,
    forget INTEGER NOT NULL,  -- when it is of no more use
    wire   BLOB    NOT NULL
) STRICT;
