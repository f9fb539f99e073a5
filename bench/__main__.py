"""The measurements from a terminal: `python -m bench`."""

from __future__ import annotations

from bench.endtoend import main

main()
