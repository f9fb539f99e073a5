"""ASC X12: bytes to interchanges and back, validation to the element, acknowledgements."""
