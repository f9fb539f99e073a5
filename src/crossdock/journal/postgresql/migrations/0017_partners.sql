-- How many documents of a partner stand where, and its newest ones: counted and listed without looking at the rows.
CREATE INDEX receipts_standing ON receipts (scope, system, state, sent_ms, control);

-- The newest of one system, as the other store finds them by these indexes already: there every index ends in the id.
DROP INDEX captures_state;
CREATE INDEX captures_state ON captures (state, system, id) WHERE state <> 1;
DROP INDEX messages_state;
CREATE INDEX messages_state ON messages (state, system, id) WHERE state <> 1;
