"""A first profile from a partner's own files: what can be read from them, and what was guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crossdock.charter.partners import read_partner
from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.profile import MEANINGS, Direction
from crossdock.formats.edifact.interchange import read as read_edifact
from crossdock.formats.x12.read import read as read_x12

#: Sets that only tell of others.
_ANSWERS = frozenset({"997", "999", "TA1", "CONTRL", "APERAK"})
_CONTROL = {"X12": "997", "EDIFACT": "CONTRL"}


@dataclass(frozen=True, slots=True)
class Guess:
    """A profile as text, a remark for each thing that was guessed, and what a person must fill in to make it sound."""

    text: str
    remarks: Sequence[str]
    missing: Sequence[str] = ()


@dataclass(slots=True)
class _Seen:
    """What stands in the envelopes of the samples."""

    standard: str = ""
    pairs: Counter[tuple[str, str, str, str]] = field(default_factory=Counter[tuple[str, str, str, str]])
    sets: Counter[tuple[str, str, str]] = field(
        default_factory=Counter[tuple[str, str, str]]
    )  #: sender, set, version
    marks: dict[str, str] = field(default_factory=dict[str, str])
    envelope: str = ""
    test: bool = False
    groups: dict[str, str] = field(default_factory=dict[str, str])  #: id -> code in the group
    items: Counter[str] = field(default_factory=Counter[str])


def guess(samples: Mapping[str, bytes], *, us: str | None = None) -> Guess:
    """The profile that some interchanges of one partner suggest; `us` is our id in them.

    Raises Invalid when nothing can be read, or when the samples are of two standards or of several pairs.
    """
    seen = _Seen()
    for name, body in samples.items():
        start = body.lstrip(b"\xef\xbb\xbf \r\n")[:3]
        standard = "edifact" if start in (b"UNA", b"UNB") else "x12"
        if seen.standard not in ("", standard):
            raise Invalid(
                "the samples are X12 and EDIFACT", path=name, fix="give those of one partner at a time"
            )
        seen.standard = standard
        (_see_edifact if standard == "edifact" else _see_x12)(body, seen)
    if not seen.pairs:
        raise Invalid(
            "no interchange was found",
            path=next(iter(samples), ""),
            fix="give files that begin with ISA or UNB",
        )
    return _written(seen, us)


#: Where the qualifiers of item numbers stand in a segment.
_ITEMS_AT = {
    "PO1": range(6, 26, 2), "POC": range(8, 28, 2), "IT1": range(6, 26, 2), "LIN": range(2, 32, 2),
    "W01": (4, 6, 15), "W04": (4, 6, 14), "W07": (4, 6, 10), "W12": (7, 17, 21),
}  # fmt: skip
#: What stands there and names no item: colour, size, lot, serial, order, line, description, origin, tariff.
_NO_ITEM = frozenset(
    ["BO", "CL", "CM", "VE", "IZ", "SM", "SZ", "B8", "LT", "SN", "PO", "PL", "PD", "CH", "HD"]
)


def _see_x12(body: bytes, seen: _Seen) -> None:
    for one in read_x12(body, lenient=True):
        seen.pairs[(*one.sender, *one.receiver)] += 1
        marks = one.delimiters
        seen.marks = {"element": marks.element.decode("latin-1"), "component": marks.component.decode("latin-1"),
                      "terminator": marks.terminator.decode("latin-1")}  # fmt: skip
        seen.envelope, seen.test = one.version, seen.test or one.usage == "T"
        for group in one.groups:
            seen.groups |= {one.sender[1]: group.sender, one.receiver[1]: group.receiver}
            for each in group.sets:
                seen.sets[one.sender[1], each.id, group.version] += 1
                for segment in each:
                    for at in _ITEMS_AT.get(segment.id, ()):
                        q = segment[at] if at < len(segment) else ""
                        if len(q) == 2 and q not in _NO_ITEM:
                            seen.items[q] += 1


def _see_edifact(body: bytes, seen: _Seen) -> None:
    interchanges, _ = read_edifact(body)
    for one in interchanges:
        unb = one.header
        seen.pairs[unb.get(2, 2), unb.get(2), unb.get(3, 2), unb.get(3)] += 1
        seen.envelope, seen.test = (
            f"{unb.get(1) or 'UNOC'}:{unb.get(1, 2) or '3'}",
            seen.test or unb.get(11) == "1",
        )
        for message in one.messages:
            seen.sets[unb.get(2), message.type, message.version] += 1


def _written(seen: _Seen, us: str | None) -> Guess:
    remarks: list[str] = []
    (sq, sender, rq, receiver), _ = seen.pairs.most_common(1)[0]
    if us is not None and us not in (sender, receiver):
        raise Invalid(
            f"{us} is in none of the samples: they go from {sender} to {receiver}", path="--us", value=us,
            fix=f"say --us {receiver}, or --us {sender} where the samples are ours",
        )  # fmt: skip
    ours = us or receiver
    if us is None:
        remarks.append(
            f"{receiver} was taken for us, because the samples are sent to it; say --us ID otherwise"
        )
    (uq, tq, theirs) = (rq, sq, sender) if ours == receiver else (sq, rq, receiver)
    versions: Counter[str] = Counter()
    for (_, _, at), count in seen.sets.items():
        versions[at] += count
    version = versions.most_common(1)[0][0] if versions else ("004010" if seen.standard == "x12" else "D96A")
    remarks.append(f"version {version} is the one that most sets bear")
    lines = [
        "partner: 1", f"standard: {seen.standard}", _party("us", ours, uq, seen), _party("them", theirs, tq, seen),
        f'version: "{version}"', f'envelope: "{seen.envelope}"', "usage: test",
    ]  # fmt: skip
    remarks.append(
        "usage is test until you say production"
        + (", as in the samples" if seen.test else "; the samples are production")
    )
    usual = {"element": "*", "component": ">", "terminator": "~"}
    odd = {name: mark for name, mark in seen.marks.items() if usual.get(name) != mark and mark.isprintable()}
    if odd:
        lines.append(
            "delimiters: {" + ", ".join(f"{name}: {_quoted(mark)}" for name, mark in odd.items()) + "}"
        )
        remarks.append("delimiters are those of the last sample")
    lines.append("documents:")
    for (by, set_id, at), count in sorted(seen.sets.items()):
        lines += _document(by == theirs, set_id, at, version, count, remarks)
    if seen.items:
        found = ", ".join(qualifier for qualifier, _ in seen.items.most_common(6))
        lines.append(
            f"items: {{qualifiers: [{', '.join(_quoted(q) for q, _ in seen.items.most_common(6))}]}}"
        )
        remarks.append(f"item numbers stand under {found}: put first the one that is our own")
    lines.append(
        f'acknowledge: {{form: "{_CONTROL["X12" if seen.standard == "x12" else "EDIFACT"]}", within_h: 24}}'
    )
    remarks.append("acknowledgements are expected within 24 hours: ask the partner")
    lines.append("transport: {type: none}")
    remarks.append("nothing says how files travel: set transport to folder, sftp or as2")
    body = "\n".join(lines) + "\n"
    missing = _missing(body, seen, theirs)
    head = "".join(f"# fill in: {one}\n" for one in missing)
    head += "".join(f"# guessed: {remark}\n" for remark in remarks)
    return Guess(head + body, remarks, missing)


def _missing(body: str, seen: _Seen, theirs: str) -> list[str]:
    """What keeps a profile from being sound, in the words of its check."""
    problems: list[Misconfigured] = []
    read_partner("guessed", body, "", problems, None, {})
    found: list[str] = []
    for one in problems:
        if one.path == "documents":
            sets = sorted(
                {f"{set_id} {'from' if by == theirs else 'to'} the partner" for by, set_id, _ in seen.sets}
            )
            told = f"; the samples hold {', '.join(sets)}" if sets else ""
            found.append(f"documents: nothing that the hub exchanges stands in the samples{told}")
        else:
            found.append(f"{one.path}: {one.says}; {one.fix}")
    return found


def _party(name: str, id_: str, qualifier: str, seen: _Seen) -> str:
    group = seen.groups.get(id_, id_)
    more = f", group: {_quoted(group)}" if group and group != id_ else ""
    return f"{name}: {{id: {_quoted(id_)}, qualifier: {_quoted(qualifier)}{more}}}"


def _document(theirs: bool, set_id: str, at: str, version: str, count: int, remarks: list[str]) -> list[str]:  # noqa: FBT001
    way = Direction.IN if theirs else Direction.OUT
    if set_id in _ANSWERS:
        return []
    if (way, set_id) not in MEANINGS:
        remarks.append(f"{set_id} ({count} times) has no meaning here in this direction and was left out")
        return [f'  # - {{set: "{set_id}", direction: {way}}}  # not exchanged by the hub']
    own = f', version: "{at}"' if at != version else ""
    return [f'  - {{set: "{set_id}", direction: {way}{own}}}']


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
