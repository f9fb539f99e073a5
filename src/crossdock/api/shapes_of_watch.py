"""The shapes of what is watched over, for the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Burn(BaseModel):
    """How fast the room for misses is used up in one window; 1 uses it up just in 30 days."""

    window_s: int
    rate: float


class LevelStanding(BaseModel):
    """A service level over the last three days."""

    name: str
    objective: float = Field(description="Percent that must be in time.")
    within_s: float
    documents: list[str]
    total: int
    good: int
    stuck: int = Field(description="Under way for longer than they may be.")
    share: float | None = Field(description="Percent that were in time.")
    burning: str | None = Field(description="fast, steady or slow; null: it holds")
    burn: list[Burn]


class Expected(BaseModel):
    """What a system should tell next."""

    system: str
    document: str
    after: str | None
    within_s: float
    waiting: int = Field(description="Clocks that run.")
    silent: int = Field(description="Clocks that have run out.")
    next_due_at: str | None


class Told(BaseModel):
    """One alert."""

    id: str
    about: str
    step: int = Field(description="1 at once, 2 when nobody took it up in time")
    way: str
    state: str
    tries: int
    at: str
    due_at: str


class Failing(BaseModel):
    """A way on which alerts do not get through now."""

    way: str
    says: str


class AlertStanding(BaseModel):
    """Alerts, the newest first."""

    counts: dict[str, int]
    failing: list[Failing]
    last: list[Told]


class BeatStanding(BaseModel):
    """The sign of life that somebody outside gets."""

    last_at: str | None
    told: int
    failed: int
    withheld: int
    says: str | None


class TraceStanding(BaseModel):
    """Spans of traces since the start."""

    sent: int
    dropped: int


class Watched(BaseModel):
    """What is watched over."""

    at: str
    works: bool
    ails: str | None
    levels: list[LevelStanding]
    expects: list[Expected]
    alerts: AlertStanding | None
    beat: BeatStanding | None
    traces: TraceStanding | None
