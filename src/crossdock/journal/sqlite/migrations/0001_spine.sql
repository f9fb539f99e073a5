-- The spine: ledger, captures, messages, transmissions, identity, beliefs, incidents.
-- States and kinds are the numbers of message/states.py. Times are milliseconds since 1970.
-- What the ledger does not seal vouches for itself: `position` is the entry that holds the mark of a row,
-- `mark` is a row's own, `crc` is of the bytes as they are stored.

CREATE TABLE scopes (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, site TEXT NOT NULL, mark BLOB NOT NULL,
  UNIQUE (tenant, site));

CREATE TABLE charters (
  id INTEGER PRIMARY KEY, version TEXT NOT NULL, code TEXT NOT NULL, files BLOB NOT NULL, at_ms INTEGER NOT NULL,
  mark BLOB NOT NULL, UNIQUE (version, code));

CREATE TABLE keys (
  digest BLOB PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, system TEXT, scope INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, revoked_ms INTEGER, mark BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE payloads (
  id INTEGER PRIMARY KEY, salt BLOB NOT NULL, codec INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL,
  crc INTEGER NOT NULL);

CREATE TABLE captures (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL, their_id TEXT NOT NULL,
  version INTEGER NOT NULL, order_by TEXT, content_type TEXT NOT NULL, payload INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  late INTEGER NOT NULL, state INTEGER NOT NULL);
CREATE INDEX captures_waiting ON captures (id) WHERE state = 1;
CREATE INDEX captures_state ON captures (state, system) WHERE state <> 1;

CREATE TABLE arrivals (
  scope INTEGER NOT NULL, system TEXT NOT NULL, key TEXT NOT NULL, capture INTEGER NOT NULL,
  PRIMARY KEY (scope, system, key)) WITHOUT ROWID;

-- Keys that came later with the same content: they stand for it from then on.
CREATE TABLE aliases (
  scope INTEGER NOT NULL, system TEXT NOT NULL, key TEXT NOT NULL, capture INTEGER NOT NULL, mark BLOB NOT NULL,
  PRIMARY KEY (scope, system, key)) WITHOUT ROWID;

CREATE TABLE revisions (
  scope INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL, their_id TEXT NOT NULL, version INTEGER NOT NULL,
  capture INTEGER NOT NULL, PRIMARY KEY (scope, system, document, their_id, version)) WITHOUT ROWID;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, capture INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL,
  their_id TEXT NOT NULL, number TEXT NOT NULL, hub INTEGER NOT NULL, root INTEGER NOT NULL, key TEXT NOT NULL,
  version INTEGER NOT NULL, tree BLOB NOT NULL, state INTEGER NOT NULL, waits_for TEXT, until_ms INTEGER);
CREATE INDEX messages_waiting ON messages (waits_for, id) WHERE state = 1;
CREATE INDEX messages_state ON messages (state, system) WHERE state <> 1;

CREATE TABLE transmissions (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, message INTEGER NOT NULL, target TEXT NOT NULL, origin TEXT NOT NULL,
  document TEXT NOT NULL, number TEXT NOT NULL, hub INTEGER NOT NULL, root INTEGER NOT NULL, key TEXT NOT NULL,
  after INTEGER, state INTEGER NOT NULL, round INTEGER NOT NULL, attempt INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  first_ms INTEGER NOT NULL, payload INTEGER, request TEXT);
CREATE INDEX transmissions_open ON transmissions (target, state, id) WHERE state IN (1, 2, 3, 4, 5, 8);
CREATE INDEX transmissions_lane ON transmissions (target, key, id) WHERE state IN (1, 2, 3, 4, 5, 8);
CREATE INDEX transmissions_state ON transmissions (state, origin) WHERE state IN (6, 7, 9);
CREATE INDEX transmissions_message ON transmissions (message);

CREATE TABLE identity (
  scope INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL, their_id TEXT NOT NULL, hub INTEGER NOT NULL,
  position INTEGER NOT NULL, PRIMARY KEY (scope, system, document, their_id)) WITHOUT ROWID;
CREATE INDEX identity_hub ON identity (hub, system);

CREATE TABLE hubs (id INTEGER PRIMARY KEY, root INTEGER NOT NULL, document TEXT NOT NULL, number TEXT NOT NULL,
  owner TEXT NOT NULL, key TEXT NOT NULL, introduced INTEGER NOT NULL, position INTEGER NOT NULL);

CREATE INDEX hubs_number ON hubs (document, number);

CREATE TABLE beliefs (
  hub INTEGER NOT NULL, system TEXT NOT NULL, how INTEGER NOT NULL, version INTEGER NOT NULL, message INTEGER NOT NULL,
  transmission INTEGER, at_ms INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (hub, system)) WITHOUT ROWID;

CREATE TABLE incidents (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, type TEXT NOT NULL, cause TEXT NOT NULL, severity TEXT NOT NULL,
  owner TEXT NOT NULL, opened_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL,
  number TEXT NOT NULL, path TEXT NOT NULL, value TEXT, says TEXT NOT NULL, fix TEXT NOT NULL, state INTEGER NOT NULL,
  reason TEXT, closed_ms INTEGER, position INTEGER NOT NULL, moved INTEGER NOT NULL);
CREATE UNIQUE INDEX incidents_open ON incidents (scope, cause) WHERE state = 1;
CREATE INDEX incidents_state ON incidents (state, id);

CREATE TABLE members (
  incident INTEGER NOT NULL, kind INTEGER NOT NULL, id INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (incident, kind, id)) WITHOUT ROWID;
CREATE INDEX members_of ON members (kind, id);

-- What waits for a person because of an incident. The capture of a conflict does not: the first one stands.
CREATE VIEW held AS
SELECT m.incident, m.kind, m.id FROM members m JOIN incidents i ON i.id = m.incident
WHERE i.type <> 'duplicate_conflict' AND CASE m.kind
  WHEN 1 THEN (SELECT state = 3 FROM captures WHERE id = m.id)
  WHEN 2 THEN (SELECT state = 5 FROM messages WHERE id = m.id)
  WHEN 3 THEN (SELECT state = 8 FROM transmissions WHERE id = m.id)
  WHEN 4 THEN (SELECT state = 2 FROM transmissions WHERE id = m.id) END;

CREATE TABLE overrides (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL, their_id TEXT NOT NULL,
  path TEXT NOT NULL, value TEXT NOT NULL, until_ms INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE INDEX overrides_of ON overrides (scope, system, document, their_id);

CREATE TABLE crosswalk_rows (
  name TEXT NOT NULL, system TEXT NOT NULL, theirs TEXT NOT NULL, ours TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (name, system, theirs)) WITHOUT ROWID;

CREATE TABLE cursors (
  scope INTEGER NOT NULL, system TEXT NOT NULL, document TEXT NOT NULL, cursor TEXT NOT NULL, at_ms INTEGER NOT NULL,
  mark BLOB NOT NULL, PRIMARY KEY (scope, system, document)) WITHOUT ROWID;

CREATE TABLE door (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, system TEXT NOT NULL, at_ms INTEGER NOT NULL, status INTEGER NOT NULL,
  says TEXT NOT NULL, payload INTEGER, incident INTEGER, mark BLOB NOT NULL);
CREATE INDEX door_system ON door (system);

CREATE TABLE answers (
  key TEXT PRIMARY KEY, digest BLOB NOT NULL, body BLOB NOT NULL, at_ms INTEGER NOT NULL, mark BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX answers_at ON answers (at_ms);

CREATE TABLE ledger (
  position INTEGER PRIMARY KEY, partition INTEGER NOT NULL, kind INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  scope INTEGER NOT NULL, system TEXT NOT NULL, origin TEXT NOT NULL, capture INTEGER, message INTEGER,
  transmission INTEGER, attempt INTEGER, root INTEGER, state INTEGER, says TEXT NOT NULL, charter INTEGER NOT NULL,
  reads TEXT, payload INTEGER, digest BLOB, detail TEXT, incident INTEGER, mark BLOB, marks BLOB, link BLOB NOT NULL);
CREATE INDEX ledger_root ON ledger (root, position) WHERE root IS NOT NULL;
CREATE INDEX ledger_made ON ledger (kind, origin) WHERE kind IN (1, 2, 3, 5);
CREATE INDEX ledger_capture ON ledger (capture) WHERE root IS NULL AND capture IS NOT NULL;
CREATE INDEX ledger_incident ON ledger (incident) WHERE incident IS NOT NULL;

CREATE TABLE anchors (position INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, heads BLOB NOT NULL, mark BLOB NOT NULL);
