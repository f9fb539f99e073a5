"""The rules of the envelope: headers, trailers, counts and control numbers of interchange, group and set."""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right

from crossdock.formats.edi.finding import Finding, Severity
from crossdock.formats.x12.tree import Group, Interchange, Segment, Set

RUNS_MAX = 100_000  #: stretches of control numbers that are remembered

#: Of the ids of partners (ISA05, ISA07), as far as they are in use.
QUALIFIERS = frozenset([f"{number:02}" for number in range(1, 39)] + ["AM", "NR", "SA", "SN", "ZZ"])
_TIME = re.compile(r"([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?")


class Unique:
    """The control numbers met; numbers in a row take the room of one."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._words: set[str] = set()

    def add(self, control: str) -> bool:
        """Whether a control number is new; True without remembering it once RUNS_MAX stretches are known."""
        if not (control.isdecimal() and control.isascii()) or len(control) > 15:
            new = control not in self._words
            if len(self._words) < RUNS_MAX:
                self._words.add(control)
            return new
        number = int(control)
        at = bisect_right(self._starts, number) - 1
        if at >= 0 and number <= self._ends[at]:
            return False
        if at >= 0 and number == self._ends[at] + 1:
            self._ends[at] = number
        elif len(self._starts) < RUNS_MAX:
            self._starts.insert(at + 1, number)
            self._ends.insert(at + 1, number)
        return True


def is_date(text: str) -> bool:
    """Whether text is CCYYMMDD, or YYMMDD of this century."""
    if not (text.isdecimal() and text.isascii()) or len(text) not in (6, 8):
        return False
    full = text if len(text) == 8 else f"20{text}"
    try:
        datetime.date(int(full[:4]), int(full[4:6]), int(full[6:]))
    except ValueError:
        return False
    return True


def is_time(text: str) -> bool:
    """Whether text is HHMM, HHMMSS, HHMMSSD or HHMMSSDD."""
    return _TIME.fullmatch(text) is not None


def same_number(one: str, other: str) -> bool:
    """Whether two control numbers are the same, leading zeros or not."""
    one, other = one.strip(), other.strip()
    return one == other or (one.isdecimal() and other.isdecimal() and one.lstrip("0") == other.lstrip("0"))


def is_count(text: str, count: int) -> bool:
    """Whether text is that number."""
    text = text.strip()
    return text.isdecimal() and text.isascii() and len(text) <= 12 and int(text) == count


def header_findings(interchange: Interchange) -> list[Finding]:
    """What is wrong in the elements of ISA, each with its TA1 note."""
    isa = interchange.header
    found: list[Finding] = []

    def tell(position: int, note: str, says: str, fix: str, severity: Severity = "error") -> None:
        found.append(
            Finding(
                f"x12.isa{position:02}",
                f"ISA{position:02} {says}",
                fix,
                severity=severity,
                interchange=interchange.control,
                segment_number=1,
                segment_id="ISA",
                element=f"{position:02}",
                value=isa[position],
                position=interchange.position,
                ack=f"TA1:{note}" if severity == "error" else None,
            )
        )

    if len(isa[1].strip()) != 2:
        tell(1, "010", "is no authorization qualifier", "send 00 when there is no authorization information")
    if len(isa[3].strip()) != 2:
        tell(3, "012", "is no security qualifier", "send 00 when there is no security information")
    for position, note, who in ((5, "005", "sender"), (7, "007", "receiver")):
        if isa[position].strip() not in QUALIFIERS:
            tell(
                position,
                note,
                f"is no known qualifier of the {who}'s id",
                "send a qualifier such as 01, 12 or ZZ",
            )
        if not isa[position + 1].strip():
            tell(
                position + 1, f"00{position + 1}", f"is empty: the {who} is not named", f"send the {who}'s id"
            )
    if len(isa[9].strip()) != 6 or not is_date(isa[9].strip()):
        tell(9, "014", "is no date", "send the date as YYMMDD")
    if len(isa[10].strip()) != 4 or not is_time(isa[10].strip()):
        tell(10, "015", "is no time", "send the time as HHMM")
    if re.fullmatch(r"\d{5}", isa[12].strip()) is None:
        tell(12, "017", "is no version of the envelope", "send five digits, such as 00401 or 00501")
    if isa[12].strip() < "00402" and isa[11].strip() not in ("U", "") and isa[11].strip().isalnum():
        tell(
            11, "016", "names no standard", "send U before 00402, a repetition separator from then on", "note"
        )
    if re.fullmatch(r"\d{9}", isa[13].strip()) is None:
        tell(13, "018", "is no control number", "send nine digits")
    if isa[14].strip() not in ("0", "1"):
        tell(14, "019", "does not say whether a TA1 is wanted", "send 0 or 1")
    if isa[15].strip() not in ("P", "T", "I"):
        tell(15, "020", "is no usage indicator", "send P for production or T for test")
    if isa[16][:1].isalnum() or isa[16] in ("", " "):
        tell(16, "027", "is no component separator", "send a character that stands in no data, such as >")
    return found


def interchange_end(interchange: Interchange, trailer: Segment | None, position: int) -> list[Finding]:
    """What is wrong at the end of an interchange: IEA missing, its count or its control number."""
    if trailer is None:
        says = "the interchange ends without IEA"
        fix = f"end it with IEA, {interchange.group_count} groups, control number {interchange.control}"
        return [_at_interchange(interchange, "x12.iea_missing", says, fix, None, "TA1:023", position)]
    found: list[Finding] = []
    if not is_count(trailer[1], interchange.group_count):
        says = f"IEA01 says {trailer[1]!r} groups, the interchange holds {interchange.group_count}"
        fix = f"send {interchange.group_count}, or the groups that are missing"
        found.append(_at_interchange(interchange, "x12.iea01", says, fix, (1, trailer), "TA1:021", position))
    if trailer[2] != interchange.header[13]:
        says = f"IEA02 says {trailer[2]!r}, ISA13 {interchange.control!r}"
        fix = "send the same control number in both"
        found.append(_at_interchange(interchange, "x12.iea02", says, fix, (2, trailer), "TA1:001", position))
    return found


def outside(interchange: Interchange, group: Group | None, raw: str, says: str, position: int) -> Finding:
    """A segment that stands where the envelope has none."""
    fix = "send segments inside ST and SE, sets inside GS and GE, groups inside ISA and IEA"
    return Finding(
        "x12.outside",
        says,
        fix,
        interchange=interchange.control,
        group=group.control if group else None,
        segment_number=position - interchange.position + 1,
        segment_id=raw,
        position=position,
        ack="TA1:022",
    )


def _at_interchange(
    interchange: Interchange,
    code: str,
    says: str,
    fix: str,
    element: tuple[int, Segment] | None,
    ack: str,
    position: int,
) -> Finding:
    return Finding(
        code,
        says,
        fix,
        interchange=interchange.control,
        segment_number=position - interchange.position + 1,
        segment_id="IEA",
        element=f"{element[0]:02}" if element else None,
        value=element[1][element[0]] if element else None,
        position=position,
        ack=ack,
    )


def group_begin(group: Group, *, new: bool) -> list[Finding]:
    """What is wrong in the elements of GS."""
    gs = group.header
    found: list[Finding] = []

    def tell(position: int, ack: str | None, says: str, fix: str) -> None:
        found.append(
            _at_group(group, f"x12.gs{position:02}", f"GS{position:02} {says}", fix, (position, gs), ack)
        )

    if re.fullmatch(r"[A-Z]{2}", group.family) is None:
        tell(1, "AK905:1", "names no kind of group", "send the functional identifier, such as PO")
    for position, who in ((2, "sender"), (3, "receiver")):
        if not 2 <= len(gs[position].strip()) <= 15:
            tell(position, None, f"is no code of the application {who}", "send 2 to 15 characters")
    if not is_date(gs[4].strip()):
        tell(4, None, "is no date", "send the date as CCYYMMDD")
    if not is_time(gs[5].strip()):
        tell(5, None, "is no time", "send the time as HHMM")
    if re.fullmatch(r"\d{1,9}", group.control) is None:
        tell(6, "AK905:6", "is no control number", "send one to nine digits")
    elif not new:
        tell(6, "AK905:6", "stands twice in the interchange", "give each group its own control number")
    if gs[7].strip() not in ("X", "T"):
        tell(7, None, "names no responsible agency", "send X (ASC X12) or T (TDCC)")
    if not group.version:
        tell(8, "AK905:2", "names no version", "send the version, such as 004010")
    return found


def group_end(group: Group, trailer: Segment | None, position: int) -> list[Finding]:
    """What is wrong at the end of a group: GE missing, its count or its control number."""
    if trailer is None:
        says = "the group ends without GE"
        fix = f"end it with GE, {group.set_count} sets, control number {group.control}"
        return [_at_group(group, "x12.ge_missing", says, fix, None, "AK905:3", position)]
    found: list[Finding] = []
    if not is_count(trailer[1], group.set_count):
        says = f"GE01 says {trailer[1]!r} sets, the group holds {group.set_count}"
        fix = f"send {group.set_count}, or the sets that are missing"
        found.append(_at_group(group, "x12.ge01", says, fix, (1, trailer), "AK905:5", position))
    if not same_number(trailer[2], group.control):
        says = f"GE02 says {trailer[2]!r}, GS06 {group.control!r}"
        found.append(
            _at_group(
                group,
                "x12.ge02",
                says,
                "send the same control number in both",
                (2, trailer),
                "AK905:4",
                position,
            )
        )
    return found


def _at_group(
    group: Group,
    code: str,
    says: str,
    fix: str,
    element: tuple[int, Segment] | None,
    ack: str | None,
    position: int | None = None,
) -> Finding:
    where = group.position if position is None else position
    return Finding(
        code,
        says,
        fix,
        interchange=group.interchange.control,
        group=group.control,
        segment_number=where - group.interchange.position + 1,
        segment_id="GS" if position is None else "GE",
        element=f"{element[0]:02}" if element else None,
        value=element[1][element[0]] if element else None,
        position=where,
        ack=ack,
    )


def set_begin(one: Set, *, new: bool) -> list[Finding]:
    """What is wrong in ST: the set's id, its control number."""
    found: list[Finding] = []
    if re.fullmatch(r"[0-9A-Z]{3}", one.id) is None:
        says = f"ST01 says {one.id!r}, which names no transaction set"
        found.append(
            _at_set(
                one, "x12.st01", says, "send three digits, such as 850", 1, "ST", (1, one.header), "AK502:6"
            )
        )
    if not 4 <= len(one.header[2]) <= 9:
        says = f"ST02 says {one.header[2]!r}, which is no control number"
        found.append(
            _at_set(one, "x12.st02", says, "send four to nine digits", 1, "ST", (2, one.header), "AK502:7")
        )
    elif not new:
        says = f"ST02 says {one.control!r} for a second set of the group"
        fix = "give each set of the group its own control number"
        found.append(_at_set(one, "x12.st02_twice", says, fix, 1, "ST", (2, one.header), "AK502:23"))
    return found


def set_end(one: Set, trailer: Segment | None, count: int) -> list[Finding]:
    """What is wrong at the end of a set of `count` segments: SE missing, its count or its control number."""
    if trailer is None:
        says = "the set ends without SE"
        fix = f"end it with SE, {count + 1} segments, control number {one.control}"
        return [_at_set(one, "x12.se_missing", says, fix, count + 1, "SE", None, "AK502:2")]
    found: list[Finding] = []
    if not is_count(trailer[1], count):
        says = f"SE01 says {trailer[1]!r} segments, the set has {count} from ST to SE"
        fix = f"send {count}, or the segments that are missing"
        found.append(_at_set(one, "x12.se01", says, fix, count, "SE", (1, trailer), "AK502:4"))
    if trailer[2].strip() != one.control:
        says = f"SE02 says {trailer[2]!r}, ST02 {one.control!r}"
        fix = "send the same control number in both"
        found.append(_at_set(one, "x12.se02", says, fix, count, "SE", (2, trailer), "AK502:3"))
    return found


def _at_set(
    one: Set,
    code: str,
    says: str,
    fix: str,
    number: int,
    id_: str,
    element: tuple[int, Segment] | None,
    ack: str,
) -> Finding:
    return Finding(
        code,
        says,
        fix,
        interchange=one.group.interchange.control,
        group=one.group.control,
        set=one.control,
        segment_number=number,
        segment_id=id_,
        element=f"{element[0]:02}" if element else None,
        value=element[1][element[0]] if element else None,
        position=one.position + number - 1,
        ack=ack,
    )
