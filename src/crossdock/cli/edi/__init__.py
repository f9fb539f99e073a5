"""`crossdock edi`: EDI files read, checked, explained, answered and compared at the terminal."""
