-- Two systems that speak of a third one's object by its number mean the same object. Where they are heard by two
-- processes at once, neither sees what the other makes of it: one of the two is decided again.

ALTER TABLE hubs ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX hubs_shared ON hubs (document, number) WHERE shared = 1;
