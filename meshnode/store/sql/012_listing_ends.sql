-- Exchanges: when the listing expires, as last known; NULL: not known. A request that nobody answered by then ran out.
ALTER TABLE exchange ADD COLUMN listing_ends INTEGER;
