"""EDIFACT: interchanges read, checked, answered and written, by ISO 9735 syntax versions 1 to 4."""
