-- The spine, as SQLite has it, for many hosts. States and kinds are the numbers of message/states.py.
-- Times are milliseconds since 1970. Texts compare by their bytes: no index may depend on the machine's languages.
-- What grows for ever is cut by position or id, so that old months can be set apart; everything that must be
-- unique over all time, and everything under way, is not.

CREATE SEQUENCE ids INCREMENT BY 4096 MINVALUE 1;
CREATE SEQUENCE positions;

CREATE TABLE scopes (id bigint PRIMARY KEY, tenant text COLLATE "C" NOT NULL, site text COLLATE "C" NOT NULL,
  mark bytea NOT NULL, UNIQUE (tenant, site));

CREATE TABLE charters (
  id bigint PRIMARY KEY, version text COLLATE "C" NOT NULL, code text COLLATE "C" NOT NULL, files bytea NOT NULL,
  at_ms bigint NOT NULL, mark bytea NOT NULL, UNIQUE (version, code));

CREATE TABLE keys (
  digest bytea PRIMARY KEY, name text COLLATE "C" NOT NULL, role text COLLATE "C" NOT NULL, system text COLLATE "C",
  scope bigint NOT NULL, at_ms bigint NOT NULL, revoked_ms bigint, mark bytea NOT NULL);

CREATE TABLE payloads (
  id bigint PRIMARY KEY, salt bytea NOT NULL, codec smallint NOT NULL, size bigint NOT NULL, data bytea NOT NULL,
  crc bigint NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE payloads ALTER data SET STORAGE EXTERNAL;
CREATE TABLE payloads_first PARTITION OF payloads FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

CREATE TABLE captures (
  id bigint PRIMARY KEY, scope bigint NOT NULL, system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL,
  their_id text COLLATE "C" NOT NULL, version bigint NOT NULL, order_by text COLLATE "C",
  content_type text COLLATE "C" NOT NULL, payload bigint NOT NULL, at_ms bigint NOT NULL, late boolean NOT NULL,
  state smallint NOT NULL, partition smallint NOT NULL);
CREATE INDEX captures_waiting ON captures (partition, id) WHERE state = 1;
CREATE INDEX captures_state ON captures (state, system) WHERE state <> 1;

CREATE TABLE arrivals (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, capture bigint NOT NULL,
  PRIMARY KEY (scope, system, key));

-- Keys that came later with the same content: they stand for it from then on.
CREATE TABLE aliases (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, capture bigint NOT NULL,
  mark bytea NOT NULL, PRIMARY KEY (scope, system, key));

CREATE TABLE revisions (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL,
  their_id text COLLATE "C" NOT NULL, version bigint NOT NULL, capture bigint NOT NULL,
  PRIMARY KEY (scope, system, document, their_id, version));

CREATE TABLE messages (
  id bigint PRIMARY KEY, scope bigint NOT NULL, capture bigint NOT NULL, system text COLLATE "C" NOT NULL,
  document text COLLATE "C" NOT NULL, their_id text COLLATE "C" NOT NULL, number text COLLATE "C" NOT NULL,
  hub bigint NOT NULL, root bigint NOT NULL, key text COLLATE "C" NOT NULL, version bigint NOT NULL, tree bytea NOT NULL,
  state smallint NOT NULL, waits_for text COLLATE "C", until_ms bigint, partition smallint NOT NULL);
ALTER TABLE messages ALTER tree SET STORAGE EXTERNAL;
CREATE INDEX messages_waiting ON messages (waits_for, id) WHERE state = 1;
CREATE INDEX messages_state ON messages (state, system) WHERE state <> 1;

CREATE TABLE transmissions (
  id bigint PRIMARY KEY, scope bigint NOT NULL, message bigint NOT NULL, target text COLLATE "C" NOT NULL,
  origin text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL, number text COLLATE "C" NOT NULL,
  hub bigint NOT NULL, root bigint NOT NULL, key text COLLATE "C" NOT NULL, after bigint, state smallint NOT NULL,
  round integer NOT NULL, attempt integer NOT NULL, due_ms bigint NOT NULL, first_ms bigint NOT NULL, payload bigint,
  request text COLLATE "C", partition smallint NOT NULL);
CREATE INDEX transmissions_open ON transmissions (target, state, id) WHERE state IN (1, 2, 3, 4, 5, 8);
CREATE INDEX transmissions_lane ON transmissions (target, key, id) WHERE state IN (1, 2, 3, 4, 5, 8);
CREATE INDEX transmissions_state ON transmissions (state, origin) WHERE state IN (6, 7, 9);
CREATE INDEX transmissions_message ON transmissions (message);

CREATE TABLE identity (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL,
  their_id text COLLATE "C" NOT NULL, hub bigint NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (scope, system, document, their_id));
CREATE INDEX identity_hub ON identity (hub, system);

CREATE TABLE hubs (
  id bigint PRIMARY KEY, root bigint NOT NULL, document text COLLATE "C" NOT NULL, number text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, introduced bigint NOT NULL, position bigint NOT NULL,
  home smallint NOT NULL, shared smallint NOT NULL DEFAULT 0);
-- Two systems that speak of a third one's object by its number mean the same object. Where two processes hear them
-- at once, neither sees what the other makes of it: one of the two is decided again.
CREATE UNIQUE INDEX hubs_shared ON hubs (document, number) WHERE shared = 1;
CREATE INDEX hubs_number ON hubs (document, number);

CREATE TABLE beliefs (
  hub bigint NOT NULL, system text COLLATE "C" NOT NULL, how smallint NOT NULL, version bigint NOT NULL,
  message bigint NOT NULL, transmission bigint, at_ms bigint NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (hub, system)) WITH (fillfactor = 80);

CREATE TABLE incidents (
  id bigint PRIMARY KEY, scope bigint NOT NULL, type text COLLATE "C" NOT NULL, cause text COLLATE "C" NOT NULL,
  severity text COLLATE "C" NOT NULL, owner text COLLATE "C" NOT NULL, opened_ms bigint NOT NULL, due_ms bigint NOT NULL,
  system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL, number text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL, value text COLLATE "C", says text COLLATE "C" NOT NULL, fix text COLLATE "C" NOT NULL,
  state smallint NOT NULL, reason text COLLATE "C", closed_ms bigint, position bigint NOT NULL, moved bigint NOT NULL);
CREATE UNIQUE INDEX incidents_open ON incidents (scope, cause) WHERE state = 1;
CREATE INDEX incidents_state ON incidents (state, id);

CREATE TABLE members (
  incident bigint NOT NULL, kind smallint NOT NULL, id bigint NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (incident, kind, id));
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
  id bigint PRIMARY KEY, scope bigint NOT NULL, system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL,
  their_id text COLLATE "C" NOT NULL, path text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL,
  until_ms bigint NOT NULL, position bigint NOT NULL);
CREATE INDEX overrides_of ON overrides (scope, system, document, their_id);

CREATE TABLE crosswalk_rows (
  name text COLLATE "C" NOT NULL, system text COLLATE "C" NOT NULL, theirs text COLLATE "C" NOT NULL,
  ours text COLLATE "C" NOT NULL, position bigint NOT NULL, PRIMARY KEY (name, system, theirs));

-- Systems that hand in again what a restored store has lost, and from which capture on they no longer do.
CREATE TABLE restored (
  system text COLLATE "C" PRIMARY KEY, backup_ms bigint NOT NULL, since_ms bigint NOT NULL, floor bigint NOT NULL,
  ended_id bigint, position bigint NOT NULL);

CREATE TABLE cursors (
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, document text COLLATE "C" NOT NULL,
  cursor text COLLATE "C" NOT NULL, at_ms bigint NOT NULL, mark bytea NOT NULL, PRIMARY KEY (scope, system, document));

-- Numbered without gaps within a chain: the chain's number in the upper half, a count in the lower.
CREATE TABLE door (
  id bigint PRIMARY KEY, scope bigint NOT NULL, system text COLLATE "C" NOT NULL, at_ms bigint NOT NULL,
  status smallint NOT NULL, says text COLLATE "C" NOT NULL, payload bigint, incident bigint, mark bytea NOT NULL);
CREATE INDEX door_system ON door (system);

CREATE TABLE answers (
  key text COLLATE "C" PRIMARY KEY, digest bytea NOT NULL, body bytea NOT NULL, at_ms bigint NOT NULL,
  mark bytea NOT NULL);
CREATE INDEX answers_at ON answers (at_ms);

-- `partition` is the chain that an entry is linked into.
CREATE TABLE ledger (
  position bigint PRIMARY KEY, partition smallint NOT NULL, kind smallint NOT NULL, at_ms bigint NOT NULL,
  scope bigint NOT NULL, system text COLLATE "C" NOT NULL, origin text COLLATE "C" NOT NULL, capture bigint,
  message bigint, transmission bigint, attempt integer, root bigint, state smallint, says text COLLATE "C" NOT NULL,
  charter bigint NOT NULL, reads text COLLATE "C", payload bigint, digest bytea, detail text COLLATE "C",
  incident bigint, mark bytea, marks bytea, link bytea NOT NULL) PARTITION BY RANGE (position);
CREATE TABLE ledger_first PARTITION OF ledger FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
CREATE INDEX ledger_root ON ledger (root, position) WHERE root IS NOT NULL;
CREATE INDEX ledger_made ON ledger (kind, origin) WHERE kind IN (1, 2, 3, 5);
CREATE INDEX ledger_capture ON ledger (capture) WHERE root IS NULL AND capture IS NOT NULL;
CREATE INDEX ledger_incident ON ledger (incident) WHERE incident IS NOT NULL;

CREATE TABLE anchors (position bigint PRIMARY KEY, at_ms bigint NOT NULL, heads bytea NOT NULL, mark bytea NOT NULL);

-- The processes that write here. `epoch` rises when another one takes over what this one owned: a transaction that
-- finds another epoch than its own writes nothing. `round` counts its commits, so that one whose answer was lost can
-- be looked up. `birth` says which process of which machine it is.
CREATE TABLE owners (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, host text NOT NULL, birth text NOT NULL, address text NOT NULL,
  chain smallint UNIQUE, epoch bigint NOT NULL DEFAULT 1, round bigint NOT NULL DEFAULT 0,
  since timestamptz NOT NULL DEFAULT clock_timestamp(), lease_until timestamptz NOT NULL, gone_at timestamptz)
  WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE partitions (
  partition smallint PRIMARY KEY, owner bigint REFERENCES owners (id), since timestamptz NOT NULL DEFAULT clock_timestamp());
INSERT INTO partitions (partition) SELECT generate_series(0, 255);

-- Where each chain of the ledger ends, and how many rows of the door are numbered in it.
CREATE TABLE chains (
  chain smallint PRIMARY KEY, position bigint NOT NULL DEFAULT 0, doors bigint NOT NULL DEFAULT 0)
  WITH (fillfactor = 50);
INSERT INTO chains (chain) SELECT generate_series(0, 255);

-- Ends the transaction of a writer whose rows are not as it found them.
CREATE FUNCTION must_touch(touched bigint, wanted bigint, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF touched <> wanted THEN
    RAISE EXCEPTION '% touched % rows, not %', what, touched, wanted USING ERRCODE = 'CD001';
  END IF;
END $$;
