"""Any system that speaks JSON over HTTP; its flows are written in the charter."""
