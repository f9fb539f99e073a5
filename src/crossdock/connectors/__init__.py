"""One folder per kind of system; none knows another."""
