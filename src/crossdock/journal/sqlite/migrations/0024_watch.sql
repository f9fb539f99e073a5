-- What is awaited of systems, what was counted of the last days, and who was told of what. Times are milliseconds since
-- 1970. All of it follows from the ledger, read up to `position`; nothing vouches for it.

CREATE TABLE watch (scope INTEGER PRIMARY KEY, position INTEGER NOT NULL);

-- A clock that runs, or has run out (then `incident` says so). `root` is the story that it belongs to; 0: a whole feed.
CREATE TABLE expectations (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, rule TEXT NOT NULL, root INTEGER NOT NULL, message INTEGER NOT NULL,
  number TEXT NOT NULL, since_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, incident INTEGER);
CREATE UNIQUE INDEX expectations_of ON expectations (scope, root, rule);
CREATE INDEX expectations_due ON expectations (scope, due_ms) WHERE incident IS NULL;
CREATE INDEX expectations_incident ON expectations (incident) WHERE incident IS NOT NULL;

-- What counts for a service level, minute by minute.
CREATE TABLE measures (
  scope INTEGER NOT NULL, name TEXT NOT NULL, from_ms INTEGER NOT NULL, total INTEGER NOT NULL, good INTEGER NOT NULL,
  PRIMARY KEY (scope, name, from_ms)) WITHOUT ROWID;

-- One telling of one thing on one way. `step`: 1 at once, 2 when nobody took it up in time.
-- `state`: 1 to be told, 2 being told, 3 told, 4 not needed any more, 5 nobody knows whether it was told.
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, subject TEXT NOT NULL, step INTEGER NOT NULL, way TEXT NOT NULL,
  due_ms INTEGER NOT NULL, state INTEGER NOT NULL, tries INTEGER NOT NULL, content TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX alerts_of ON alerts (scope, subject, step, way);
CREATE INDEX alerts_open ON alerts (scope, due_ms) WHERE state < 3;
CREATE INDEX alerts_at ON alerts (at_ms);
