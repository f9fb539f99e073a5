"""What every connector owes the hub, whichever way its documents go."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, cast

from crossdock.faults import Fault, InDoubt, Invalid, Misconfigured, Rejected, TryLater, Unmapped, Unreadable
from crossdock.kit.connector import Connector, Poller, Reader, Reading, Writer
from crossdock.kit.samples import Samples
from crossdock.model import register

T = TypeVar("T")

#: Stands where a secret would; whoever repeats it, would repeat a secret.
GIVEAWAY = "hush-4711-hush"

#: Steps that a dialogue may take at most.
STEPS_MAX = 20

_AUTH = frozenset({"none", "bearer", "basic", "header", "oauth2", "session"})
_FIELD_TYPES = frozenset({"string", "integer", "number", "boolean", "url", "list"})


class Lapse(AssertionError):
    """The connector does not do what it owes; the text says what, where, and what it did instead."""


@dataclass(frozen=True, slots=True)
class Case:
    """A connector with its samples."""

    connector: Connector
    samples: Samples
    system: object | None = None

    def reader(self, document: str) -> Reader:
        """A fresh reader with fresh tools."""
        return self.connector.reader(document, self.samples.tools(self.system))

    def writer(self, document: str) -> Writer:
        """A fresh writer with fresh tools."""
        return self.connector.writer(document, self.samples.tools(self.system))

    def poller(self, document: str) -> Poller | None:
        """A fresh poller with fresh tools."""
        return self.connector.poller(document, self.samples.tools(self.system))


def owes(condition: object, says: str) -> None:
    """Raises Lapse unless the condition holds."""
    if not condition:
        raise Lapse(says)


def declaration_is_complete(case: Case) -> None:
    """Whoever reads the declaration knows what the connector is for and what it takes."""
    declared = case.connector.declaration
    owes(
        re.fullmatch(r"[a-z][a-z0-9_]{1,39}", declared.kind),
        f"kind {declared.kind!r}: use lower case, digits and _",
    )
    owes(declared.title.strip() and declared.says.strip(), "the declaration lacks title or says")
    owes(declared.auth and set(declared.auth) <= _AUTH, f"auth {declared.auth}: use some of {sorted(_AUTH)}")
    for one in declared.fields:
        owes(one.says.strip(), f"field {one.name} does not say what it is for")
        owes(one.type in _FIELD_TYPES, f"field {one.name}: {one.type!r} is none of {sorted(_FIELD_TYPES)}")
    documents_in = [one.document for one in declared.documents_in]
    documents_out = [one.document for one in declared.documents_out]
    for what, names in (
        ("field", [one.name for one in declared.fields]), ("document in", documents_in), ("document out", documents_out)
    ):  # fmt: skip
        owes(len(names) == len(set(names)), f"a {what} is declared twice: {names}")
    owes(declared.configurable or documents_in or documents_out, "the connector declares no document")
    for document in (*documents_in, *documents_out):
        owes(document in register.kinds(), f"{document} is no document that the hub knows")


def each_declared_document_has_its_part(case: Case) -> None:
    """A reader, writer or poller for each document declared, and none for others."""
    declared = case.connector.declaration
    for incoming in declared.documents_in:
        _made(f"the reader of {incoming.document}", lambda one=incoming: case.reader(one.document))
        poller = _made(f"the poller of {incoming.document}", lambda one=incoming: case.poller(one.document))
        polls = incoming.reading is Reading.POLL
        owes(
            (poller is not None) == polls,
            f"{incoming.document} is {incoming.reading.value}, its poller is {poller!r}",
        )
    for outgoing in declared.documents_out:
        writer = _made(f"the writer of {outgoing.document}", lambda one=outgoing: case.writer(one.document))
        owes(
            writer.unclear is outgoing.unclear and writer.settle_s == outgoing.settle_s,
            f"{outgoing.document}: the writer says {writer.unclear}, {writer.settle_s} s; "
            f"the declaration says {outgoing.unclear}, {outgoing.settle_s} s",
        )
    for what, made in (("reader", case.reader), ("writer", case.writer)):
        _is_refused(what, cast(Callable[[str], object], made))


def each_declared_document_has_a_sample(case: Case) -> None:
    """Nothing is declared that no sample shows, and no sample shows what is not declared."""
    declared = case.connector.declaration
    incoming = {one.document for one in declared.documents_in}
    polled = {one.document for one in declared.documents_in if one.reading is Reading.POLL}
    outgoing = {one.document for one in declared.documents_out}
    for way, wanted in (("in", incoming), ("poll", polled), ("out", outgoing)):
        for document in sorted(wanted):
            owes(case.samples.names(way, document), f"samples/{way}/{document}/ has no sample")
        if not declared.configurable:
            extra = sorted(set(case.samples.documents(way)) - wanted)
            owes(not extra, f"samples/{way}/ shows {extra}, which the connector does not declare")


def fault_is_told_well(fault: Fault, where: str) -> None:
    """A person finds the place and knows the next act; no secret is repeated."""
    told = " ".join(str(part) for part in (fault, fault.says, fault.path, fault.value, fault.fix))
    owes(GIVEAWAY not in told, f"{where}: the fault repeats a secret: {told.replace(GIVEAWAY, '<secret>')}")
    owes(fault.says.strip(), f"{where}: {type(fault).__name__} says nothing")
    owes(len(told) < 2_000, f"{where}: {type(fault).__name__} repeats a whole document")
    if isinstance(fault, TryLater | InDoubt):
        return
    owes(fault.fix.strip(), f"{where}: {type(fault).__name__}({fault.says!r}) has no fix")
    if isinstance(fault, Invalid | Unmapped) or (isinstance(fault, Unreadable) and fault.status == 422):
        owes(fault.path.strip(), f"{where}: {type(fault).__name__}({fault.says!r}) has no path")


def outcome(act: Callable[[], object], where: str) -> object:
    """What an act gives, or the fault that it raises. Anything else is a lapse."""
    try:
        return act()
    except Fault as fault:
        fault_is_told_well(fault, where)
        return fault
    except Lapse:
        raise
    except Exception as error:  # ends as the lapse that it is
        raise Lapse(f"{where}: {type(error).__name__}({error}) instead of a fault") from error


def matches(fault: object, expected: Mapping[str, Any], where: str) -> None:
    """Whether a fault is the one that a sample expects: {"fault": class, "path": …, "type": …}."""
    owes(isinstance(fault, Fault), f"{where}: expected {expected['fault']}, got {shown(fault)}")
    assert isinstance(fault, Fault)
    known = {cls.__name__ for cls in (InDoubt, Invalid, Rejected, TryLater, Unmapped, Unreadable)}
    owes(expected["fault"] in known, f"{where}: {expected['fault']} is none of {sorted(known)}")
    owes(
        type(fault).__name__ == expected["fault"],
        f"{where}: expected {expected['fault']}, got {type(fault).__name__}({fault.says!r})",
    )
    for name in ("path", "type", "status", "wait_s"):
        if name in expected:
            found = getattr(fault, name, None)
            owes(
                found == expected[name],
                f"{where}: the fault's {name} is {found!r}, expected {expected[name]!r}",
            )


def shown(value: object) -> str:
    """A value as a short text for a lapse; a fault by class and words."""
    if isinstance(value, Fault):
        return f"{type(value).__name__}({value.says!r}, path={value.path!r})"
    if is_dataclass(value) and not isinstance(value, type):
        inside = ", ".join(f"{one.name}={getattr(value, one.name)!r}" for one in fields(value))
        return f"{type(value).__name__}({inside})"[:1_500]
    return repr(value)[:1_500]


def _made(what: str, make: Callable[[], T]) -> T:
    """A part of the connector. Raises Lapse when it cannot be made."""
    try:
        return make()
    except Exception as error:  # ends as the lapse that it is
        raise Lapse(f"{what} is declared, but cannot be had: {type(error).__name__}: {error}") from error


def _is_refused(what: str, made: Callable[[str], object]) -> None:
    """An undeclared document is Misconfigured, with what to write instead."""
    try:
        made("no_such_document")
    except Misconfigured as fault:
        owes(fault.fix.strip(), f"the {what} of an undeclared document is refused without a fix")
    except Exception as error:  # ends as the lapse that it is
        raise Lapse(
            f"the {what} of an undeclared document: {type(error).__name__} instead of Misconfigured"
        ) from error
    else:
        raise Lapse(f"there is a {what} for a document that nobody declared")
