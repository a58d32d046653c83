-- What the devices of contacts hold as comparisons in sessions have shown: what each comparison has added, in items of 16
-- bytes as in parcel_held. A row without items says that a comparison has found nothing new.
CREATE TABLE session_held (
    person INTEGER NOT NULL REFERENCES person,
    device INTEGER NOT NULL REFERENCES device,
    heard  INTEGER NOT NULL,
    items  BLOB    NOT NULL,
    PRIMARY KEY (person, device, heard)
) STRICT, WITHOUT ROWID;
