-- Which systems an incident is about: its own, and those that something it holds came from. Kept beside incidents, so
-- that those of one system are found by their clock among any number of others. Rows are never taken away while an
-- incident is open: whoever lists looks whether it still holds something of a system that is not its own.
CREATE TABLE incident_origins (
  system text NOT NULL, state bigint NOT NULL, due_ms bigint NOT NULL, incident bigint NOT NULL, own bigint NOT NULL,
  type text NOT NULL, severity text NOT NULL, owner text NOT NULL, opened_ms bigint NOT NULL,
  PRIMARY KEY (system, state, due_ms, incident));
CREATE INDEX incident_origins_of ON incident_origins (incident);

INSERT INTO incident_origins (system, state, due_ms, incident, own, type, severity, owner, opened_ms)
SELECT o.system, i.state, CASE i.state WHEN 1 THEN i.due_ms ELSE 0 END, i.id, (o.system = i.system)::int, i.type,
  i.severity, i.owner, i.opened_ms
FROM (SELECT id AS incident, system FROM incidents
  UNION SELECT m.incident, coalesce(t.origin, d.system, c.system) FROM members m
    LEFT JOIN captures c ON m.kind = 1 AND c.id = m.id LEFT JOIN messages d ON m.kind = 2 AND d.id = m.id
    LEFT JOIN transmissions t ON m.kind IN (3, 4) AND t.id = m.id) AS o
JOIN incidents i ON i.id = o.incident WHERE o.system IS NOT NULL ON CONFLICT DO NOTHING;

CREATE FUNCTION incident_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO incident_origins (system, state, due_ms, incident, own, type, severity, owner, opened_ms)
  VALUES (NEW.system, NEW.state, CASE NEW.state WHEN 1 THEN NEW.due_ms ELSE 0 END, NEW.id, 1, NEW.type, NEW.severity,
    NEW.owner, NEW.opened_ms) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER incident_opened AFTER INSERT ON incidents FOR EACH ROW EXECUTE FUNCTION incident_opened();

-- An ended one has no clock: within its system it lies in the order in which incidents were opened.
CREATE FUNCTION incident_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE incident_origins SET owner = NEW.owner, state = NEW.state,
    due_ms = CASE NEW.state WHEN 1 THEN NEW.due_ms ELSE 0 END WHERE incident = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER incident_moved AFTER UPDATE OF owner, state ON incidents FOR EACH ROW EXECUTE FUNCTION incident_moved();

CREATE FUNCTION member_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO incident_origins (system, state, due_ms, incident, own, type, severity, owner, opened_ms)
  SELECT o.system, i.state, CASE i.state WHEN 1 THEN i.due_ms ELSE 0 END, i.id, 0, i.type, i.severity, i.owner,
    i.opened_ms
  FROM incidents i JOIN (SELECT CASE NEW.kind
    WHEN 1 THEN (SELECT system FROM captures WHERE id = NEW.id)
    WHEN 2 THEN (SELECT system FROM messages WHERE id = NEW.id)
    ELSE (SELECT origin FROM transmissions WHERE id = NEW.id) END AS system) AS o ON true
  WHERE i.id = NEW.incident AND o.system IS NOT NULL AND o.system <> i.system ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER member_came AFTER INSERT ON members FOR EACH ROW EXECUTE FUNCTION member_came();

-- What is open by its kind, of one system and of all, counted without a look at any row.
CREATE INDEX incident_origins_kinds ON incident_origins (system, type, severity, owner, due_ms, opened_ms, incident, own,
  state) WHERE state = 1;
DROP INDEX incidents_kinds;
CREATE INDEX incidents_kinds ON incidents (type, severity, owner, due_ms, opened_ms, id, state) WHERE state = 1;

-- Those that sleep; an incident by the number that it is about; what could not be understood, by system and kind.
CREATE INDEX incident_clocks_asleep ON incident_clocks (until_ms, incident) WHERE until_ms IS NOT NULL;
CREATE INDEX incidents_number ON incidents (number) WHERE state = 1;
CREATE INDEX captures_desk ON captures (system, document, id) WHERE state = 3;
-- When people first did something about an incident.
CREATE INDEX ledger_acts_of ON ledger (incident, at_ms) WHERE kind = 12 AND incident IS NOT NULL;
