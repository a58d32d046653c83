-- Of a revoked device's policy, the entries that the owner keeps: the subjects and tags in hex, with spaces between them.
-- NULL: all of them.
ALTER TABLE reissue ADD COLUMN keep TEXT;
