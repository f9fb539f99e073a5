"""A scenario once it is read: who takes part, what there is, what happens, what must be so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from crossdock.faults import Misconfigured

__all__ = ["Given", "Member", "Scenario", "Step", "Tree", "line", "lines", "seconds"]

Tree = dict[str, Any]
_LINE = re.compile(
    r"(?P<quantity>\d+(?:\.\d+)?)\s+(?:(?P<unit>[A-Z][A-Z0-9]{1,3})\s+)?(?P<sku>\S+)(?:\s+@\s+(?P<price>\d+(?:\.\d+)?))?"
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, None: 1.0}


@dataclass(frozen=True, slots=True)
class Member:
    """A system that takes part."""

    name: str
    kind: str
    role: str  #: the part it plays: its own kind, or for a plain one what `as` says
    dials: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Given:
    """What there is before anything happens."""

    members: Mapping[str, Member]
    charter: Tree
    items: Mapping[str, Tree]
    kits: Mapping[str, Mapping[str, Any]]
    stock: Sequence[Tree]
    crosswalks: Mapping[str, Sequence[str]]
    default_site: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does; `at_s` counts from the beginning, None: when all is at rest."""

    actor: str
    verb: str
    argument: Tree
    line: int
    at_s: float | None = None
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run: a file without rows has one, each row of a file is one."""

    file: str
    line: int
    name: str
    start: datetime
    given: Given
    steps: Sequence[Step]
    then: Tree


def seconds(text: object) -> float:
    """A span of time. Raises Misconfigured."""
    found = _SPAN.fullmatch(str(text).strip())
    if found is None:
        raise Misconfigured(f'"{text}" is no span of time', fix="write it like 90s, 10m, 2h or 1d")
    return float(found[1]) * _UNITS[found[2]]


def line(text: str) -> Tree:
    """`2 CS TEA-1 @ 9.50` as the fields of a line. Raises Misconfigured."""
    found = _LINE.fullmatch(text.strip())
    if found is None:
        raise Misconfigured(f'"{text}" is no line', fix="write QUANTITY SKU, or QUANTITY UNIT SKU @ PRICE")
    tree: Tree = {"sku": found["sku"], "quantity": _number(found["quantity"]), "unit": found["unit"] or "EA"}
    if found["price"]:
        tree["price"] = Decimal(found["price"])
    return tree


def lines(given: object) -> list[Tree]:
    """Short and long lines as fields, each with a number. Raises Misconfigured."""
    every = cast("list[Any]", given) if isinstance(given, list) else [given]
    found: list[Tree] = []
    for number, one in enumerate(every, 1):
        if isinstance(one, Mapping):
            found.append({"line": number, **cast("Tree", one)})
        else:
            found.append({"line": number, **line(str(one))})
    return found


def _number(text: str) -> int | Decimal:
    return int(text) if text.isdecimal() else Decimal(text)
