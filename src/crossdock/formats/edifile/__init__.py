"""EDI files of either kind, X12 or EDIFACT, told apart and read, checked, answered and compared in one shape."""
