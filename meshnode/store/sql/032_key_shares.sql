-- Shares of other people's identity keys that the owner keeps for them: one a person. One that was taken back has no words;
-- it stays, so that an older letter that comes later brings nothing back.
CREATE TABLE key_share (
    person INTEGER NOT NULL PRIMARY KEY REFERENCES person,
    made   INTEGER NOT NULL,  -- UNIX seconds, by the person's clock
    need   INTEGER NOT NULL,
    words  TEXT    NOT NULL
) STRICT;
