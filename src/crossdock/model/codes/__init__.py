"""Code lists and check digits: units, currencies, countries, GS1 identifiers."""
