"""The journal on SQLite: one file, one writer that group-commits."""
