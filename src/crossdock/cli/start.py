"""Where the command begins: so early that Ctrl-C while it loads ends it as quietly as later."""

from __future__ import annotations

import sys
from collections.abc import Callable

#: What a shell expects of a program that Ctrl-C has ended: 128 and the number of SIGINT.
INTERRUPTED = 130


def main(load: Callable[[], Callable[[], None]] | None = None) -> None:
    """Loads the commands and runs the one that the command line names."""
    try:
        (load or _commands)()()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _commands() -> Callable[[], None]:
    from crossdock.cli.main import main as run

    return run
