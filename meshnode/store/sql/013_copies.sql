-- What it takes to notice that the disk of this device was copied or put back, and to join what the copies wrote.

-- The ids of all records that this device signed, until no version of their registers can be alive. A record of this
-- device that is not among them was signed by a copy.
CREATE TABLE signed_record (
    id    BLOB    PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO signed_record SELECT id, latest_expiry FROM record WHERE received_from IS NULL;
-- Replaced versions were not remembered before: those made until then prove nothing.
INSERT INTO meta SELECT 'signed_since', CAST(max(created) AS TEXT) FROM record WHERE received_from IS NULL HAVING count(*) > 0;

-- Records by copies of this device that were heard of, until this node has dealt with them. `wire` is the one of two
-- versions of a register that lost, where their writers did not know of each other.
CREATE TABLE copied_record (
    id   BLOB PRIMARY KEY,
    wire BLOB
) STRICT, WITHOUT ROWID;

-- The name of a blocked person, whose profile is deleted: another device of the owner may have blocked them.
ALTER TABLE blocked ADD COLUMN name TEXT;
