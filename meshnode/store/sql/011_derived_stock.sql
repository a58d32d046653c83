-- Exchanges: `held` is how much of the owner's listing one holds, in thousandths, which follows from its moves alone;
-- `accepted_here` is 1 where this device accepted. How much is left of a listing is computed from these.
DROP INDEX exchange_taking;
ALTER TABLE exchange RENAME COLUMN takes TO held;
ALTER TABLE exchange DROP COLUMN taken;
ALTER TABLE exchange ADD COLUMN accepted_here INTEGER NOT NULL DEFAULT 0;
UPDATE exchange SET accepted_here = held > 0;
UPDATE exchange SET held = 0 WHERE stage IN ('CANCELLED', 'RETURNED');
CREATE INDEX exchange_held ON exchange (slot) WHERE held > 0;
