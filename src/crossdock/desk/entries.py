"""Ledger entries of the desk: who did what, from where, before and after."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from crossdock.journal.chain import partition_of
from crossdock.message.four_eyes import second
from crossdock.message.incident import Incident
from crossdock.message.names import INCIDENT
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.message.whence import WHENCE

_encode = msgspec.json.Encoder(decimal_format="number").encode
#: Who acts when nobody does: the clock.
HUB = "hub"


def given_of(act: Any) -> dict[str, Any]:
    """What was asked for, as the ledger keeps it."""
    given: dict[str, Any] = {name: getattr(act, name) for name in act.__slots__}
    return {name: value.value if isinstance(value, Enum) else value for name, value in given.items()}


def entry_of(
    incident: Incident, who: str, act: str, says: str, before: dict[str, Any], after: dict[str, Any],
    given: dict[str, Any] | None = None,
) -> Entry:  # fmt: skip
    """The ledger entry of an act: who did what, and what changed."""
    detail = {
        "who": who,
        "act": act,
        "from": WHENCE.get(),
        "before": before,
        "after": after,
        "given": given or {},
    } | second()
    return Entry(
        EntryKind.act,
        system=incident.system,
        says=says,
        detail=_encode(detail).decode(),
        partition=partition_of(f"{INCIDENT}{incident.id}"),
    )


def entry_of_desk(
    who: str, act: str, says: str, after: dict[str, Any], given: dict[str, Any] | None = None
) -> Entry:
    """The entry of an act on no single incident: a hand-over, or an act on many at once."""
    detail = {
        "who": who,
        "act": act,
        "from": WHENCE.get(),
        "before": {},
        "after": after,
        "given": given or {},
    } | second()
    return Entry(EntryKind.act, says=says, detail=_encode(detail).decode(), partition=partition_of("desk"))
