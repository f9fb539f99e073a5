"""What reading an interchange gives: its opening, its parts, and what is acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.faults import Fault, Invalid
from crossdock.formats.edi.finding import Finding
from crossdock.formats.edi.profile import Profile, Standard
from crossdock.kit.connector import Tree

#: Findings that an incident lists; the rest is counted.
FINDINGS_SHOWN_MAX = 5
#: ISA15 and UNB 0035 of what is not meant in earnest; before syntax 4 the latter has 1 only.
_TRIALS = ("T", "I", "1", "2", "3", "4")
#: Sets that the document of an acknowledgement lists; its text names all.
SETS_LISTED_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Opening:
    """Who sent an interchange to whom, under which control number; `several`: others follow in the same bytes."""

    sender: str
    receiver: str
    control: str
    several: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One set or message of an interchange: what it says in our words, or what is wrong with it."""

    set: str
    control: str
    document: str
    made: tuple[tuple[str, Tree, str, bool | None], ...] = ()
    wrong: Fault | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Everything in some bytes: parts, and acknowledgements as (number, tree), ours and theirs."""

    parts: Sequence[Part]
    acknowledgements: Sequence[tuple[str, Tree]]


def stranger(profile: Profile, sender: str, receiver: str) -> Invalid | None:
    """What is wrong with an interchange that is not from this partner to us; None for one that is."""
    if (sender, receiver) == (profile.them.id, profile.us.id):
        return None
    return Invalid(
        f"this is from {sender} to {receiver}, not from {profile.them.id} to {profile.us.id}",
        path="ISA06" if profile.standard is Standard.X12 else "UNB 02", value=sender,
        fix="hand it in for the system whose partner sent it, or mend the ids in its profile",
    )  # fmt: skip


def strange(wrong: Invalid, sets: Sequence[tuple[str, str]]) -> list[Part]:
    """The sets, by id and control number, of an interchange that is not this partner's."""
    return [Part(set_id, control, "interchange", wrong=wrong) for set_id, control in sets]


def trial(profile: Profile, set_id: str, control: str, mark: str) -> Invalid | None:
    """What is wrong with a set that its sender marks as a test while we are in production; None where nothing is."""
    if profile.test or mark not in _TRIALS:
        return None
    return Invalid(
        f"{set_id} {control} is marked as a test, and {profile.name} is in production",
        path="ISA15" if profile.standard is Standard.X12 else "UNB 11", value=mark,
        fix="ask the partner to send it as production; for trials its profile says `usage: test`",
    )  # fmt: skip


def fault_of(findings: Sequence[Finding], set_id: str, control: str, place: str) -> Invalid:
    """The findings of one set as one fault: the first leads to the place, the others are told beside it."""
    errors = [one for one in findings if one.severity == "error"]
    first, more = errors[0], len(errors) - 1
    says = f"{set_id} {control}: {_told(first)}"
    for other in errors[1:FINDINGS_SHOWN_MAX]:
        says += f"; {_told(other)}"
    if more >= FINDINGS_SHOWN_MAX:
        says += f"; and {more - FINDINGS_SHOWN_MAX + 1} more"
    return Invalid(says, path=f"{set_id}[{control}]/{place}", value=first.value, fix=first.fix)


def _told(finding: Finding) -> str:
    where = f"segment {finding.segment_number} {finding.segment_id or ''}{finding.element or ''}".strip()
    return f"{where}: {finding.says}"


def place_of(ids: Sequence[str], finding: Finding) -> str:
    """Where a finding is, as a person counts: the third PO1 is PO1[3], its element PO103."""
    id_ = finding.segment_id or ""
    at = (finding.segment_number or 1) - 1
    nth = list(ids[: at + 1]).count(id_)
    place = f"{id_}[{max(nth, 1)}]"
    return f"{place}/{id_}{finding.element}" if finding.element else place
