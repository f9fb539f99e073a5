-- Control numbers that are given in the commit that uses them, and what partners owe us for what they took.

CREATE TABLE numbers (scope bigint NOT NULL, sequence text COLLATE "C" NOT NULL, value bigint NOT NULL, PRIMARY KEY (scope, sequence));

CREATE TABLE receipts (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, control bigint NOT NULL, grp bigint NOT NULL,
  transmission bigint PRIMARY KEY, document text COLLATE "C" NOT NULL, number text COLLATE "C" NOT NULL,
  root bigint NOT NULL, partition bigint NOT NULL, says text NOT NULL, sent_ms bigint NOT NULL, due_ms bigint NOT NULL,
  state bigint NOT NULL, answered text);

CREATE INDEX receipts_by_control ON receipts (scope, system, control);
CREATE INDEX receipts_by_group ON receipts (scope, system, grp);
CREATE INDEX receipts_waiting ON receipts (due_ms) WHERE state = 1;
