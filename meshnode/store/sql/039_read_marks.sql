-- The note by which this device tells its owner's other devices that a listing was shown as news: its number, or 0 where
-- none is to (another device has told of it, or there were too many), or NULL where none does yet.
ALTER TABLE seen ADD COLUMN told INTEGER;
