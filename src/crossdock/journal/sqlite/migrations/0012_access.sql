-- Who may sign in, as what, and who is signed in. Times are milliseconds since 1970.
-- `systems` and `sites` are JSON lists; empty: all. `password` is Argon2id; `totp` is sealed with a key outside the store.

CREATE TABLE people (
  id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, name TEXT NOT NULL, shown TEXT NOT NULL, role TEXT NOT NULL,
  systems TEXT NOT NULL, sites TEXT NOT NULL, password TEXT, renew INTEGER NOT NULL, totp BLOB, subject TEXT,
  disabled_ms INTEGER, made_ms INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE UNIQUE INDEX people_name ON people (scope, name);
CREATE UNIQUE INDEX people_subject ON people (scope, subject) WHERE subject IS NOT NULL;

-- A session is known by the digest of what the browser holds. Nothing vouches for it: it ends by itself.
CREATE TABLE sessions (
  digest BLOB PRIMARY KEY, person INTEGER NOT NULL, stage INTEGER NOT NULL, made_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, origin TEXT NOT NULL, agent TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_until ON sessions (until_ms);

-- Failures to sign in, by name and by address, and the last one-time code that was used.
CREATE TABLE attempts (
  who TEXT PRIMARY KEY, failures INTEGER NOT NULL, until_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  step INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX attempts_at ON attempts (at_ms);

-- What people did, newest first.
CREATE INDEX ledger_acts ON ledger (position) WHERE kind = 12;

-- The desk's list: the incident whose clock ends first at the top, and how many there are of each kind.
CREATE INDEX incidents_due ON incidents (due_ms, id) WHERE state = 1;
CREATE INDEX incidents_kinds ON incidents (type, severity, owner, due_ms, opened_ms) WHERE state = 1;
