-- How many documents of a partner stand where, and its newest ones: counted and listed without looking at the rows.
CREATE INDEX receipts_standing ON receipts (scope, system, state, sent_ms, control);
