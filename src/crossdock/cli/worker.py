"""One of several hub processes behind one address, as its parent starts it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from crossdock.cli.up import run_one
from crossdock.settings import settings_from


def main() -> None:
    """A hub that shares its port and ends when its parent does; the argument is the descriptor that tells so."""
    settings = replace(settings_from(os.environ), shares_port=True)
    sys.exit(run_one(settings, lifeline=int(sys.argv[1])))


if __name__ == "__main__":
    main()
