-- Flow control: what people did to the ways into and out of systems, and how much feeds of states usually change.

CREATE TABLE gate_acts (
  id bigint PRIMARY KEY, scope bigint NOT NULL, system text COLLATE "C" NOT NULL, direction text COLLATE "C" NOT NULL,
  move text COLLATE "C" NOT NULL, who text COLLATE "C" NOT NULL, reason text COLLATE "C" NOT NULL, at_ms bigint NOT NULL,
  position bigint NOT NULL);

-- Each process counts for itself, in a row of its own for each span of time.
CREATE TABLE tallies (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL, from_ms bigint NOT NULL,
  counter bigint NOT NULL, changed bigint NOT NULL, zeroed bigint NOT NULL, jumped bigint NOT NULL, mark bytea NOT NULL,
  PRIMARY KEY (scope, system, document, from_ms, counter));

-- Work is read system by system, so that whoever sends much waits behind their own.
CREATE INDEX captures_turns ON captures (system, document, partition, id) WHERE state = 1;
DROP INDEX transmissions_open;
CREATE INDEX transmissions_open ON transmissions (target, origin, id, state) WHERE state IN (1, 2, 3, 4, 5, 8);

-- A newer state of an object ends older ones on the desk.
CREATE INDEX messages_desk ON messages (hub) WHERE state = 5;
