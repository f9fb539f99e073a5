-- Conditions of indexes that are compared one by one: for a longer IN the store builds a table of its values anew for
-- each row that it writes, which took longer than writing the row. Queries say the same words, see sqlite/schema.py.
DROP INDEX transmissions_lane;
DROP INDEX transmissions_open;
DROP INDEX transmissions_state;
DROP INDEX ledger_made;
CREATE INDEX transmissions_lane ON transmissions (target, key, id) WHERE state < 9 AND state <> 6 AND state <> 7;
CREATE INDEX transmissions_open ON transmissions (target, origin, id, state) WHERE state < 9 AND state <> 6 AND state <> 7;
CREATE INDEX transmissions_state ON transmissions (state, origin) WHERE state > 5 AND state <> 8;
CREATE INDEX ledger_made ON ledger (kind, origin) WHERE kind < 6 AND kind <> 4;
