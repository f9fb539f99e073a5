-- Which part of a table that grows for ever belongs to which month; the last one takes whatever comes.
CREATE TABLE months (
  parent text COLLATE "C" NOT NULL, part text COLLATE "C" PRIMARY KEY, month date NOT NULL, first bigint NOT NULL);
INSERT INTO months VALUES
  ('ledger', 'ledger_first', date_trunc('month', now()), 0), ('payloads', 'payloads_first', date_trunc('month', now()), 0);
