"""`python -m crossdock`: the `crossdock` command, where its script is not on the path."""

from __future__ import annotations

from crossdock.cli.start import main

if __name__ == "__main__":
    main()
