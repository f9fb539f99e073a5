"""The shapes of the answers, for the OpenAPI document; the answers themselves are written as plain trees."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Captures(BaseModel):
    """What was accepted, by where it is."""

    accepted: int
    waiting: int
    translated: int
    desk: int
    closed: int


class Messages(BaseModel):
    """The documents in it, by where they are."""

    made: int
    waiting: int
    routed: int
    superseded: int
    refused: int
    desk: int
    closed: int


class Transmissions(BaseModel):
    """Their sendings, by where they are."""

    made: int
    due: int
    held: int
    sending: int
    retrying: int
    in_doubt: int
    done: int
    superseded: int
    desk: int
    closed: int


class Outside(BaseModel):
    """What never became a capture."""

    repeats: int
    refused_at_door: int


class Conservation(BaseModel):
    """Accepted = done + under way + on the desk; each figure counted from its own rows in one snapshot."""

    at: str
    position: int
    balanced: bool
    captures: Captures
    messages: Messages
    transmissions: Transmissions
    outside: Outside


class Id(BaseModel):
    """What one system calls an object."""

    system: str
    id: str


class ReadVersion(BaseModel):
    """Something that a decision rested on."""

    what: str
    version: str


class BytesLink(BaseModel):
    """Bytes that an entry tells of."""

    sha256: str
    length: int
    href: str


class TraceEntry(BaseModel):
    """One line of a story."""

    position: int
    at: str
    kind: str
    system: str | None
    capture: str | None
    message: str | None
    transmission: str | None
    attempt: int | None
    says: str
    charter: str | None
    code: str | None
    reads: list[ReadVersion]
    bytes: BytesLink | None
    incident: str | None = None


class Trace(BaseModel):
    """The story of one object, by ledger position."""

    object: str
    number: str
    hub_id: str | None
    key: str | None
    ids: list[Id]
    state: str
    waits_for: str | None
    entries: list[TraceEntry]


class Choice(BaseModel):
    """One object that a number may mean."""

    system: str
    object: str
    number: str
    hub_id: str | None
    href: str


class Choices(BaseModel):
    """A number that means several objects."""

    choices: list[Choice]


class Act(BaseModel):
    """What somebody did about an incident."""

    position: int
    at: str
    says: str
    who: str | None
    act: str | None


class Difference(BaseModel):
    """One place where two contents under one number differ; values as JSON."""

    path: str
    first: str | None
    second: str | None


class TargetAnswer(BaseModel):
    """What a target said when it refused, without what looks like a secret."""

    status: int | None
    body: str


class OurField(BaseModel):
    """A field of our document that a person may mend."""

    path: str
    text: bool


class IncidentItem(BaseModel):
    """One thing that needs somebody."""

    id: str
    type: str
    severity: str
    state: str
    owner: str
    opened_at: str
    due_at: str
    system: str
    object: str
    number: str
    keys: list[str]
    members: int
    captures: list[str]
    path: str
    value: str | None
    says: str
    fix: str
    acts: list[str]
    reason: str | None = Field(None, description="Of a resolved incident: why it ended.")
    closed_at: str | None = Field(None, description="Of a resolved incident: when.")
    history: list[Act] | None = Field(None, description="Only where one incident is asked for.")
    differs: list[Difference] | None = Field(None, description="Of one duplicate_conflict: at most ten.")
    answer: TargetAnswer | None = Field(None, description="Of one refused sending.")
    fields: list[OurField] | None = Field(None, description="Of one refused sending: what may be mended.")


class Incidents(BaseModel):
    """One page of incidents, oldest first."""

    total: int
    next: str | None
    items: list[IncidentItem]


class Problem(BaseModel):
    """RFC 9457: why not, where, and what to do."""

    title: str
    status: int
    detail: str
    path: str | None = None
    fix: str | None = None
    incident: str | None = None


class Health(BaseModel):
    """Whether the process lives, or takes work."""

    status: str


class RestoredState(BaseModel):
    """A system beside a restored store."""

    system: str
    backup_at: str = Field(description="What came after this is lost.")
    since: str = Field(description="When the store was restored.")
    ended: str | None = Field(description="Since which capture it sends only what is new; null: not yet.")


class RestoredSystems(BaseModel):
    """Who hands in again."""

    systems: list[RestoredState]
