"""Documents of one partner in a list: which way each went, what it is, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.console.gate import Visit
from crossdock.console.orders import path_of
from crossdock.console.words import say
from crossdock.desk.story import plain
from crossdock.formats.edi.profile import Direction, Profile
from crossdock.journal.changes import unpacked_tree
from crossdock.journal.numbers import REJECTED, STANDINGS, WAITING
from crossdock.journal.sql import interchanges, partners
from crossdock.journal.sql.connection import Connection
from crossdock.message.states import CaptureState, MessageState, TransmissionState

PAGE = 40
_ACK = "acknowledgement"
_TONES = {1: "wait", 2: "fine", 3: "wait", 4: "bad", 5: "bad", 6: ""}
_MESSAGES = {
    MessageState.WAITING: "wait", MessageState.ROUTED: "fine", MessageState.DESK: "wait", MessageState.REFUSED: "bad",
    MessageState.SUPERSEDED: "", MessageState.CLOSED: "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paper:
    """One line of the list. Times are milliseconds since 1970."""

    key: str  #: unlike that of any other line
    at_ms: int
    way: str  #: in or out
    what: str
    number: str
    control: str
    look: str
    word: str
    says: str = ""
    due_ms: int | None = None
    shown: str | None = None  #: the name under which it can be read
    story: str | None = None
    incident: int | None = None


async def papers(
    visit: Visit, system: str, profile: Profile, view: str, before: str, states: Mapping[str, int]
) -> tuple[list[Paper], str]:
    """A page of the list, newest first, and where the next one begins ("": nowhere)."""
    came, sent_ms, sent_id = _cursor(before)

    def read(connection: Connection) -> tuple[list[Paper], str]:
        listed: list[tuple[Paper, tuple[int, int, int]]] = []
        if view in ("", "in"):
            listed += _received(connection, system, profile, came)
        if view != "in":
            which = [states[view]] if view else list(STANDINGS)
            until = (sent_ms, sent_id) if sent_ms else None
            for one in partners.sent(
                connection, visit.shown.hub.journal.scope, system, which, until, PAGE + 1
            ):
                listed.append((_sent(connection, one), (0, one.sent_ms, one.transmission)))
        if not before and view == "":
            listed += [
                (_unsent(connection, one), (0, 0, 0)) for one in partners.unsent(connection, system, PAGE)
            ]
        listed.sort(key=lambda pair: (pair[0].at_ms, _made_at(pair[0].key)), reverse=True)
        kept, cursor = listed[:PAGE], (came, sent_ms, sent_id)
        for _, (message, ms, transmission) in kept:
            if message:
                cursor = (message, cursor[1], cursor[2])
            elif ms:
                cursor = (cursor[0], ms, transmission)
        following = ".".join(map(str, cursor)) if len(listed) > PAGE else ""
        return _numbered_once([paper for paper, _ in kept]), following

    return await visit.shown.hub.journal.view(read)


def _made_at(key: str) -> int:
    """The number in a key: of what came in the same instant, what was made later is newer."""
    return int(key[1:].partition(".")[0])


def _cursor(text: str) -> tuple[int, int, int]:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        return 0, 0, 0
    return int(parts[0]), int(parts[1]), int(parts[2])


def _numbered_once(listed: Sequence[Paper]) -> list[Paper]:
    """A sending that has its receipt is no longer listed as one on its way."""
    with_receipt = {paper.key.partition(".")[0] for paper in listed if "." in paper.key}
    return [paper for paper in listed if "." in paper.key or paper.key not in with_receipt]


def _received(
    connection: Connection, system: str, profile: Profile, came: int
) -> list[tuple[Paper, tuple[int, int, int]]]:
    listed: list[tuple[Paper, tuple[int, int, int]]] = []
    for one in partners.received(connection, system, came or None, PAGE + 1):
        paper = _acknowledgement(connection, one) if one.document == _ACK else _document(one, profile, system)
        listed.append((paper, (one.message, 0, 0)))
    if not came:
        listed += [(_unread(one), (0, 0, 0)) for one in partners.unread(connection, system, PAGE)]
    return listed


def _document(one: partners.Received, profile: Profile, system: str) -> Paper:
    return Paper(
        key=f"m{one.message}", at_ms=one.at_ms, way="in", what=what_of(profile, one.document), number=one.number,
        control=_plain(one.control), look=_MESSAGES[one.state], word=say(f"paper.{one.state.name.lower()}"),
        shown=f"c{one.capture}", story=path_of(one.document, one.number, system), incident=one.incident,
    )  # fmt: skip


def _acknowledgement(connection: Connection, one: partners.Received) -> Paper:
    """A 997 or one of its kind: got from the partner, or given to it."""
    tree: Mapping[str, Any] = unpacked_tree(one.tree)
    form, about = str(tree.get("form", "")), str(tree.get("interchange") or tree.get("group") or "")
    verdict = str(tree.get("verdict", "")).replace("_", " ")
    about = _plain(about)
    if tree.get("direction") != "given":
        look = {"accepted": "fine", "rejected": "bad"}.get(verdict, "wait")
        says = say("paper.about_ours", number=about) if about else ""
        return Paper(
            key=f"m{one.message}", at_ms=one.at_ms, way="in", what=form, number="", control=_plain(one.control),
            look=look, word=say("paper.told", verdict=verdict), says=says, shown=f"c{one.capture}",
        )  # fmt: skip
    going = partners.carried(connection, one.message)
    done = going is not None and going[2] is TransmissionState.DONE
    return Paper(
        key=f"m{one.message}", at_ms=one.at_ms, way="out", what=form, number="", control="",
        look="fine" if done else "wait", word=say("paper.given" if done else "paper.to_go"),
        says=say("paper.about_theirs", number=about, verdict=verdict),
        shown=f"t{going[0]}.{going[1]}" if going else None, incident=one.incident,
    )  # fmt: skip


def _unread(one: partners.Unread) -> Paper:
    word = "paper.unread" if one.state is CaptureState.DESK else "paper.waiting_read"
    return Paper(
        key=f"c{one.capture}", at_ms=one.at_ms, way="in", what=say("paper.interchange"), number="",
        control=_plain(one.control), look="wait", word=say(word), shown=f"c{one.capture}", incident=one.incident,
    )  # fmt: skip


def _sent(connection: Connection, one: partners.Sent) -> Paper:
    return Paper(
        key=f"t{one.transmission}.{one.round}", at_ms=one.sent_ms, way="out", what=one.says.partition(" of ")[0],
        number=one.number, control=str(one.control), look=_TONES[one.state],
        word=say(f"standing.{STANDINGS[one.state]}"), says=(one.answered or "") if one.state >= REJECTED - 1 else "",
        due_ms=one.due_ms if one.state == WAITING else None, shown=f"t{one.transmission}.{one.round}",
        story=_story(connection, one.root), incident=one.incident,
    )  # fmt: skip


def _unsent(connection: Connection, one: partners.Unsent) -> Paper:
    on_desk = one.state in (TransmissionState.DESK, TransmissionState.HELD)
    return Paper(
        key=f"t{one.transmission}", at_ms=one.first_ms or 0, way="out", what=plain(one.document), number=one.number,
        control="", look="wait", word=say("paper.desk" if on_desk else "paper.to_go"),
        story=_story(connection, one.root), incident=one.incident,
    )  # fmt: skip


def _story(connection: Connection, root: int) -> str | None:
    place = interchanges.place_of(connection, root)
    return path_of(*place) if place else None


def what_of(profile: Profile, document: str) -> str:
    """The set that one of our documents came as, where it can only be one; else the document's own name."""
    sets = [
        each.set for each in profile.documents if each.direction is Direction.IN and each.document == document
    ]
    return sets[0] if len(sets) == 1 else plain(document)


def _plain(control: str) -> str:
    """A control number as people say it; what has none has the beginning of its digest."""
    bare = control.partition("+")[0]
    return bare.lstrip("0") or bare if bare != "file" else control.removeprefix("file+")
