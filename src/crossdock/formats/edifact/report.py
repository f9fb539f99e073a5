"""What a check found: one report for each message and each interchange."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.formats.edi.finding import Finding
from crossdock.formats.edifact.wire.segment import Segment

#: Findings that say that the envelope does not hold together, whatever stands in the messages.
STRUCTURAL = frozenset(
    {
        "edifact.bad_tag",
        "edifact.blank",
        "edifact.count_mismatch",
        "edifact.empty_group",
        "edifact.empty_interchange",
        "edifact.empty_segment",
        "edifact.junk",
        "edifact.last_terminator",
        "edifact.mixed_groups",
        "edifact.outside",
        "edifact.reference_mismatch",
        "edifact.una_missing",
        "edifact.unb_missing",
        "edifact.une_missing",
        "edifact.unt_missing",
        "edifact.unz_missing",
        "edifact.wrapped",
    }
)


@dataclass(frozen=True, slots=True)
class MessageReport:
    """One message: what it is, where it stands, and what is wrong in it."""

    header: Segment  #: UNH
    reference: str
    type: str
    version: str  #: as D96A
    association: str  #: as EAN008
    group: Segment | None  #: UNG, where it stands in a group
    position: int  #: of UNH in the file, from 1
    segments: int
    grammar: str | None  #: the directory by which it was checked; None: only its envelope was
    findings: tuple[Finding, ...]
    interchange: str = ""  #: its reference

    @property
    def rejected(self) -> bool:
        """Whether anything in it breaks the standard."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def well_formed(self) -> bool:
        """Whether its header and trailer hold together."""
        return not any(finding.code in STRUCTURAL for finding in self.findings)


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One group with something wrong in its header or trailer."""

    header: Segment  #: UNG
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class InterchangeReport:
    """One interchange: who sent it to whom, how many messages it has, and what is wrong around them."""

    header: Segment | None  #: UNB, None where it is missing
    reference: str
    sender: tuple[str, str]  #: identification and qualifier
    recipient: tuple[str, str]
    level: str  #: as UNOC
    version: str  #: of the syntax, as 3
    test: bool
    acknowledge: bool  #: whether UNB asks for a CONTRL
    messages: int
    types: frozenset[str]  #: of its messages
    rejected: tuple[MessageReport, ...]  #: its messages that break the standard, at most REJECTED_MAX
    rejected_count: int
    groups: tuple[GroupReport, ...]  #: its groups that are damaged
    findings: tuple[Finding, ...]  #: those of its groups among them
    well_formed: bool  #: whether its headers and trailers hold together, those of its messages too

    @property
    def damaged(self) -> bool:
        """Whether the interchange itself breaks the standard, so that it is refused as a whole."""
        return any(finding.severity == "error" and finding.group is None for finding in self.findings)


REJECTED_MAX = 10_000  #: reports kept for an answer; more are only counted
