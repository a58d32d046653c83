-- One receipt for each person, in place of one for each letter. Times are UNIX seconds.

-- Letters that devices of the owner have opened and that a receipt names, until their author has withdrawn them. `device`
-- is the beginning of the device's key. `named` is 1 where the newest receipt names it.
CREATE TABLE letter_opened (
    author  INTEGER NOT NULL REFERENCES person,
    slot    BLOB    NOT NULL,
    device  BLOB    NOT NULL,
    expires INTEGER NOT NULL,
    named   INTEGER NOT NULL,
    PRIMARY KEY (author, slot, device)
) STRICT;
CREATE INDEX letter_opened_expires ON letter_opened (expires);

-- People for whom there is a receipt, or is to be one: when the next version is due (NULL: none is), and how many
-- versions were written on that day (days since 1970).
CREATE TABLE receipt (
    person  INTEGER PRIMARY KEY REFERENCES person,
    due     INTEGER,
    day     INTEGER NOT NULL,
    written INTEGER NOT NULL
) STRICT;

-- Receipts of the old form are not read by anybody; they expire.
DELETE FROM letter_sent WHERE about IS NOT NULL;
ALTER TABLE letter_sent DROP COLUMN about;

-- The record that was read, of a receipt: its next version is read too. NULL: no other version has an effect.
ALTER TABLE letter_read ADD COLUMN receipt BLOB;
