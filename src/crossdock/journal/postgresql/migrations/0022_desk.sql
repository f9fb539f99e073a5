-- The desk: how long an incident sleeps and how far it went up, what one shift tells the next, acts on many at once,
-- and deliveries that are made again. Times are milliseconds since 1970.

-- An incident without a row stands as it was opened: its first owner, its first clock, awake.
CREATE TABLE incident_clocks (
  incident bigint PRIMARY KEY, scope bigint NOT NULL, level bigint NOT NULL, until_ms bigint, clock_ms bigint,
  at_ms bigint NOT NULL, position bigint NOT NULL);
CREATE INDEX incident_clocks_due ON incident_clocks (clock_ms, incident) WHERE clock_ms IS NOT NULL;

CREATE TABLE shift_notes (
  id bigint PRIMARY KEY, scope bigint NOT NULL, who text COLLATE "C" NOT NULL, heir text COLLATE "C" NOT NULL, says text COLLATE "C" NOT NULL,
  given bigint NOT NULL, at_ms bigint NOT NULL, position bigint NOT NULL);

CREATE TABLE desk_runs (
  id bigint PRIMARY KEY, scope bigint NOT NULL, kind text COLLATE "C" NOT NULL, who text COLLATE "C" NOT NULL, why text COLLATE "C" NOT NULL,
  given text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, total bigint NOT NULL, done bigint NOT NULL, failed bigint NOT NULL,
  at_ms bigint NOT NULL, ended_ms bigint, position bigint NOT NULL);
CREATE INDEX desk_runs_open ON desk_runs (id) WHERE ended_ms IS NULL;

-- A delivery that is to be made again: whoever holds its partition makes it, at the end of its lane.
CREATE TABLE resends (
  run bigint NOT NULL, transmission bigint NOT NULL, scope bigint NOT NULL, partition bigint NOT NULL,
  treatment text COLLATE "C" NOT NULL, state bigint NOT NULL, made bigint, says text COLLATE "C" NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (run, transmission));
CREATE INDEX resends_waiting ON resends (run, transmission, partition) WHERE state = 1;
CREATE INDEX resends_made ON resends (made) WHERE made IS NOT NULL;

-- What was opened in a week.
CREATE INDEX incidents_opened ON incidents (opened_ms);
