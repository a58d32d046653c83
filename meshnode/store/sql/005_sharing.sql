-- Exact places, of the owner (slot of 16 zero bytes, as his profile has) and of single listings of his (their slots).
-- What is published are coarse cells made from these; the points themselves are in no record and leave this file never.
CREATE TABLE place (
    slot BLOB PRIMARY KEY,
    lat  REAL NOT NULL,  -- degrees, WGS 84
    lon  REAL NOT NULL
) STRICT;
