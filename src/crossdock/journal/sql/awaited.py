"""What an object waits for and from whom, one sentence for each thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql.parts import Blocking, Message, Owed, Parts, Send
from crossdock.message.kept_back import KEPT_BACK, SHIP_DATE, kept_until_ship_date, kept_while_open
from crossdock.message.names import INCIDENT, moment, name_of
from crossdock.message.states import CaptureState, MessageState, TransmissionState
from crossdock.model.headline import OrderState

_T, _S = TransmissionState, OrderState
_GOING = frozenset({_T.DUE, _T.SENDING, _T.RETRYING, _T.IN_DOUBT})
#: Sentences of one object; the rest is counted.
_SENTENCES_MAX = 20


@dataclass(slots=True)
class Release:
    """What a warehouse was asked to ship and has not shipped; `short` where stock is missing."""

    document: str
    number: str
    warehouse: str
    state: OrderState
    short: bool = False


#: System, way ("in" or "out") and number of what wants to pass, to why it does not; None: it does.
Closed = Callable[[str, str, int], str | None]


def open_(_system: str, _way: str, _id: int) -> None:
    """Everything passes."""


def awaited(
    parts: Parts,
    incidents: Iterable[Blocking],
    releases: Iterable[Release],
    owed: Iterable[Owed] = (),
    closed: Closed = open_,
) -> str | None:
    """What is awaited, one sentence a line, who must act first; None when it waits for nobody."""
    said = list(dict.fromkeys(_sentences(parts, list(incidents), releases, closed)))
    said += [f"{one.system} to acknowledge {one.says}, by {moment(one.due_ms)}" for one in owed]
    if len(said) > _SENTENCES_MAX:
        said[_SENTENCES_MAX:] = [f"and {len(said) - _SENTENCES_MAX} things more"]
    return "\n".join(" ".join(sentence.split()) for sentence in said) or None


def _sentences(
    parts: Parts, incidents: list[Blocking], releases: Iterable[Release], closed: Closed
) -> Iterator[str]:
    for one in incidents:
        yield f"{one.owner}: {one.says} ({name_of(INCIDENT, one.id)})"
    for message in parts.messages:
        if message.state is MessageState.WAITING:
            what, before = f"{message.document} {message.number}", message.waits_for
            if before is None:
                yield f"the hub to look at {what} again"
            elif before.partition("/")[0] in KEPT_BACK:
                yield _kept_back(message, what)
            else:
                yield f"{before.replace('/', ' ', 1)}, before which {what} cannot go on"
    for send in parts.sends:
        yield from _send(send, closed, blocked=bool(incidents))
    for id_, state in parts.captures.items():
        if state is CaptureState.WAITING:
            shut = closed(parts.senders.get(id_, ""), "in", id_)
            yield "the hub to translate it" + (f"; {shut}" if shut else "")
    for release in releases:
        yield _floor(release)


def _kept_back(message: Message, what: str) -> str:
    if (message.waits_for or "").startswith(f"{SHIP_DATE}/"):
        tree = unpacked_tree(message.tree)
        start = tree.get("ship_from_at") or tree.get("release_at")
        return f"{kept_until_ship_date(start, message.until_ms or 0)} of {what}"
    return f"{kept_while_open(message.until_ms or 0)} ({what})"


def _send(send: Send, closed: Closed, *, blocked: bool) -> Iterator[str]:
    what = f"{send.document} {send.number}"
    shut = closed(send.target, "out", send.id) if send.state in _GOING else None
    if shut is not None:
        yield f"{send.target} to take {what}; {shut}"
        return
    match send.state:
        case _T.IN_DOUBT:
            yield f"word from {send.target} whether it has {what}, sent {moment(send.since_ms)}"
        case _T.RETRYING:
            times = f"since {moment(send.since_ms)}; next try {moment(send.due_ms)}"
            yield f"{send.target} to take {what}, {times}"
        case _T.DUE | _T.SENDING:
            yield f"{send.target} to take {what}, since {moment(send.since_ms)}"
        case _T.HELD if not blocked:
            yield f"an earlier document for {send.target}, before {what} can go"
        case _:
            return


def _floor(release: Release) -> str:
    who, what = release.warehouse, f"{release.document} {release.number}"
    match release.state:
        case _S.PICKING:
            return f"{who}: it picks {what} and has not shipped it yet"
        case _S.PICKED:
            return f"{who}: it has picked {what} and not shipped it yet"
        case _S.PACKED:
            return f"{who}: it has packed {what} and not shipped it yet"
        case _S.PART_SHIPPED:
            return f"{who}: it has shipped a part of {what}; the rest is still to come"
        case _ if release.short:
            return f"{who}: {what} waits for stock there"
        case _S.ALLOCATED:
            return f"{who}: it has set stock aside for {what} and not picked it yet"
        case _:
            return f"{who}: it has {what} and has not picked or shipped it yet"
