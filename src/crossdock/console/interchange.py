"""One interchange of a partner: segment by segment in words, with what is wrong with it, or as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from starlette.responses import Response

from crossdock.access.roles import Right
from crossdock.console.gate import Visit, not_found
from crossdock.console.orders import path_of, redacted_bytes
from crossdock.console.papers import what_of
from crossdock.console.partners import connected
from crossdock.console.words import say
from crossdock.desk.story import plain
from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edi.profile import Direction, Profile
from crossdock.formats.edifile.checked import Checked, Rules, check
from crossdock.formats.edifile.detect import opened
from crossdock.formats.edifile.reading import Heading, Held, Line, reading
from crossdock.journal.numbers import STANDINGS
from crossdock.journal.sql import interchanges, partners
from crossdock.message.names import CAPTURE, TRANSMISSION, id_of

#: Segments of one page, findings that it lists, and bytes that are read for it.
PAGE = 150
_FINDINGS_MAX, _BYTES_MAX = 100, 4_000_000
_DEPTH_MAX = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment, or the heading of what follows, as the page shows it."""

    at: int  #: place in the file, from 1
    heading: Heading | None = None
    line: Line | None = None
    depth: int = 0
    values: Sequence[Held] = ()
    findings: Sequence[Finding] = ()


@dataclass(slots=True)
class Words:
    """A file in words, as far as one page goes."""

    segments: list[Segment] = field(default_factory=list[Segment])
    findings: list[tuple[int, Finding]] = field(
        default_factory=list[tuple[int, Finding]]
    )  #: with their place
    errors: int = 0
    sets: list[str] = field(default_factory=list[str])
    more: int = 0  #: where the next page begins; 0: nowhere
    broken: str = ""


async def one(visit: Visit) -> Response:
    """The page."""
    system, name = visit.request.path_params["system"], visit.request.path_params["id"]
    known = connected(visit).get(system)
    found = await _found(visit, system, name) if known is not None else None
    if known is None or found is None:
        return not_found(visit, say("paper.none", name=name[:40]), say("paper.none_fix", system=system[:60]))
    profile, came = known[1], name.startswith(CAPTURE)
    made = await _made(visit, system, name, profile)
    may = visit.may(Right.BYTES)
    raw = visit.asked("as") == "raw"
    begin = visit.number("from")
    words = Words()
    if found.body is not None and may and not raw:
        words = in_words(found.body[:_BYTES_MAX], profile, Direction.IN if came else Direction.OUT, begin)
    return visit.page(
        "interchange.html", system=system, name=name, found=found, words=words, raw=raw, may=may, begin=begin,
        came=came,
        text=redacted_bytes(found.body) if raw and may and found.body is not None else None, made=made,
        says=_says(words, found, system, came=came), standing=STANDINGS.get(found.state, ""), depth_max=_DEPTH_MAX,
        story=await _story(visit, found), findings_max=_FINDINGS_MAX,
    )  # fmt: skip


async def bytes_(visit: Visit) -> Response:
    """The bytes as they came or left, for saving: never shown as a page."""
    system, name = visit.request.path_params["system"], visit.request.path_params["id"]
    found = await _found(visit, system, name) if system in connected(visit) else None
    if found is None or found.body is None:
        return not_found(visit, say("paper.none", name=name[:40]), say("paper.none_fix", system=system[:60]))
    headers = {
        "content-disposition": f'attachment; filename="{name}.edi"',
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return Response(found.body, headers=headers, media_type="application/octet-stream")


async def _found(visit: Visit, system: str, name: str) -> interchanges.Document | None:
    """The interchange behind a name, if it is this partner's."""
    capture = id_of(CAPTURE, name)
    sending, _, round_ = name.partition(".")
    transmission = id_of(TRANSMISSION, sending)
    journal = visit.shown.hub.journal
    found = None
    if capture is not None:
        found = await journal.view(lambda c: interchanges.came(c, capture))
    elif transmission is not None and round_.isascii() and round_.isdecimal() and len(round_) < 9:
        found = await journal.view(lambda c: interchanges.left(c, journal.scope, transmission, int(round_)))
    return found if found is not None and found.system == system else None


async def _made(
    visit: Visit, system: str, name: str, profile: Profile
) -> list[tuple[str, str, str, str, int | None]]:
    """What came of an interchange: (what, number, its story, how it stands, its incident)."""
    capture = id_of(CAPTURE, name)
    if capture is None:
        return []
    listed = await visit.shown.hub.journal.view(lambda c: partners.made_of(c, capture))
    return [
        (what_of(profile, each.document), each.number, path_of(each.document, each.number, system),
         say(f"paper.{each.state.name.lower()}"), each.incident)
        for each in listed if each.document != "acknowledgement"
    ]  # fmt: skip


async def _story(visit: Visit, found: interchanges.Document) -> str | None:
    """Where the story is that a sending belongs to."""
    if not found.root:
        return None
    place = await visit.shown.hub.journal.view(lambda c: interchanges.place_of(c, found.root))
    return path_of(*place) if place else None


def _says(words: Words, found: interchanges.Document, system: str, *, came: bool) -> str:
    sets = list(dict.fromkeys(words.sets))
    what = ", ".join(sets[:4]) + (" …" if len(sets) > 4 else "")
    if not what:
        what = found.says.partition(" of ")[0] or (
            plain(found.document) if found.document else say("paper.interchange")
        )
    said = say("paper.from" if came else "paper.to", what=what, system=system)
    if words.broken:
        return f"{said} {say('paper.broken')}"
    return f"{said} {say('paper.errors', count=words.errors)}" if words.errors else said


# -- in words --------------------------------------------------------------------


def in_words(body: bytes, profile: Profile, direction: Direction, begin: int) -> Words:
    """One page of an interchange in words, by the partner's own rules, with everything that is wrong in the whole."""
    deltas = {
        each.set: each.overlay for each in profile.documents if each.direction is direction and each.overlay
    }
    rules, words = Rules(deltas=deltas), Words()
    try:
        checked = list(islice(check(opened(body), rules), 5_000))
        by_place = _by_place(checked, words)
        for segment in _segments(body, rules, by_place, words):
            if begin <= segment.at < begin + PAGE:
                words.segments.append(segment)
            elif segment.at >= begin + PAGE:
                words.more = words.more or segment.at
    except (Invalid, Misconfigured) as fault:
        words.broken = f"{fault.says}. {fault.fix}"
    return words


def _by_place(checked: Sequence[Checked], words: Words) -> Mapping[tuple[int, int], list[Finding]]:
    """The findings of each segment: by which set it stands in, counted from 0, and its number there; 0: the whole."""
    found: dict[tuple[int, int], list[Finding]] = {}
    nth = -1
    for one in checked:
        if one.kind == "set":
            nth += 1
        for finding in one.findings:
            words.errors += finding.severity == "error"
            place = (nth, finding.segment_number or 0) if one.kind == "set" else (-1, 0)
            found.setdefault(place, []).append(finding)
    return found


def _segments(
    body: bytes, rules: Rules, by_place: Mapping[tuple[int, int], list[Finding]], words: Words
) -> Iterator[Segment]:
    """Every heading and segment in its order; findings that belong to none stand at the first heading."""
    nth = -1
    for at, one in enumerate(reading(opened(body), rules), start=1):
        if isinstance(one, Heading):
            nth += one.kind == "set"
            if one.kind == "set":
                words.sets.append(one.document or "")
            place = (nth, 0) if one.kind == "set" else (-1, 0) if at == 1 else None
            found = by_place.get(place, []) if place is not None else []
            made = Segment(at, heading=one, findings=found)
        else:
            found = by_place.get((nth, one.number), [])
            made = Segment(
                at, line=one, depth=min(len(one.loops), _DEPTH_MAX), values=one.values, findings=found
            )
        words.findings += [(at, each) for each in found if len(words.findings) < _FINDINGS_MAX]
        yield made
