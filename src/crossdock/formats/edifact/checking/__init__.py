"""The parts of a check: patterns, values, places, totals, one message."""
