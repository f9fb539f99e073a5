"""Into Tryton: dialogues that begin by asking what is already there."""
