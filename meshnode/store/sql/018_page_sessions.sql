-- Browsers that may use the owner's page. Of the secret that a browser shows, only a hash is kept.
CREATE TABLE page_session (
    hash BLOB NOT NULL PRIMARY KEY,
    opened INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
