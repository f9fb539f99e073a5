-- What is done once, whichever process is asked first: the run of one request, the carrying out of one approval.
-- `holder` is the number of that run, or of the process that carries it out. Times are milliseconds since 1970.
CREATE TABLE claims (
  name TEXT PRIMARY KEY, scope INTEGER NOT NULL, holder INTEGER NOT NULL, at_ms INTEGER NOT NULL, position INTEGER NOT NULL
) WITHOUT ROWID;
