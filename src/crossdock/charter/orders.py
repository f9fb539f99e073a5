"""The `orders` section: how orders go, as far as that is for the site to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.model.lifecycle.words import REPORTABLE, Fulfilment

#: Owner of the kinds of document that the hub makes itself.
HUB_OWNER = "hub"
#: Those kinds.
MADE_BY_HUB = ("order_status", "warehouse_order", "warehouse_order_cancel", "purchase_order")
#: Kinds of change to an order that was released.
CHANGES = ("quantity", "address", "lines", "ship_method", "other")
NEVER = "never"
_UNTIL = tuple(one.value for one in (*tuple(Fulfilment)[2:9],))


class Sender(Protocol):
    """What is asked of a system here."""

    def flow_in(self, document: str) -> object:
        """Its inbound flow of a document, if it has one."""
        ...


@dataclass(frozen=True, slots=True)
class Orders:
    """How orders go; times in seconds."""

    cancel_answer: str | None = None
    cancel_wait_s: float = 3600.0
    change_until: Mapping[str, str] = field(default_factory=dict[str, str])
    changes: str = "as_read"
    packages: str = "listed"
    edit_window_s: float = 0.0

    def sends(self, change: str, state: Fulfilment) -> bool:
        """Whether a kind of change still goes to a warehouse that is so far; one that refused it has not begun."""
        until = self.change_until.get(change, Fulfilment.ALLOCATED.value)
        state = Fulfilment.RECEIVED if state is Fulfilment.REFUSED else state
        every = [one.value for one in Fulfilment]
        return until != NEVER and every.index(state.value) <= every.index(until)


def read_orders(reading: Reading, entry: Entry | None) -> Orders:
    """The section; mistakes are noted in `reading`."""
    if entry is None:
        return Orders()
    values = reading.section(entry, "orders", "orders")
    if values is None:
        return Orders()
    for change, until in values["change_until"].items():
        path = f"orders.change_until.{change}"
        if change not in CHANGES:
            reading.refuse(path, f'there is no change "{change}"', nearest(change, CHANGES, "a change"))
        elif until != NEVER and until not in _UNTIL:
            reading.refuse(path, f'"{until}" is no state', nearest(until, (*_UNTIL, NEVER), "a state"))
            values["change_until"] = {}
    return Orders(**values)


def check_reports(reading: Reading, path: str, reports: tuple[str, ...]) -> None:
    """Notes words that are no state which a system could report."""
    known = [told.value for told in REPORTABLE]
    for word in reports:
        if word not in known:
            reading.refuse(
                path, f'"{word}" is no state that a system reports', nearest(word, known, "a state")
            )


def check_made(reading: Reading, systems: Mapping[str, Sender], owners: Mapping[str, str]) -> None:
    """Notes documents that the hub cannot make, and those that it makes and a system would send."""
    if HUB_OWNER in systems:
        return
    for document, owner in owners.items():
        if owner != HUB_OWNER:
            continue
        if document not in MADE_BY_HUB:
            says, fix = (
                f"the hub makes no {document}",
                f"it makes {', '.join(MADE_BY_HUB)}; name the system that owns it",
            )
            reading.refuse(f"objects.{document}.owner", says, fix)
        for name, system in systems.items():
            if system.flow_in(document) is not None:
                says = f"the hub itself makes {document}"
                reading.refuse(
                    f"systems.{name}.in", says, f"take it out of {name}, or name {name} as its owner"
                )
