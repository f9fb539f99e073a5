-- What two people must want, and what was erased. Times are milliseconds since 1970.
-- `state` is the number of governance/request.py; `body` is what the act was given, as JSON.

CREATE TABLE approvals (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, kind TEXT NOT NULL, verb TEXT NOT NULL, subject TEXT NOT NULL,
  body TEXT NOT NULL, says TEXT NOT NULL, asked_by TEXT NOT NULL, asked_from TEXT NOT NULL, asked_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL, state INTEGER NOT NULL, decided_by TEXT, decided_ms INTEGER, reason TEXT NOT NULL,
  position INTEGER NOT NULL);
CREATE INDEX approvals_open ON approvals (id) WHERE state IN (1, 2);

-- Stones in place of what was erased: `seal` is the digest by which the chain still holds where a row changed, `rest` that
-- of the row as it was left.
CREATE TABLE stones (
  what TEXT NOT NULL, id INTEGER NOT NULL, seal BLOB, rest BLOB, why TEXT NOT NULL, at_ms INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (what, id)) WITHOUT ROWID;
