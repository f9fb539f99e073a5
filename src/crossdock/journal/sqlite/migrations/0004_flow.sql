-- Flow control: what people did to the ways into and out of systems, and how much feeds of states usually change.

CREATE TABLE gate_acts (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, system TEXT NOT NULL, direction TEXT NOT NULL, move TEXT NOT NULL,
  who TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL, position INTEGER NOT NULL);

-- Each process counts for itself, in a row of its own for each span of time.
CREATE TABLE tallies (
  scope INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL, from_ms INTEGER NOT NULL, counter INTEGER NOT NULL,
  changed INTEGER NOT NULL, zeroed INTEGER NOT NULL, jumped INTEGER NOT NULL, mark BLOB NOT NULL,
  PRIMARY KEY (scope, system, document, from_ms, counter)) WITHOUT ROWID;

-- Work is read system by system, so that whoever sends much waits behind their own.
DROP INDEX captures_waiting;
CREATE INDEX captures_waiting ON captures (system, document, id) WHERE state = 1;
DROP INDEX transmissions_open;
CREATE INDEX transmissions_open ON transmissions (target, origin, id, state) WHERE state IN (1, 2, 3, 4, 5, 8);

-- A newer state of an object ends older ones on the desk.
CREATE INDEX messages_desk ON messages (hub) WHERE state = 5;
