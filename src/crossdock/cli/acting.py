"""How a command acts on a running hub: with the caller's key, or with one made for this command alone."""

from __future__ import annotations

import getpass
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from crossdock.cli import options, whereabouts
from crossdock.cli.opening import must_be_here, store_at
from crossdock.cli.remote import Remote
from crossdock.cli.terminal import MISUSED, stop
from crossdock.settings import Settings


@contextmanager
def acting(
    site: Path | None,
    database: str | None,
    url: str | None,
    key: str | None,
    *,
    system: str | None = None,
    role: str = "operator",
) -> Generator[Remote]:
    """A hub to act on, in a role or as `system`. Ends the command when there is none.

    Whoever may write to the store of a site may make keys for it. So on the hub's own machine no key
    is needed: one is made in the store, and taken out again when the command ends.
    """
    if url is not None:
        if key is None:
            stop(f"a key is needed to act on {url}", fix="give --key or CROSSDOCK_KEY", status=MISUSED)
        yield Remote(url, key)
        return
    settings = options.settings(site, database)
    hub = whereabouts.running(settings)
    if hub is None:
        must_be_here(settings.database)
        says = f"no hub runs for the site {settings.site}"
        stop(says, fix="start it with `crossdock up`, or say where it is by --url and --key")
    if key is not None:
        yield Remote(hub.url, key)
        return
    with beside(hub, settings, "system" if system is not None else role, system) as remote:
        yield remote


@contextmanager
def beside(
    hub: whereabouts.Hub, settings: Settings, role: str, system: str | None = None
) -> Generator[Remote]:
    """A hub of this machine, with a key of a role that is in the store for as long as this is open."""
    from crossdock.api.keys import digest_of, new_key
    from crossdock.journal.sql.keyring import StoredKey, add_key, forget_key

    store, made = store_at(settings.database), new_key()
    at_ms = time.time_ns() // 1_000_000
    add_key(store, StoredKey(digest_of(made), who(), role, system, at_ms, None))
    try:
        yield Remote(hub.url, made)
    finally:
        forget_key(store, digest_of(made))


def who() -> str:
    """The person at the terminal, as the ledger will name them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "terminal"
