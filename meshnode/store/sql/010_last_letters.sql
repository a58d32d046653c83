-- Letters of the owner: `is_last` is 1 for the one that calls an exchange off because of a block, which does not withdraw it.
ALTER TABLE letter_sent ADD COLUMN is_last INTEGER NOT NULL DEFAULT 0;
