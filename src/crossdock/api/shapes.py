"""The shapes of the answers, for the OpenAPI document; the answers themselves are written as plain trees."""

from __future__ import annotations

from pydantic import BaseModel, Field

from crossdock.api.shapes_of_desk import DeskClock, OurField
from crossdock.api.shapes_of_stories import Lifecycle, Renumbered


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
    erased: bool = Field(False, description="Whether they were erased; told only where they were.")


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
    lifecycle: Lifecycle | None = None
    renumbered: Renumbered | None = None
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
    desk: DeskClock | None = None


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
    ended: str | None = Field(
        default=None, description="Since which capture it sends only what is new; null: not yet."
    )
    ended_at: str | None = Field(default=None, description="When that was said.")
    ended_by: str | None = Field(
        default=None, description="Who said so; null with `ended_at`: the hub found it out."
    )
    ended_says: str | None = Field(default=None, description="What the ledger says of it.")


class RestoredSystems(BaseModel):
    """Who hands in again."""

    systems: list[RestoredState]


class Way(BaseModel):
    """What may pass one way of a system."""

    state: str = Field(description="open, paused, draining, drained or blackout.")
    since: str | None = None
    until: str | None = Field(None, description="Null: until a person opens it.")
    by: str | None = None
    reason: str | None = None
    whole_hub: bool | None = Field(None, description="True: closed with all the others.")
    says: str | None = Field(None, description="The same as a sentence.")
    left: int | None = Field(None, description="Of a draining way: how much has still to pass.")


class Ahead(BaseModel):
    """A blackout that has not begun."""

    way: str
    from_: str = Field(alias="from")
    until: str


class WaitingFrom(BaseModel):
    """What a system sent that is not at its end."""

    captures: int
    messages: int
    transmissions: int
    oldest_at: str | None
    backlog_max: int = Field(description="Beyond so many its door answers 429.")
    at_door: int = Field(
        description="Requests that wait at the door of this process: it floods, or the store is slow."
    )


class WaitingFor(BaseModel):
    """What a system is to get, by where it is."""

    due: int
    sending: int
    retrying: int
    in_doubt: int
    held: int
    desk: int


class BreakerState(BaseModel):
    """Whether a system that does not answer is asked."""

    state: str = Field(description="closed: it is asked. open: not now. half_open: a probe is under way.")
    since: str | None
    failures: int
    opened: int
    probes: int
    probes_good: int
    probes_needed: int
    next_probe_s: float
    says: str | None


class Calls(BaseModel):
    """How requests to a system fare, in the process that answers."""

    in_flight: int
    concurrency: int
    rate_per_s: float | None
    learned_per_s: float | None = Field(description="The slower pace that the system taught us; null: none.")
    lesson: str | None = Field(description="free, learned or futile; null: nothing is learned.")
    throttled: int | None
    throttled_at: str | None
    held_s: float
    breaker: BreakerState


class SystemItem(BaseModel):
    """How one system stands."""

    system: str
    connector: str
    in_: Way | None = Field(alias="in")
    out: Way | None
    when_closed: str
    next_blackout: Ahead | None
    hands_in_again_since: str | None = Field(
        None,
        description="The store came back from the backup of then, and it sends again; null: it does not.",
    )
    from_: WaitingFrom = Field(alias="from")
    to: WaitingFor
    calls: Calls | None = Field(description="Null: the hub never calls it.")


class HubWays(BaseModel):
    """What may pass the hub as a whole."""

    in_: Way = Field(alias="in")
    out: Way


class Systems(BaseModel):
    """Every system, in the order of the charter."""

    at: str
    hub: HubWays
    items: list[SystemItem]


class GateOrder(BaseModel):
    """Which way, and why."""

    direction: str = Field("both", pattern="^(in|out|both)$")
    reason: str | None = Field(None, max_length=1000, description="Needed to pause and to drain.")
