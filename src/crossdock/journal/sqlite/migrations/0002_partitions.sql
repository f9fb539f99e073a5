-- Which partition owns what is under way, so that rows may be copied as they are to a store that many hosts share.
-- Nothing seals these columns: they follow from the others, and may be handed over.

ALTER TABLE captures ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
ALTER TABLE transmissions ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hubs ADD COLUMN home INTEGER NOT NULL DEFAULT 0;

UPDATE captures SET partition = partition_of(coalesce(order_by, their_id));
UPDATE hubs SET home = (
  SELECT partition_of(CASE WHEN r.key = 'h' || r.id THEN r.number ELSE r.key END) FROM hubs r WHERE r.id = hubs.root);
UPDATE messages SET partition = coalesce((SELECT home FROM hubs WHERE id = messages.root), 0);
UPDATE transmissions SET partition = coalesce((SELECT home FROM hubs WHERE id = transmissions.root), 0);

-- Two systems that speak of a third one's object by its number mean the same object. Where two processes hear them
-- at once, neither sees what the other makes of it: one of the two is decided again.
ALTER TABLE hubs ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX hubs_shared ON hubs (document, number) WHERE shared = 1;
