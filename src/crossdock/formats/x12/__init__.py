"""X12: the American standard of business documents, read, checked and written."""
