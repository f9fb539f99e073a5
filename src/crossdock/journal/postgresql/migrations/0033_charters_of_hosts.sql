-- The charter that a process works by, so that whoever joins, and whoever looks, sees that two differ.
ALTER TABLE owners ADD COLUMN charter bigint;
