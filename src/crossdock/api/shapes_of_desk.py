"""The shapes of what a supervisor asks and gets: playbooks, effects, acts on many, replays, notes, reports."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class DeskClock(BaseModel):
    """The clock of one incident where it does not stand as it was opened."""

    level: int = Field(description="How often it went to the next role.")
    sleeps_until: str | None
    clock_at: str | None = Field(description="When it goes to the next role; null: it does not.")


class OurField(BaseModel):
    """A field of our document that a person may mend."""

    path: str
    text: bool


class PlaybookStep(BaseModel):
    """One thing to do."""

    says: str
    act: str | None = Field(description="The button for it; null: there is none.")
    may: bool | None = Field(None, description="Beside an incident: whether it can be done now.")


class PlaybookItem(BaseModel):
    """What to do about one type of incident."""

    type: str
    says: str
    found: str = Field(description="How the hub notices it.")
    harm: str = Field(description="What it costs while nobody acts.")
    severity: str
    owner: str
    respond_s: float = Field(description="How soon somebody must have looked.")
    escalate: list[str] = Field(description="Who gets it, one after the other, while nobody takes it.")
    steps: list[PlaybookStep]
    to: str = Field(description="Whom the message is for: sender, target, inside.")
    message: str


class Playbooks(BaseModel):
    """Every playbook."""

    items: list[PlaybookItem]


class MemberEffect(BaseModel):
    """What would become of one document."""

    incident: str
    member: str
    document: str
    number: str
    passes: bool
    says: str = Field(description="Where it does not pass: why.")
    type: str
    changes: list[dict[str, Any]] = Field(description="Of our document: path, before, after.")
    sendings: list[dict[str, Any]] = Field(
        description="For each target: request, body, key (same or new), and changes against what it got before."
    )


class ActEffect(BaseModel):
    """What an act on some incidents would do."""

    act: str
    incidents: list[str]
    members: int
    tried: int
    would_pass: int
    would_fail: int
    targets: dict[str, int]
    known_keys: dict[str, int] = Field(description="Of those, how many under a key that the target knows.")
    reasons: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    items: list[MemberEffect]
    says: str


class RunItem(BaseModel):
    """An act on many things, and how far it is."""

    id: str
    kind: str = Field(description="bulk or replay")
    who: str
    why: str
    state: str = Field(description="asked, running, ended, refused")
    says: str
    total: int
    done: int
    failed: int
    at: str
    ended_at: str | None
    given: dict[str, Any]
    failures: list[dict[str, str]] | None = Field(
        None, description="Of one bulk act: what could not be ended."
    )
    left_out: int | None = Field(None, description="Of one replay.")
    items: list[dict[str, Any]] | None = Field(None, description="Of one replay: its first deliveries.")


class RunItems(BaseModel):
    """Acts on many things, newest first."""

    items: list[RunItem]


class ReplayEffect(BaseModel):
    """What a replay would send again."""

    to: str
    count: int
    again: int
    left_out: int
    judged: int
    kinds: dict[str, int]
    key: str
    key_says: str
    warning: str
    may: bool
    reasons: list[dict[str, Any]]
    items: list[dict[str, Any]]
    says: str


class ShiftNote(BaseModel):
    """What one shift told the next."""

    id: str
    who: str
    to: str
    says: str
    incidents: int
    at: str


class ShiftNotes(BaseModel):
    """Notes, newest first."""

    items: list[ShiftNote]


class ReportLine(BaseModel):
    """One type, item, system or owner."""

    name: str
    says: str
    count: int
    open: int
    minutes: int = Field(description="From the first look to the end.")
    first: str
    last: str
    weeks: list[int] | None = Field(description="Of a type: the eight weeks up to this one.")


class WeeklyReport(BaseModel):
    """A week at the desk."""

    week: str
    from_: str = Field(alias="from")
    until: str
    opened: int
    ended: int
    minutes: int
    trend: list[dict[str, Any]]
    by: dict[str, list[ReportLine]] = Field(description="type, sku, system, owner")
    says: str


class Selected(BaseModel):
    """An act on some incidents: named one by one, or by what they have in common."""

    act: str = Field(description="retry, fix or resolve")
    body: dict[str, Any] = Field(default_factory=dict, description="Of the act, as for one incident.")
    incidents: list[str] | None = None
    type: str | None = None
    system: str | None = None
    owner: str | None = None
    why: str | None = None


class ReplayOrder(BaseModel):
    """Which deliveries shall be made again."""

    to: str
    from_: str | None = Field(None, alias="from", description="A time with its zone.")
    until: str | None = None
    document: str | None = None
    origin: str | None = None
    numbers: list[str] | None = Field(None, description="In place of a time: these numbers.")
    key: str | None = Field(None, description="same, ask or new; absent: the safest for this flow")
    why: str | None = None
    expect: int | None = Field(None, description="The count of the preview; another one is refused.")


class HandOver(BaseModel):
    """All open incidents of one owner for another."""

    to: str
    says: str | None = None
    of: str | None = Field(None, description="Whose; absent: one's own.")
