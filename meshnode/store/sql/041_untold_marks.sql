-- The marks of what was read that no note tells other devices yet: each round of upkeep looks for them, and mostly there are none.
CREATE INDEX seen_untold ON seen (until DESC, key) WHERE told IS NULL;
