"""How long somebody must wait who failed to sign in, growing with each failure."""

from __future__ import annotations

#: Failures that cost nothing: people mistype.
FREE_BY_NAME, FREE_BY_ADDRESS = 4, 30
_FIRST_S, _MAX_S = 15, 3_600
#: Failures are forgotten after this many seconds without another.
FORGOTTEN_S = 24 * 3_600


def wait_s(failures: int, free: int) -> int:
    """Seconds until the next try counts, after so many failures in a row."""
    beyond = failures - free
    return 0 if beyond <= 0 else min(_FIRST_S * 2 ** min(beyond - 1, 16), _MAX_S)
