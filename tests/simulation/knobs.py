"""Bounds of the production code that a run makes small, so that a few documents reach what takes thousands; its log."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Protocol

import structlog

from crossdock import assembly
from crossdock.charter.charter import Charter
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.kit.registry import Registry

#: Module, name of its bound, what it may be; the first is what it is in production.
KNOBS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("crossdock.pipeline.feed", "MEMORY_MAX", (4_000, 1, 3, 10)),
    ("crossdock.pipeline.feed", "MEMORY_LEAST", (32, 1, 2)),
    ("crossdock.pipeline.feed", "PAGE_MAX", (64, 1, 8)),
    ("crossdock.pipeline.term", "BATCH_MAX", (64, 1, 2, 8)),
    ("crossdock.pipeline.waiters", "PAGE", (200, 1, 2)),
    ("crossdock.pipeline.waking", "PAGE", (200, 1, 2)),
    ("crossdock.pipeline.waking", "AGAIN_MAX", (10_000, 1, 3)),
    ("crossdock.pipeline.target", "AHEAD_MAX", (8, 1, 2, 4)),
    ("crossdock.pipeline.target", "TURN_MAX", (32, 1, 2)),
    ("crossdock.pipeline.backlog", "_CHUNK", (500, 1, 2)),
    ("crossdock.pipeline.backlog", "_BUSY_S", (0.02, 0.002)),
    ("crossdock.journal.sqlite.writer", "BATCH_MAX", (256, 1, 2, 5)),
    ("crossdock.desk.desk", "CHUNK", (500, 1, 2)),
    ("crossdock.pipeline.term", "_ANCHOR_EVERY_S", (60, 1, 5)),
)


_charters: dict[str, tuple[Charter, Registry]] = {}


def _remembered(site: Path) -> tuple[Charter, Registry]:
    """The charter of a site, read once per text: a hub starts several times a run."""
    text = (site / "charter.yaml").read_text()
    if text not in _charters:
        _charters[text] = _read_charter(site)
    return _charters[text]


_read_charter = assembly.read_charter


def turn(random: Random) -> None:
    """Sets every bound for one run. One that has moved in the code is a defect of this list."""
    assembly.read_charter = _remembered
    for module_name, name, choices in KNOBS:
        value = random.choice(choices) if random.random() < 0.6 else choices[0]
        module = importlib.import_module(module_name)
        assert hasattr(module, name), f"{module_name} has no {name} any more"
        setattr(module, name, value)


class Listener(Protocol):
    """Who hears the log of the hub."""

    defects: list[str]

    def tell(self, *words: Any) -> None: ...


#: What the hub may stumble over without being wrong.
_FAIR = (Overtaken, StoreDown)


@contextmanager
def listening(world: Listener) -> Generator[None]:
    """Hands the log of the hub to a world; an exception that was not foreseen is a defect."""

    def hear(_logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        error = sys.exc_info()[1]
        why = f"{type(error).__name__}: {error}" if error is not None else ""
        world.tell("log", *(f"{name}={value}" for name, value in event.items()), why)
        if method == "exception" and error is not None and not isinstance(error, _FAIR):
            world.defects.append(f"{event.get('event')}: {type(error).__name__}: {error}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def deaf() -> Generator[None]:
    """Drops the log: what the dead say as they are collected, long tracebacks all of them, is for nobody."""

    def drop(_logger: Any, _method: str, _event: dict[str, Any]) -> dict[str, Any]:
        raise structlog.DropEvent

    structlog.configure(processors=[drop], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.reset_defaults()
