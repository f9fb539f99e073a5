"""The writer: plain values as interchanges with exact envelopes; what cannot be written is refused, never bent."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from crossdock.faults import Invalid
from crossdock.formats.x12.dictionary import has_short_dates
from crossdock.formats.x12.header import ISA_BYTES, WIDTHS
from crossdock.formats.x12.tree import Delimiters, Group, Interchange, Repeats, Row, Segment, Set, Value

CONTROL_MAX = 999_999_999

#: basic: the capital letters, digits and signs that every partner reads. ascii: X12's extended set. The others only
#: by agreement.
Charset = Literal["basic", "ascii", "latin-1", "utf-8"]

_BASIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"&'()*+,-./:;?= ")
_CHOICES = {
    "element": b"*|^\x1d",
    "component": b">:<\\\x1f",
    "repetition": b"^!`\x1e",
    "terminator": b"~'\x1c",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """What the caller says of an interchange; everything else in ISA follows from it.

    `sender` and `receiver` are qualifier and id. `control` is ISA13, from 1 to 999999999. `when` is in the time of
    the sender.
    """

    sender: tuple[str, str]
    receiver: tuple[str, str]
    control: int
    when: datetime.datetime
    version: str = "00401"
    usage: str = "P"
    wants_acknowledgement: bool = False
    authorization: tuple[str, str] = ("00", "")
    security: tuple[str, str] = ("00", "")


def interchange(
    heading: Heading, delimiters: Delimiters | None = None, *, charset: Charset = "ascii"
) -> Interchange:
    """An empty interchange. Raises Invalid when an element does not fit its fixed width or the delimiters clash."""
    marks = delimiters or default_delimiters(heading.version)
    _check_delimiters(marks, heading.version)
    control = _control(heading.control, "ISA13")
    eleventh = marks.repetition.decode("latin-1") if marks.repetition else "U"
    elements = (
        *heading.authorization,
        *heading.security,
        *heading.sender,
        *heading.receiver,
        heading.when.strftime("%y%m%d"),
        heading.when.strftime("%H%M"),
        eleventh,
        heading.version,
        f"{control:09}",
        "1" if heading.wants_acknowledgement else "0",
        heading.usage,
    )
    fixed = [b"ISA"]
    for position, (text, width) in enumerate(zip(elements, WIDTHS[:15], strict=True), 1):
        own = position == 11 and marks.repetition is not None
        raw = text.encode("latin-1") if own else _encoded(text, marks, charset, f"ISA{position:02}")
        if len(raw) > width or (position not in (2, 4, 6, 8) and len(raw) != width):
            says = f"ISA{position:02} must be {width} wide, {text!r} is {len(raw)}"
            raise Invalid(says, path=f"ISA{position:02}", value=text, fix="shorten it or fill it up")
        fixed.append(raw.ljust(width))
    raw = marks.element.join([*fixed, marks.component])
    assert len(raw) == ISA_BYTES - 1, "ISA has a fixed width"
    return Interchange(Segment(raw, marks), marks)


def default_delimiters(version: str) -> Delimiters:
    """The usual delimiters; with a repetition separator from version 00402 on."""
    return Delimiters(repetition=b"^" if version >= "00402" else None)


def choose_delimiters(rows: Iterable[Row], preferred: Delimiters) -> Delimiters:
    """The preferred delimiters, another in place of each that stands in the data. Raises Invalid when none is left."""
    texts: list[str] = []
    for row in rows:
        for value in row:
            texts.extend((value,) if isinstance(value, str) else _texts(value))
    used = set("".join(texts).encode("utf-8"))
    taken: set[bytes] = set()
    chosen: dict[str, bytes | None] = {}
    for role, others in _CHOICES.items():
        wanted: bytes | None = getattr(preferred, role)
        if wanted is None:
            chosen[role] = None
            continue
        ways = [wanted, *(others[index : index + 1] for index in range(len(others)))]
        free = [way for way in ways if way not in taken and not used.intersection(way)]
        if not free:
            says = f"every character that could be the {role} separator stands in the data"
            raise Invalid(says, path=role, fix="take one of them out of the data")
        chosen[role] = free[0]
        taken.add(free[0])
    element, component, terminator = chosen["element"], chosen["component"], chosen["terminator"]
    assert element and component and terminator
    return Delimiters(element, component, terminator, chosen["repetition"], preferred.suffix)


def add_group(
    to: Interchange,
    family: str,
    control: int,
    version: str,
    when: datetime.datetime,
    *,
    sender: str | None = None,
    receiver: str | None = None,
    agency: str = "X",
    charset: Charset = "ascii",
) -> Group:
    """A new group of the interchange; `sender` and `receiver` are GS02 and GS03, those of ISA where not given."""
    row = (
        "GS",
        family,
        sender or to.sender[1],
        receiver or to.receiver[1],
        when.strftime("%y%m%d" if has_short_dates(version) else "%Y%m%d"),
        when.strftime("%H%M"),
        str(_control(control, "GS06")),
        agency,
        version,
    )
    header = Segment(
        encode(row, to.delimiters, charset, path=f"GS {control}"), to.delimiters, charset_name(charset)
    )
    group = Group(header, to)
    to.groups.append(group)
    to.group_count += 1
    return group


def add_set(
    to: Group,
    set_id: str,
    control: int | str,
    rows: Sequence[Row],
    *,
    implementation: str = "",
    charset: Charset = "ascii",
) -> Set:
    """A new set of the group, its segments between ST and SE given as rows.

    A control number is written with at least four digits. Raises Invalid, with the place, for data that holds a
    delimiter or a character outside of the charset.
    """
    number = f"{_control(control, 'ST02'):04}" if isinstance(control, int) else control
    if not 4 <= len(number) <= 9 or not number.isalnum():
        raise Invalid(
            f"{number!r} is no set control number", path="ST02", value=number, fix="give 4 to 9 digits"
        )
    marks, path = to.interchange.delimiters, f"set {set_id} {number}"
    raw = [encode(("ST", set_id, number, implementation), marks, charset, path=f"{path} / segment 1")]
    for index, row in enumerate(rows, 2):
        raw.append(encode(row, marks, charset, path=f"{path} / segment {index}"))
    trailer = encode(("SE", str(len(raw) + 1), number), marks, charset, path=path)
    name = charset_name(charset)
    one = Set(
        Segment(raw[0], marks, name),
        to,
        raw=[*raw, trailer],
        charset=name,
        trailer=Segment(trailer, marks, name),
    )
    to.sets.append(one)
    to.set_count += 1
    return one


def write(one: Interchange) -> bytes:
    """The bytes of an interchange; its counts are counted anew, its control numbers are those of its headers."""
    marks = one.delimiters
    end = marks.terminator + marks.suffix

    def trailer(id_: bytes, count: int, header: Segment, position: int) -> bytes:
        elements = header.raw.split(marks.element)
        number = elements[position].strip() if position < len(elements) else b""
        return marks.element.join([id_, str(count).encode(), number])

    out = [_exact(one)]
    out.extend(segment.raw for segment in one.acknowledged)
    for group in one.groups:
        out.append(group.header.raw)
        for each in group.sets:
            body = each.raw[: -1 if each.trailer else None]
            out.extend(body)
            out.append(trailer(b"SE", len(body) + 1, each.header, 2))
        out.append(trailer(b"GE", len(group.sets), group.header, 6))
    out.append(trailer(b"IEA", len(one.groups), one.header, 13))
    return end.join(out) + end


def encode(row: Row, delimiters: Delimiters, charset: Charset = "ascii", *, path: str = "") -> bytes:
    """One segment as bytes, trailing empty elements left out.

    Raises Invalid, with the place, for a value that holds a delimiter or a character outside of the charset.
    """
    plain = _plain(row, delimiters, charset)
    if plain is not None:
        return plain
    id_ = row[0]
    assert isinstance(id_, str), "a segment begins with its id"
    elements = [_encoded(id_, delimiters, charset, path)]
    for position, value in enumerate(row[1:], 1):
        elements.append(_value(value, delimiters, charset, f"{path} ({id_}{position:02})".lstrip()))
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return delimiters.element.join(elements)


def _plain(row: Row, delimiters: Delimiters, charset: Charset) -> bytes | None:
    """A segment of plain texts in which nothing is wrong; None where each value must be looked at by itself."""
    mark = delimiters.element
    if (
        charset == "basic"
        or len(mark) != 1
        or mark >= b"\x80"
        or not all(type(value) is str for value in row)
    ):
        return None
    texts = cast("Sequence[str]", row)
    whole = "".join(texts)
    if not whole.isprintable():
        return None
    try:
        raw = whole.encode(charset)
    except UnicodeEncodeError:
        return None
    if any(one in raw for one in delimiters.all):
        return None
    return mark.decode("ascii").join(texts).encode(charset).rstrip(mark)


def charset_name(charset: Charset) -> str:
    """The codec of a charset."""
    return "ascii" if charset == "basic" else charset


def _value(value: Value, delimiters: Delimiters, charset: Charset, path: str) -> bytes:
    if isinstance(value, str):
        return _encoded(value, delimiters, charset, path)
    if isinstance(value, Repeats):
        if delimiters.repetition is None:
            says = "the value is repeated, and this version of the envelope has no repetition separator"
            raise Invalid(
                says, path=path, value=str(value.values), fix="send one value, or use version 00402 or later"
            )
        return delimiters.repetition.join(_value(one, delimiters, charset, path) for one in value.values)
    parts = [_encoded(part, delimiters, charset, f"{path}-{index}") for index, part in enumerate(value, 1)]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return delimiters.component.join(parts)


def _encoded(text: str, delimiters: Delimiters, charset: Charset, path: str) -> bytes:
    if not text:
        return b""
    try:
        raw = text.encode(charset_name(charset))
    except UnicodeEncodeError as error:
        says = f"{text[error.start]!r} is not in the charset {charset}"
        fix = "write it with letters of that charset, or agree on another with the partner"
        raise Invalid(says, path=path, value=text, fix=fix) from error
    if charset == "basic" and not _BASIC.issuperset(text):
        outside = next(character for character in text if character not in _BASIC)
        says = f"{outside!r} is not in X12's basic character set"
        raise Invalid(says, path=path, value=text, fix="write it in capital letters without it")
    for mark in delimiters.all:
        if mark in raw:
            says = f"the value holds {mark.decode('latin-1')!r}, which is a delimiter of this interchange"
            raise Invalid(
                says, path=path, value=text, fix="take it out of the value, or choose other delimiters"
            )
    if not text.isprintable():
        says = "the value holds a control character"
        raise Invalid(says, path=path, value=text, fix="send printable characters only")
    return raw


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Repeats):
        return [text for one in value.values for text in _texts(one)]
    return value


def _control(number: int | str, path: str) -> int:
    if isinstance(number, int) and 1 <= number <= CONTROL_MAX:
        return number
    says = f"{number!r} is no control number"
    raise Invalid(
        says, path=path, value=number, fix=f"give a number from 1 to {CONTROL_MAX}; begin again at 1 after it"
    )


def _check_delimiters(marks: Delimiters, version: str) -> None:
    every = marks.all
    bad = [one for one in every if len(one) != 1 or one.isalnum() or one in b" -." or one[0] >= 0x80]
    if bad or len(set(every)) != len(every):
        says = "delimiters are different single characters, and no letters, digits, blanks, points or minus signs"
        raise Invalid(says, path="delimiters", value=every, fix="use * > ~ and ^")
    if marks.repetition and version < "00402":
        says = f"version {version} of the envelope has no repetition separator"
        raise Invalid(
            says, path="ISA11", value=marks.repetition, fix="leave it out, or use version 00402 or later"
        )
    if marks.suffix.strip(b"\r\n"):
        raise Invalid(
            "only line breaks may follow a terminator", path="delimiters", value=marks.suffix, fix="use CR LF"
        )


def _exact(one: Interchange) -> bytes:
    """The header at its fixed width, whatever width it was read with."""
    marks = one.delimiters
    elements = [
        text.strip() if position in (2, 4, 6, 8) else text
        for position, text in enumerate(one.header.elements)
    ]
    if len(elements) != 17:
        says = f"ISA has {len(elements) - 1} elements where it needs 16"
        raise Invalid(says, path="ISA", fix="build the interchange with all of them")
    fixed = [b"ISA"]
    for position, width in enumerate(WIDTHS[:15], 1):
        raw = elements[position].encode(one.header.charset)
        if len(raw) > width:
            says = f"ISA{position:02} is wider than {width}"
            raise Invalid(says, path=f"ISA{position:02}", value=elements[position], fix="shorten it")
        fixed.append(raw.ljust(width))
    return marks.element.join([*fixed, marks.component])
