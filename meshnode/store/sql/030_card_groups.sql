-- The groups to which those who use a card are invited, and the invitations that are still to be signed.
CREATE TABLE issued_group (
    card     BLOB NOT NULL REFERENCES issued ON DELETE CASCADE,
    group_id BLOB NOT NULL,
    PRIMARY KEY (card, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE owed_invitation (
    person   INTEGER NOT NULL REFERENCES person,
    group_id BLOB    NOT NULL,
    until    INTEGER NOT NULL,  -- after which it is given up
    PRIMARY KEY (person, group_id)
) STRICT, WITHOUT ROWID;
