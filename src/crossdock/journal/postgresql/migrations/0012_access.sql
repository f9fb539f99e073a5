-- Who may sign in, as what, and who is signed in. Times are milliseconds since 1970.
-- `systems` and `sites` are JSON lists; empty: all. `password` is Argon2id; `totp` is sealed with a key outside the store.

CREATE TABLE people (
  id bigint PRIMARY KEY, scope bigint NOT NULL, name text COLLATE "C" NOT NULL, shown text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL, systems text COLLATE "C" NOT NULL, sites text COLLATE "C" NOT NULL,
  password text COLLATE "C", renew smallint NOT NULL, totp bytea, subject text COLLATE "C", disabled_ms bigint,
  made_ms bigint NOT NULL, position bigint NOT NULL);
CREATE UNIQUE INDEX people_name ON people (scope, name);
CREATE UNIQUE INDEX people_subject ON people (scope, subject) WHERE subject IS NOT NULL;

-- A session is known by the digest of what the browser holds. Nothing vouches for it: it ends by itself.
CREATE TABLE sessions (
  digest bytea PRIMARY KEY, person bigint NOT NULL, stage smallint NOT NULL, made_ms bigint NOT NULL,
  seen_ms bigint NOT NULL, until_ms bigint NOT NULL, origin text COLLATE "C" NOT NULL, agent text COLLATE "C" NOT NULL);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_until ON sessions (until_ms);

-- Failures to sign in, by name and by address, and the last one-time code that was used.
CREATE TABLE attempts (
  who text COLLATE "C" PRIMARY KEY, failures integer NOT NULL, until_ms bigint NOT NULL, at_ms bigint NOT NULL,
  step bigint NOT NULL);
CREATE INDEX attempts_at ON attempts (at_ms);

-- What people did, newest first.
CREATE INDEX ledger_acts ON ledger (position) WHERE kind = 12;

-- The desk's list: the incident whose clock ends first at the top, and how many there are of each kind.
CREATE INDEX incidents_due ON incidents (due_ms, id) WHERE state = 1;
CREATE INDEX incidents_kinds ON incidents (type, severity, owner, due_ms, opened_ms) WHERE state = 1;
