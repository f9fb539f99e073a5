"""The journal on PostgreSQL: one database, any number of processes that each own a part of the work."""
