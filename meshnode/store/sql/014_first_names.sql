-- The name that a person had when the owner first vouched for them is kept beside the names that the owner has chosen.
ALTER TABLE own_name ADD COLUMN chosen INTEGER NOT NULL DEFAULT 1 CHECK (chosen IN (0, 1));
