"""Out of Tryton: what a poll asks for, how far it got, what a record means."""
