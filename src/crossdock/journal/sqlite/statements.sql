-- Every statement of the hot path and of the desk, by name.

-- insert_payload
INSERT INTO payloads (id, salt, codec, size, data, crc) VALUES (?, ?, ?, ?, ?, ?);

-- insert_capture
INSERT INTO captures (id, scope, system, document, their_id, version, order_by, content_type, payload, at_ms, late, state, partition)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insert_arrival
INSERT OR REPLACE INTO arrivals (scope, system, key, capture) VALUES (?, ?, ?, ?);

-- insert_revision
INSERT OR REPLACE INTO revisions (scope, system, document, their_id, version, capture) VALUES (?, ?, ?, ?, ?, ?);

-- insert_alias
INSERT OR IGNORE INTO aliases (scope, system, key, capture, mark) VALUES (?, ?, ?, ?, ?);

-- find_arrival
SELECT capture FROM arrivals WHERE scope = ?1 AND system = ?2 AND key = ?3
UNION ALL SELECT capture FROM aliases WHERE scope = ?1 AND system = ?2 AND key = ?3 LIMIT 1;

-- find_revision
SELECT capture, version FROM revisions WHERE scope = ? AND system = ? AND document = ? AND their_id = ? AND version = ?;

-- find_latest
SELECT capture, version FROM revisions WHERE scope = ? AND system = ? AND document = ? AND their_id = ?
ORDER BY version DESC LIMIT 1;

-- insert_door
INSERT INTO door (scope, system, at_ms, status, says, payload, incident, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- move_capture
UPDATE captures SET state = ? WHERE id = ? AND state = ?;

-- insert_message
INSERT INTO messages (id, scope, capture, system, document, their_id, number, hub, root, key, version, tree, state, waits_for, until_ms, partition)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- move_message
UPDATE messages SET state = ?, waits_for = ?, until_ms = ? WHERE id = ? AND state = ?;

-- hand_over
UPDATE messages SET state = ?, partition = ?, waits_for = NULL, until_ms = NULL WHERE id = ? AND state = ?;

-- insert_transmission
INSERT INTO transmissions (id, scope, message, target, origin, document, number, hub, root, key, after, state, round, attempt, due_ms, first_ms, payload, request, partition)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- move_transmission
UPDATE transmissions SET state = ?, round = ?, attempt = ?, due_ms = ?, first_ms = ?, payload = ?, request = ?
WHERE id = ? AND state = ?;

-- upsert_hub
INSERT INTO hubs (id, root, document, number, owner, key, home, position, introduced)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
ON CONFLICT (id) DO UPDATE SET root = excluded.root, key = excluded.key, home = excluded.home, position = excluded.position;

-- introduce_shared
INSERT INTO hubs (id, root, document, number, owner, key, home, position, introduced, shared)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 1) ON CONFLICT DO NOTHING;

-- upsert_identity
INSERT INTO identity (scope, system, document, their_id, hub, position) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- upsert_belief
INSERT INTO beliefs (hub, system, how, version, message, transmission, at_ms, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hub, system) DO UPDATE SET how = excluded.how, version = excluded.version, message = excluded.message,
  transmission = excluded.transmission, at_ms = excluded.at_ms, position = excluded.position;

-- find_open_incident
SELECT id FROM incidents WHERE scope = ? AND cause = ? AND state = 1;

-- find_owner
SELECT owner FROM incidents WHERE id = ? AND state = 1
  AND NOT EXISTS (SELECT 1 FROM members WHERE incident = incidents.id AND kind <> 4);

-- insert_incident
INSERT INTO incidents (id, scope, type, cause, severity, owner, opened_ms, due_ms, system, document, number, path, value, says, fix, state, position, moved)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?17);

-- insert_member
INSERT OR IGNORE INTO members (incident, kind, id, position) VALUES (?, ?, ?, ?);

-- delete_member
DELETE FROM members WHERE kind = ? AND id = ?;

-- assign_incident
UPDATE incidents SET owner = ?2, moved = ?3 WHERE id = ?1 AND state = 1;

-- resolve_incident
UPDATE incidents SET state = 2, reason = ?3, closed_ms = ?4, moved = ?5 WHERE id = ?1 AND owner = ?2 AND state = 1
  AND NOT EXISTS (SELECT 1 FROM held WHERE incident = ?1);

-- insert_override
INSERT INTO overrides (id, scope, system, document, their_id, path, value, until_ms, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- upsert_crosswalk_row
INSERT OR REPLACE INTO crosswalk_rows (name, system, theirs, ours, position) VALUES (?, ?, ?, ?, ?);

-- insert_gate_act
INSERT INTO gate_acts (id, scope, system, direction, move, who, reason, at_ms, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- upsert_tally
INSERT OR REPLACE INTO tallies (scope, system, document, from_ms, counter, changed, zeroed, jumped, mark)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- delete_tallies
DELETE FROM tallies WHERE scope = ? AND system = ? AND document = ? AND from_ms < ?;

-- upsert_restored
INSERT OR REPLACE INTO restored (system, backup_ms, since_ms, floor, ended_id, position) VALUES (?, ?, ?, ?, ?, ?);

-- upsert_cursor
INSERT OR REPLACE INTO cursors (scope, system, document, cursor, at_ms, mark) VALUES (?, ?, ?, ?, ?, ?);

-- insert_answer
INSERT INTO answers (key, digest, body, at_ms, mark) VALUES (?, ?, ?, ?, ?);

-- delete_answers
DELETE FROM answers WHERE at_ms < ?;

-- insert_charter
INSERT OR IGNORE INTO charters (version, code, files, at_ms, mark) VALUES (?, ?, ?, ?, ?);

-- insert_key
INSERT INTO keys (digest, name, role, system, scope, at_ms, revoked_ms, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (digest) DO UPDATE SET revoked_ms = excluded.revoked_ms, mark = excluded.mark;

-- insert_ledger
INSERT INTO ledger (position, partition, kind, at_ms, scope, system, origin, capture, message, transmission, attempt, root, state, says, charter, reads, payload, digest, detail, incident, mark, marks, link)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insert_anchor
INSERT OR REPLACE INTO anchors (position, at_ms, heads, mark) VALUES (?, ?, ?, ?);

-- find_number
SELECT value FROM numbers WHERE scope = ? AND sequence = ?;

-- upsert_number
INSERT INTO numbers (scope, sequence, value, most, position) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (scope, sequence) DO UPDATE SET value = excluded.value, most = excluded.most, position = excluded.position;

-- introduce_number
INSERT INTO numbers (scope, sequence, value, most, position) VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, sequence) DO NOTHING;

-- move_number
UPDATE numbers SET value = ?3, most = ?4, position = ?6 WHERE scope = ?1 AND sequence = ?2 AND value = ?5;

-- insert_receipt
INSERT INTO receipts (transmission, round, scope, system, control, grp, document, number, root, partition, says, sent_ms, due_ms, position, moved, state)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, 1);

-- answer_receipt
UPDATE receipts SET state = ?1, answered = ?2, moved = ?5 WHERE transmission = ?3 AND round = ?4;
-- upsert_stock_belief
INSERT INTO stock_beliefs (hub, system, sku, site, status, lot, expires_on, owner, place, unit, gross, net, as_of_ms, message, counted, before, good_until_ms, partition, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hub, system) DO UPDATE SET sku = excluded.sku, site = excluded.site, status = excluded.status, lot = excluded.lot,
  expires_on = excluded.expires_on, owner = excluded.owner, place = excluded.place, unit = excluded.unit, gross = excluded.gross,
  net = excluded.net, as_of_ms = excluded.as_of_ms, message = excluded.message, counted = excluded.counted, before = excluded.before,
  good_until_ms = excluded.good_until_ms, partition = excluded.partition, position = excluded.position
WHERE stock_beliefs.counted = excluded.before;

-- age_stock
UPDATE stock_beliefs SET counted = 0 WHERE hub = ? AND system = ? AND counted = ?;

-- add_supply
INSERT INTO stock_levels (scope, sku, site, unit, supply, reserved, as_of_ms, changed, due_ms, partition)
VALUES (?, ?, ?, ?, ?, 0, ?, 1, ?, ?)
ON CONFLICT (scope, sku, site) DO UPDATE SET unit = excluded.unit, supply = supply + excluded.supply, as_of_ms = max(as_of_ms, excluded.as_of_ms),
  changed = changed + 1, due_ms = coalesce(min(due_ms, excluded.due_ms), due_ms, excluded.due_ms);

-- take_stock
UPDATE stock_levels SET reserved = reserved + ?4, changed = changed + 1, due_ms = coalesce(min(due_ms, ?6), due_ms, ?6)
WHERE scope = ?1 AND sku = ?2 AND site = ?3 AND supply - reserved - ?4 >= ?5;

-- settle_level
UPDATE stock_levels SET due_ms = NULL WHERE scope = ? AND sku = ? AND site = ? AND changed = ?;

-- insert_reservation
INSERT INTO reservations (id, sku, site, channel, holder, line, amount, state, lot, made_ms, until_ms, passed_ms, scope, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- move_reservation
UPDATE reservations SET sku = ?2, site = ?3, channel = ?4, holder = ?5, line = ?6, amount = ?7, state = ?8, lot = ?9, made_ms = ?10,
  until_ms = ?11, passed_ms = ?12, position = ?15
WHERE id = ?1 AND state = ?13 AND amount = ?14;

-- insert_promise
INSERT INTO promises (id, scope, channel, body, made_ms, until_ms, position) VALUES (?, ?, ?, ?, ?, ?, ?);

-- upsert_stock_told
INSERT INTO stock_told (channel, sku, hub, amount, unit, how, at_ms, due_ms, partition, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (channel, sku) DO UPDATE SET hub = excluded.hub, amount = excluded.amount, unit = excluded.unit, how = excluded.how,
  at_ms = excluded.at_ms, due_ms = excluded.due_ms, partition = excluded.partition, position = excluded.position;

-- upsert_coming
INSERT INTO stock_coming (hub, sku, site, root, number, unit, amount, at_ms, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hub, sku, site) DO UPDATE SET root = excluded.root, number = excluded.number, unit = excluded.unit, amount = excluded.amount,
  at_ms = excluded.at_ms, position = excluded.position;

-- due_told
UPDATE stock_told SET due_ms = ? WHERE channel = ? AND sku = ?;

-- upsert_person
INSERT INTO people (id, scope, name, shown, role, systems, sites, password, renew, totp, subject, disabled_ms, made_ms, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, shown = excluded.shown, role = excluded.role,
  systems = excluded.systems, sites = excluded.sites, password = excluded.password, renew = excluded.renew,
  totp = excluded.totp, subject = excluded.subject, disabled_ms = excluded.disabled_ms, position = excluded.position;

-- upsert_session
INSERT OR REPLACE INTO sessions (digest, person, stage, made_ms, seen_ms, until_ms, origin, agent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- see_session
UPDATE sessions SET seen_ms = ? WHERE digest = ?;

-- delete_session
DELETE FROM sessions WHERE digest = ?;

-- delete_sessions_of
DELETE FROM sessions WHERE person = ?;

-- delete_sessions_before
DELETE FROM sessions WHERE until_ms < ?;

-- upsert_attempt
INSERT OR REPLACE INTO attempts (who, failures, until_ms, at_ms, step) VALUES (?, ?, ?, ?, ?);

-- delete_attempts_before
DELETE FROM attempts WHERE at_ms < ?;

-- insert_approval
INSERT INTO approvals (id, scope, kind, verb, subject, body, says, asked_by, asked_from, asked_ms, until_ms, state, decided_by,
  decided_ms, reason, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- decide_approval
UPDATE approvals SET body = ?6, state = ?12, decided_by = ?13, decided_ms = ?14, reason = ?15, position = ?17 WHERE id = ?1 AND state = ?16;

-- insert_stone
INSERT OR IGNORE INTO stones (what, id, seal, rest, why, at_ms, position) VALUES (?, ?, ?, ?, ?, ?, ?);

-- erase_payload
UPDATE payloads SET salt = x'', codec = ?, size = ?, data = ?, crc = ? WHERE id = ?;

-- erase_tree
UPDATE messages SET tree = ? WHERE id = ?;

-- erase_incident
UPDATE incidents SET value = ? WHERE id = ?;

-- erase_override
UPDATE overrides SET value = ? WHERE id = ?;

-- begin_watch
INSERT OR IGNORE INTO watch (scope, position) VALUES (?, ?);

-- move_watch
UPDATE watch SET position = ?2 WHERE scope = ?1 AND position = ?3;

-- insert_expectation
INSERT OR IGNORE INTO expectations (id, scope, rule, root, message, number, since_ms, due_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- move_expectation
UPDATE expectations SET since_ms = ?2, due_ms = ?3, incident = ?4 WHERE id = ?1;

-- delete_expectation
DELETE FROM expectations WHERE id = ?;

-- add_measure
INSERT INTO measures (scope, name, from_ms, total, good) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (scope, name, from_ms) DO UPDATE SET total = total + excluded.total, good = good + excluded.good;

-- delete_measures_before
DELETE FROM measures WHERE from_ms < ?;

-- insert_alert
INSERT OR IGNORE INTO alerts (id, scope, subject, step, way, due_ms, state, tries, content, at_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- move_alert
UPDATE alerts SET state = ?2, due_ms = ?3, tries = ?4, at_ms = ?5 WHERE id = ?1 AND state = ?6;

-- delete_alert
DELETE FROM alerts WHERE id = ?;

-- escalate_incident
UPDATE incidents SET owner = ?2, moved = ?4 WHERE id = ?1 AND owner = ?3 AND state = 1;

-- upsert_incident_clock
INSERT OR REPLACE INTO incident_clocks (incident, scope, level, until_ms, clock_ms, at_ms, position)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- insert_shift_note
INSERT INTO shift_notes (id, scope, who, heir, says, given, at_ms, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- upsert_desk_run
INSERT OR REPLACE INTO desk_runs (id, scope, kind, who, why, given, state, total, done, failed, at_ms, ended_ms, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- upsert_resend
INSERT OR REPLACE INTO resends (run, transmission, scope, partition, treatment, state, made, says, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- insert_resend
INSERT OR IGNORE INTO resends (run, transmission, scope, partition, treatment, state, made, says, position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- claim_once
INSERT OR IGNORE INTO claims (name, scope, holder, at_ms, position) VALUES (?, ?, ?, ?, ?);

-- move_claim
UPDATE claims SET holder = ?3, at_ms = ?4, position = ?6 WHERE name = ?1 AND scope = ?2 AND holder = ?5;
