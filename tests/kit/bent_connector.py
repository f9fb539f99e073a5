"""Connectors with some of their acts replaced, and what the suite then finds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossdock.kit import conformance
from crossdock.kit.connector import (
    Connector,
)  # fmt: skip

Wrap = Callable[[Any], Any]


class Bent:
    """Another connector, reader, writer or poller with some of its acts replaced."""

    def __init__(self, whole: object, **acts: Any) -> None:
        self.__dict__.update(acts)
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["whole"], name)


def bent(
    connector: Connector, *, reader: Wrap = lambda one: one, writer: Wrap = lambda one: one, **changes: Any
) -> Any:
    """The connector with its readers or writers wrapped, or its declaration changed."""
    return Bent(
        connector,
        declaration=replace(connector.declaration, **changes),
        reader=lambda document, tools: reader(connector.reader(document, tools)),
        writer=lambda document, tools: writer(connector.writer(document, tools)),
    )


def lapses(connector: Any, samples: Path) -> dict[str, str]:
    """The duties that are not met, with what is told of the first lapse."""
    found: dict[str, str] = {}
    for name, act in conformance.checks(connector, samples=samples):
        try:
            act()
        except AssertionError as lapse:
            duty = next(duty for duty in DUTIES if name.endswith(duty))
            found.setdefault(duty, str(lapse))
    return found


DUTIES = [
    duty.__name__ for duty in (*conformance._WHOLE, *conformance._IN, *conformance._POLL, *conformance._OUT)
]
