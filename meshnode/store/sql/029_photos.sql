-- What is lacking, and what is still to be decoded, is asked for again and again, also while somebody floods: it costs as
-- much as what is answered. So each name says whose listing it is, while that is in use, and whether the photo is here.
ALTER TABLE photo_name ADD COLUMN author INTEGER;  -- NULL while the listing is not in use
ALTER TABLE photo_name ADD COLUMN here INTEGER NOT NULL DEFAULT 0;  -- 1 too if it came and cannot be decoded
UPDATE photo_name SET
    author = (SELECT record.author FROM record WHERE record.no = photo_name.record AND record.state = 1),
    here = EXISTS (SELECT 1 FROM photo WHERE photo.hash = photo_name.hash);
CREATE INDEX photo_name_lacking ON photo_name (author, thumbnail DESC, record DESC, place) WHERE here = 0;
CREATE TRIGGER photo_came AFTER INSERT ON photo
BEGIN
    UPDATE photo_name SET here = 1 WHERE hash = NEW.hash;
END;
CREATE TRIGGER photo_gone AFTER DELETE ON photo
BEGIN
    UPDATE photo_name SET here = 0 WHERE hash = OLD.hash;
END;

ALTER TABLE photo ADD COLUMN thumbnail INTEGER NOT NULL DEFAULT 0;
UPDATE photo SET thumbnail = EXISTS (SELECT 1 FROM photo_name WHERE photo_name.hash = photo.hash AND photo_name.thumbnail = 1);
DROP INDEX photo_state;
CREATE INDEX photo_came_of ON photo (author, size) WHERE state = 2;
