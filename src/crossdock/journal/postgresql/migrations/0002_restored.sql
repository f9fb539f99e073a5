-- Systems that hand in again what a restored store has lost, and from which capture on they no longer do.

CREATE TABLE restored (
  system text COLLATE "C" PRIMARY KEY, backup_ms bigint NOT NULL, since_ms bigint NOT NULL, floor bigint NOT NULL,
  ended_id bigint, position bigint NOT NULL);
