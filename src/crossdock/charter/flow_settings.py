"""Settings of one system that steer its flow: what a closed door does, and when a feed must wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class WhenClosed(Enum):
    """What the door does while intake from a system is paused or in a blackout."""

    REFUSE = "refuse"  #: 503 with Retry-After: the sender keeps what it has and comes again
    HOLD = "hold"  #: 202 as ever; what was accepted waits here until the door opens again


@dataclass(frozen=True, slots=True)
class Fit:
    """What one field of a target can hold."""

    max: int | None = None  #: characters
    charset: str | None = None
    transliterate: bool = False  #: spell letters that it lacks by those that it has; else they are refused


@dataclass(frozen=True, slots=True)
class Brake:
    """When a feed of states changes far more than usual and must wait for a person; times in seconds.

    Counted over `within_s`. Nothing is held before `least` objects are concerned.
    """

    active: bool = True
    least: int = 200
    zero_share: float = 0.5  #: of all objects of the feed: to nothing
    jump_factor: float = 10.0  #: a value that grows or shrinks by so much has jumped
    jump_share: float = 0.2  #: of all objects of the feed: jumped
    times_usual: float = 5.0  #: changes, against the busiest span of the last week
    within_s: float = 900.0


@dataclass(frozen=True, slots=True)
class FileForm:
    """One kind of file: which ones, how they are written, which cells are numbers or dates."""

    format: str
    match: str = "*"  #: in: which files of the folder
    name: str = ""  #: out: the name of a file, with {number} {document} {key} {date} in it
    encoding: str = "utf-8"
    delimiter: str = ""
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()
    sheet: str = ""
    rows: str = ""  #: XML: the element of a row; JSON: the field that holds the list
    decimal: str = "."
    grouping: str = ""
    numbers: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict[str, str])
    group: bool = False  #: rows of one id are one document
    repeats: bool = False  #: unchanged rows are passed on all the same
    rows_max: int = 100_000
