-- How many documents of a partner stand where, and its newest ones: counted and listed without looking at the rows.
CREATE INDEX receipts_standing ON receipts (scope, system, state, sent_ms, control);

-- The capture of a conflict waits for nobody, since the first one stands; a document that came twice does wait.
DROP VIEW held;
CREATE VIEW held AS
SELECT m.incident, m.kind, m.id FROM members m JOIN incidents i ON i.id = m.incident
WHERE (i.type <> 'duplicate_conflict' OR m.kind = 2) AND CASE m.kind
  WHEN 1 THEN (SELECT state = 3 FROM captures WHERE id = m.id)
  WHEN 2 THEN (SELECT state = 5 FROM messages WHERE id = m.id)
  WHEN 3 THEN (SELECT state = 8 FROM transmissions WHERE id = m.id)
  WHEN 4 THEN (SELECT state = 2 FROM transmissions WHERE id = m.id) END;
