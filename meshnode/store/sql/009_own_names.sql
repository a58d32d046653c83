-- The names that the owner calls other people by, on this node alone.
CREATE TABLE own_name (
    person INTEGER PRIMARY KEY REFERENCES person,
    name   TEXT NOT NULL
) STRICT;
