-- What is on one person's desk, and what is open of one kind, by its clock: beside many that are somebody else's.
CREATE INDEX incidents_owner ON incidents (owner, due_ms, id) WHERE state = 1;
CREATE INDEX incidents_of_kind ON incidents (type, due_ms, id) WHERE state = 1;
