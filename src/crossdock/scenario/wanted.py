"""Expectations read: every system, state and field that they name is one that can be asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum

from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.message.incident import TYPES
from crossdock.model.lifecycle.words import Amendment, Billing, Cancellation, Fulfilment, Return
from crossdock.scenario import keys
from crossdock.scenario.script import Tree
from crossdock.scenario.seen import INCIDENT_FIELDS

__all__ = ["wanted_of"]


def _words(*states: type[Enum]) -> tuple[str, ...]:
    return tuple(str(one.value) for state in states for one in state)


#: What may be asked of an order, and the words of it; none: whatever is written.
_ORDER: dict[str, tuple[str, ...]] = {
    "state": (*_words(Fulfilment), "cancelled"), "fulfilment": _words(Fulfilment), "billing": _words(Billing),
    "cancellation": _words(Cancellation), "amendment": _words(Amendment), "returned": _words(Return),
    "holds": (), "closed": (), "lines": (), "document": (), "waits_for": (),
}  # fmt: skip
_LISTED = ("incidents", "ended")


def wanted_of(reading: Reading, entry: Entry | None, systems: Iterable[str]) -> Tree:
    """What must stand at the end, as it is written; what cannot be asked for goes to the problems."""
    section = reading.section(entry, keys.THEN, "then") if entry is not None else None
    known = {*systems}
    wanted: Tree = {}
    for name, one in (section or {}).items():
        if not isinstance(one, Entry):
            continue
        wanted[name] = one.tree()
        path = f"then.{name}"
        if name in _LISTED:
            for inner, place in reading.listed(one, path):
                _incident(reading, inner, place)
        elif name == "orders":
            for number, inner in _named(reading, one, path).items():
                _order(reading, inner, f"{path}.{number}")
        elif name != "counts":
            there = {*known, "hub"} if name == "stock" else known
            for system, inner in _named(reading, one, path).items():
                _one_of(reading, system, there, "a system", path, inner.line)
    return wanted


def _order(reading: Reading, entry: Entry, path: str) -> None:
    for name, one in _named(reading, entry, path).items():
        _one_of(reading, name, _ORDER, "what an order has", path, one.line)
        words, place = _ORDER.get(name), f"{path}.{name}"
        if words and isinstance(one.value, str):
            _one_of(reading, one.value, words, "a state of it", place, one.line)
        elif words and one.value is not None:
            reading.refuse(place, f"this must be one word, not {one.kind}", "write one state", one.line)


def _incident(reading: Reading, entry: Entry, path: str) -> None:
    fields = entry.value if isinstance(entry.value, dict) else {"type": entry}
    for name, one in fields.items():
        _one_of(reading, name, INCIDENT_FIELDS, "what an incident has", path, one.line)
    if "type" in fields:
        _one_of(reading, fields["type"].value, TYPES, "a type of incident", path, entry.line)


def _named(reading: Reading, entry: Entry, path: str) -> dict[str, Entry]:
    """The members of a mapping; nothing where it is another thing, or null."""
    if isinstance(entry.value, dict):
        return entry.value
    if entry.value is not None:
        says = f"this must be a mapping, not {entry.kind}"
        reading.refuse(path, says, "write `NAME: …` lines", entry.line)
    return {}


def _one_of(reading: Reading, word: object, known: Collection[str], what: str, path: str, line: int) -> None:
    if word not in known:
        reading.refuse(path, f'"{word}" is not {what}', nearest(str(word), list(known), what), line)
