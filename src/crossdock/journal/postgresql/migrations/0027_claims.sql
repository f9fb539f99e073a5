-- What is done once, whichever process is asked first: the run of one request, the carrying out of one approval.
-- `holder` is the number of that run, or of the process that carries it out. Times are milliseconds since 1970.
CREATE TABLE claims (
  name text COLLATE "C" PRIMARY KEY, scope bigint NOT NULL, holder bigint NOT NULL, at_ms bigint NOT NULL,
  position bigint NOT NULL);
