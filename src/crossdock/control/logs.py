"""What the hub says on standard error: JSON lines, and a storm of one event as a line every few seconds."""

from __future__ import annotations

import logging
import re
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from crossdock.journal.contract import StoreDown

#: For so long after a line of trouble, the same is only counted.
QUIET_S = 5.0
#: Kinds of trouble that are told apart; beyond it the oldest is forgotten.
KINDS_MAX = 256
#: What a system answered: its status says enough, its body may repeat what it was sent.
_ANSWERED = re.compile(r"(\banswered \d{3})\b.*", re.DOTALL)
_ABOUT_THE_PROGRAM = (
    OSError, sqlite3.Error, AssertionError, TypeError, AttributeError, NameError, LookupError, RuntimeError,
    StoreDown,
)  # fmt: skip
#: Levels of which no line is held back: there are few of them, and each is read.
_ALWAYS = frozenset({"debug", "info"})


@dataclass(slots=True)
class _Told:
    until_s: float
    held_back: int = 0


class Storms:
    """Lets the first line of a kind through, then one every `quiet_s` seconds with how many were held back.

    A kind is the event, its system and what it says: when a database goes away, every lane finds out at once, and a
    thousand equal lines hide the one that tells why.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic, quiet_s: float = QUIET_S) -> None:
        self._now_s = now_s
        self._quiet_s = quiet_s
        self._told: dict[tuple[str, str, str], _Told] = {}

    def __call__(self, _logger: WrappedLogger, level: str, line: EventDict) -> EventDict:
        """The line, with `held_back` where others like it were; raises structlog.DropEvent for one too many."""
        if level in _ALWAYS:
            return line
        kind = (str(line.get("event")), str(line.get("system", "")), str(line.get("says", "")))
        now_s = self._now_s()
        told = self._told.get(kind)
        if told is not None and now_s < told.until_s:
            told.held_back += 1
            raise structlog.DropEvent
        if told is not None and told.held_back:
            line["held_back"] = told.held_back
        self._told.pop(kind, None)
        if len(self._told) >= KINDS_MAX:
            del self._told[next(iter(self._told))]
        self._told[kind] = _Told(now_s + self._quiet_s)
        return line


def discreet(_logger: WrappedLogger, _level: str, line: EventDict) -> EventDict:
    """The line without what a document, or a system's answer that repeats one, may have put into it."""
    says = line.get("says")
    if isinstance(says, str):
        line["says"] = _ANSWERED.sub(r"\1", says)
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = cast("tuple[Any, ...]", error)[1]
    if isinstance(error, BaseException):
        line["exception"] = "".join(traceback.format_tb(error.__traceback__)) + _named(error)
    return line


def _named(error: BaseException) -> str:
    """What an exception is; its words only where they speak of the program and not of what it worked on."""
    name = type(error).__qualname__
    return f"{name}: {error}" if isinstance(error, _ABOUT_THE_PROGRAM) else name


def log_to_stderr(level: str) -> None:
    """Begins to log at `level` (debug, info, warning, error) and above."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            Storms(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            discreet,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
