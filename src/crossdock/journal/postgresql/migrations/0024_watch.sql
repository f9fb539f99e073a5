-- What is awaited of systems, what was counted of the last days, and who was told of what. Times are milliseconds since
-- 1970. All of it follows from the ledger, read up to `position`; nothing vouches for it.

CREATE TABLE watch (scope bigint PRIMARY KEY, position bigint NOT NULL);

-- A clock that runs, or has run out (then `incident` says so). `root` is the story that it belongs to; 0: a whole feed.
CREATE TABLE expectations (
  id bigint PRIMARY KEY, scope bigint NOT NULL, rule text COLLATE "C" NOT NULL, root bigint NOT NULL, message bigint NOT NULL,
  number text COLLATE "C" NOT NULL, since_ms bigint NOT NULL, due_ms bigint NOT NULL, incident bigint);
CREATE UNIQUE INDEX expectations_of ON expectations (scope, root, rule);
CREATE INDEX expectations_due ON expectations (scope, due_ms) WHERE incident IS NULL;
CREATE INDEX expectations_incident ON expectations (incident) WHERE incident IS NOT NULL;

-- What counts for a service level, minute by minute.
CREATE TABLE measures (
  scope bigint NOT NULL, name text COLLATE "C" NOT NULL, from_ms bigint NOT NULL, total bigint NOT NULL, good bigint NOT NULL,
  PRIMARY KEY (scope, name, from_ms));

-- One telling of one thing on one way. `step`: 1 at once, 2 when nobody took it up in time.
-- `state`: 1 to be told, 2 being told, 3 told, 4 not needed any more, 5 nobody knows whether it was told.
CREATE TABLE alerts (
  id bigint PRIMARY KEY, scope bigint NOT NULL, subject text COLLATE "C" NOT NULL, step bigint NOT NULL, way text COLLATE "C" NOT NULL,
  due_ms bigint NOT NULL, state bigint NOT NULL, tries bigint NOT NULL, content text COLLATE "C" NOT NULL, at_ms bigint NOT NULL);
CREATE UNIQUE INDEX alerts_of ON alerts (scope, subject, step, way);
CREATE INDEX alerts_open ON alerts (scope, due_ms) WHERE state < 3;
CREATE INDEX alerts_at ON alerts (at_ms);
