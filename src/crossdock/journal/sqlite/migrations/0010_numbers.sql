-- Control numbers that are given in the commit that uses them, and what partners owe us for what they took.

CREATE TABLE numbers (
  scope INTEGER NOT NULL, sequence TEXT NOT NULL, value INTEGER NOT NULL, most INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (scope, sequence)) WITHOUT ROWID;

-- `position` is the entry that sent it, `moved` the one that told last of it.
CREATE TABLE receipts (
  transmission INTEGER NOT NULL, round INTEGER NOT NULL, scope INTEGER NOT NULL, system TEXT NOT NULL,
  control INTEGER NOT NULL, grp INTEGER NOT NULL, document TEXT NOT NULL, number TEXT NOT NULL, root INTEGER NOT NULL,
  partition INTEGER NOT NULL, says TEXT NOT NULL, sent_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  state INTEGER NOT NULL, answered TEXT, position INTEGER NOT NULL, moved INTEGER NOT NULL,
  PRIMARY KEY (transmission, round));

CREATE INDEX receipts_by_control ON receipts (scope, system, control);
CREATE INDEX receipts_by_group ON receipts (scope, system, grp);
CREATE INDEX receipts_waiting ON receipts (due_ms) WHERE state = 1;
