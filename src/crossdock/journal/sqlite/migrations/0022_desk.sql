-- The desk: how long an incident sleeps and how far it went up, what one shift tells the next, acts on many at once,
-- and deliveries that are made again. Times are milliseconds since 1970.

-- An incident without a row stands as it was opened: its first owner, its first clock, awake.
CREATE TABLE incident_clocks (
  incident INTEGER PRIMARY KEY, scope INTEGER NOT NULL, level INTEGER NOT NULL, until_ms INTEGER, clock_ms INTEGER,
  at_ms INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE INDEX incident_clocks_due ON incident_clocks (clock_ms, incident) WHERE clock_ms IS NOT NULL;

CREATE TABLE shift_notes (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, who TEXT NOT NULL, heir TEXT NOT NULL, says TEXT NOT NULL,
  given INTEGER NOT NULL, at_ms INTEGER NOT NULL, position INTEGER NOT NULL);

CREATE TABLE desk_runs (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
  given TEXT NOT NULL, state TEXT NOT NULL, total INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, ended_ms INTEGER, position INTEGER NOT NULL);
CREATE INDEX desk_runs_open ON desk_runs (id) WHERE ended_ms IS NULL;

-- A delivery that is to be made again: whoever holds its partition makes it, at the end of its lane.
CREATE TABLE resends (
  run INTEGER NOT NULL, transmission INTEGER NOT NULL, scope INTEGER NOT NULL, partition INTEGER NOT NULL,
  treatment TEXT NOT NULL, state INTEGER NOT NULL, made INTEGER, says TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (run, transmission)) WITHOUT ROWID;
CREATE INDEX resends_waiting ON resends (run, transmission, partition) WHERE state = 1;
CREATE INDEX resends_made ON resends (made) WHERE made IS NOT NULL;

-- What was opened in a week.
CREATE INDEX incidents_opened ON incidents (opened_ms);
