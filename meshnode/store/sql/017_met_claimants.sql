-- Whether the person who used a card has since been met without it. A used card is announced until then, for them alone.
ALTER TABLE claim ADD COLUMN met INTEGER NOT NULL DEFAULT 0;
