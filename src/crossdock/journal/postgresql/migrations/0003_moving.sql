-- The move of a site out of a SQLite file into this database: what it comes from, and how far it is. While it is
-- under way no hub works here.
CREATE TABLE moving (
  source text NOT NULL, position bigint NOT NULL, head bytea NOT NULL, began_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz);
CREATE TABLE moved (
  name text COLLATE "C" PRIMARY KEY, rows bigint NOT NULL, last text NOT NULL, whole boolean NOT NULL);

-- Figures are counted from indexes alone where the pages below them are known to be visible to all.
ALTER TABLE captures SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE messages SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE transmissions SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE ledger_first SET (autovacuum_vacuum_insert_scale_factor = 0.02);
