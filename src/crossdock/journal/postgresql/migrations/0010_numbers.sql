-- Control numbers that are given in the commit that uses them, and what partners owe us for what they took.

CREATE TABLE numbers (
  scope bigint NOT NULL, sequence text COLLATE "C" NOT NULL, value bigint NOT NULL, most bigint NOT NULL,
  position bigint NOT NULL, PRIMARY KEY (scope, sequence));

-- `position` is the entry that sent it, `moved` the one that told last of it.
CREATE TABLE receipts (
  transmission bigint NOT NULL, round bigint NOT NULL, scope bigint NOT NULL, system text COLLATE "C" NOT NULL,
  control bigint NOT NULL, grp bigint NOT NULL, document text COLLATE "C" NOT NULL, number text COLLATE "C" NOT NULL,
  root bigint NOT NULL, partition bigint NOT NULL, says text NOT NULL, sent_ms bigint NOT NULL, due_ms bigint NOT NULL,
  state bigint NOT NULL, answered text, position bigint NOT NULL, moved bigint NOT NULL,
  PRIMARY KEY (transmission, round));

CREATE INDEX receipts_by_control ON receipts (scope, system, control);
CREATE INDEX receipts_by_group ON receipts (scope, system, grp);
CREATE INDEX receipts_waiting ON receipts (due_ms) WHERE state = 1;
