-- Names tables, columns and indexes in the words of the specification. Nothing that was stored changes.

-- record: a version below `min_valid_version` must not be used; no version lives longer than `latest_expiry`.
-- state: 1 live, 2 pending (waits for a certificate or a policy), 3 suspended (a newer header forbids its use), 4 header.
-- role: 0 newest of its register, 1 current (still in use while the newest is a header only), NULL pending.
ALTER TABLE record RENAME COLUMN floor TO min_valid_version;
ALTER TABLE record RENAME COLUMN outlives TO latest_expiry;

DROP INDEX record_circle;
DROP INDEX record_apart;
-- Partial: live listings are nearly all rows and are in neither.
CREATE INDEX record_graph ON record (kind, author) WHERE kind < 4;
CREATE INDEX record_not_live ON record (state) WHERE state <> 1;

-- Own listings that expired, were closed or are used up; a row is deleted at `until`.
ALTER TABLE ended RENAME TO archive;
ALTER TABLE archive RENAME COLUMN how TO state;
ALTER TABLE archive RENAME COLUMN forget TO until;

-- Letters of the owner: whether other nodes may still carry one, and which devices have not sent a receipt for it.
ALTER TABLE letter_sent RENAME COLUMN open TO in_transit;
ALTER TABLE letter_awaited RENAME TO letter_receipt_due;
-- Letters that were opened here: `content_number` is the number of a content that this version did not know, else NULL.
ALTER TABLE letter_read RENAME COLUMN number TO content_number;

-- A hash of the title under which a listing was shown; `unseen` alerts were not shown as news yet.
ALTER TABLE seen RENAME COLUMN said TO title_hash;
ALTER TABLE alert RENAME COLUMN said TO title_hash;
ALTER TABLE alert RENAME COLUMN open TO unseen;

-- Records of a revoked device that this device has to write again; of a policy only the blocks where `blocks_only` is 1.
ALTER TABLE reissue RENAME COLUMN part TO blocks_only;

-- Small values: the people who have lately left the owner's web, and whether names and blocks were synced.
UPDATE meta SET name = 'former web' WHERE name = 'leavers';
UPDATE meta SET name = 'names and blocks synced' WHERE name = 'policy followed';
