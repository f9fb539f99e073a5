"""Order routing: which site ships what, when it leaves, and what becomes of what is not there."""
