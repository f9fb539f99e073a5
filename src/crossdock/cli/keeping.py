"""How the terminal keeps keys: in the ledger by whoever writes it now, and in the store whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from crossdock.access.roles import Actor
from crossdock.api.keybook import KeyBook
from crossdock.assembly import Surroundings, open_journal
from crossdock.cli import whereabouts
from crossdock.cli.acting import beside, who
from crossdock.cli.opening import must_be_here, store_at
from crossdock.cli.terminal import complain
from crossdock.faults import Misconfigured
from crossdock.journal.sql.keyring import StoredKey, add_key
from crossdock.journal.sqlite.lock import StoreLock
from crossdock.settings import Settings

#: How long it is tried, and how long a hub may take. Then the key counts more than its line in the ledger.
_PATIENCE_S, _STEP_S, _ANSWER_S = 2.0, 0.1, 5.0


def keep(settings: Settings, rows: Sequence[StoredKey]) -> None:
    """Keys as they shall stand, by the running hub or in a store that no hub writes. Raises StoreDown.

    Raises Misconfigured for a store that was moved elsewhere.
    """
    must_be_here(settings.database)
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        hub = whereabouts.running(settings)
        if hub is not None and _by_hub(hub, settings, rows):
            return
        try:
            lock = None if settings.is_shared else StoreLock(settings.sqlite_path, stays=False)
        except Misconfigured:  # its hub starts or ends, or what holds it is no hub
            time.sleep(_STEP_S)
            continue
        try:
            asyncio.run(_in_store(settings, rows))
        except Misconfigured:  # a database that takes no more writers of its ledger takes keys still
            break
        else:
            return
        finally:
            if lock is not None:
                lock.release()
    for row in rows:
        add_key(store_at(settings.database), row)
    complain("done, but not in the ledger: whoever writes this store does not answer", fix="crossdock doctor")


def _by_hub(hub: whereabouts.Hub, settings: Settings, rows: Sequence[StoredKey]) -> bool:
    """Whether the hub took them; one of another store or another site knows nobody from here."""
    with beside(hub, settings, "terminal") as remote:
        return remote.offer("/v1/keys", msgspec.to_builtins({"keys": rows}), _ANSWER_S)


async def _in_store(settings: Settings, rows: Sequence[StoredKey]) -> None:
    around = Surroundings()
    journal = open_journal(settings, around)
    journal.start()
    try:
        await KeyBook(journal, around.clock.now_ms, ()).keep(rows, Actor(who(), "terminal"))
    finally:
        await journal.close()
