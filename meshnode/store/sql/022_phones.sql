-- Phones that may use the owner's page from the home network. Of the secret that a phone shows, only a hash is kept.
CREATE TABLE phone (
    name TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    scheme TEXT NOT NULL,
    network TEXT NOT NULL,
    admitted INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What phones have done lately.
CREATE TABLE phone_act (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    phone TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
