-- The owner's devices. Times are UNIX seconds.

-- Codes shown so that another machine becomes a device. One that was used stays until it expires: its answer may be lost.
CREATE TABLE device_code (
    id      BLOB PRIMARY KEY,
    secret  BLOB    NOT NULL,
    name    TEXT    NOT NULL,  -- what the device will be called
    expires INTEGER NOT NULL,
    used_by BLOB               -- the key of the device that was certified for it
) STRICT;

-- What the owner calls his devices, and when each was met last.
CREATE TABLE own_device (
    device INTEGER PRIMARY KEY REFERENCES device,
    name   TEXT,
    seen   INTEGER
) STRICT;

-- What a struck device had written and is still wanted, until this device has written it anew: a whole record each.
CREATE TABLE reissue (
    no   INTEGER PRIMARY KEY,
    wire BLOB NOT NULL,
    part INTEGER NOT NULL  -- 1: of a policy its blocks alone
) STRICT;
