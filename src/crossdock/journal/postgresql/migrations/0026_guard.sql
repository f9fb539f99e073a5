-- What two people must want, and what was erased. Times are milliseconds since 1970.
-- `state` is the number of governance/request.py; `body` is what the act was given, as JSON.

CREATE TABLE approvals (
  id bigint PRIMARY KEY, scope bigint NOT NULL, kind text COLLATE "C" NOT NULL, verb text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL, body text COLLATE "C" NOT NULL, says text COLLATE "C" NOT NULL,
  asked_by text COLLATE "C" NOT NULL, asked_from text COLLATE "C" NOT NULL, asked_ms bigint NOT NULL,
  until_ms bigint NOT NULL, state smallint NOT NULL, decided_by text COLLATE "C", decided_ms bigint,
  reason text COLLATE "C" NOT NULL, position bigint NOT NULL);
CREATE INDEX approvals_open ON approvals (id) WHERE state IN (1, 2);

-- Stones in place of what was erased: `seal` is the digest by which the chain still holds where a row changed, `rest` that
-- of the row as it was left.
CREATE TABLE stones (
  what text COLLATE "C" NOT NULL, id bigint NOT NULL, seal bytea, rest bytea, why text COLLATE "C" NOT NULL, at_ms bigint NOT NULL,
  position bigint NOT NULL, PRIMARY KEY (what, id));
