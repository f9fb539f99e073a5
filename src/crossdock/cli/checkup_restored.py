"""What a checkup says of a store that came back from a backup: who still hands in again, and what ends that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crossdock.journal.sql.restored import handing_in
from crossdock.message.names import moment

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Connection


def restored(connection: Connection) -> Iterator[tuple[str, str]]:
    """Systems that hand in again what a restored store has lost: what is said of each, and what ends it."""
    for system, backup_ms in handing_in(connection).items():
        says = f"the store came back from the backup of {moment(backup_ms)}; {system} hands in again what was lost"
        yield says, f"once it has sent all of it again: crossdock restored end {system}"
