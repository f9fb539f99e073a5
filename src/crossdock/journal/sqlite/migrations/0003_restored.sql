-- Systems that hand in again what a restored store has lost, and from which capture on they no longer do.

CREATE TABLE restored (
  system TEXT PRIMARY KEY, backup_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL, floor INTEGER NOT NULL,
  ended_id INTEGER, position INTEGER NOT NULL) WITHOUT ROWID;
