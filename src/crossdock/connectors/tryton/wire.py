"""Tryton's JSON-RPC: one call as a request, one answer as a tree of exact values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

from crossdock.connectors.tryton.faults import error_fault, status_fault, unreadable_fault
from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.kit.connector import Answer, Ask

#: A record as Tryton gives it; a field of a related record stands under `relation.` with the dot.
Row = dict[str, Any]

#: What buttons and writes of Tryton do to a record, as a supervisor would say it.
_DOES = {
    "create": "enters it",
    "write": "writes quantities and numbers",
    "quote": "quotes it",
    "confirm": "confirms it",
    "wait": "takes it back to waiting",
    "assign_try": "assigns the stock",
    "pick": "books it picked",
    "pack": "books it packed",
    "ship": "books it shipped",
    "do": "books it out",
    "receive": "books it received",
    "cancel": "cancels it",
    "skip": "confirms what it asks",
    "execute": "says what becomes of what was cancelled",
}

_HEADERS = {"content-type": "application/json", "accept": "application/json"}


def call(
    database: str,
    method: str,
    *params: object,
    company: int | None = None,
    safe: bool = True,
    about: Mapping[str, object] | None = None,
) -> Ask:
    """The request for one call; messages come back in English, the language its errors are known in.

    `about` is what a wizard must be told: the record it was opened on.
    """
    context: dict[str, object] = {"language": "en", **(about or {})}
    if company is not None:
        context["company"] = company
    tree = {"id": 1, "method": method, "params": [*params, context]}
    path = f"/{quote(database, safe='')}/rpc/"
    return Ask("POST", path, dumped(tree), _HEADERS, safe=safe, says="" if safe else _in_words(method))


def _in_words(method: str) -> str:
    """What a changing call does, for the order's story."""
    name = method.rpartition(".")[2]
    return f"{_DOES.get(name, name)} ({method.removeprefix('model.')})"


def result(ask: Ask, answer: Answer) -> Any:
    """What the call gave. Raises TryLater, InDoubt, Rejected."""
    if answer.status != 200:
        raise status_fault(answer, safe=ask.safe)
    try:
        tree: Any = loaded(answer.body)
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise unreadable_fault(answer, safe=ask.safe)
    found = cast(Row, tree)
    if found.get("error") is not None:
        raise error_fault(found["error"], method_of(ask))
    if "result" not in found:
        raise unreadable_fault(answer, safe=ask.safe)
    return found["result"]


def warning_of(ask: Ask, answer: Answer) -> str | None:
    """The name of the warning that Tryton wants confirmed before it goes on; None for any other answer."""
    try:
        tree: Any = loaded(answer.body) if answer.status == 200 and not ask.safe else None
    except ValueError:
        return None
    error: Any = cast(Row, tree).get("error") if isinstance(tree, dict) else None
    told: list[Any] = [*cast(list[Any], error), None] if isinstance(error, list) else [None, None]
    words: list[Any] = cast(list[Any], told[1]) if isinstance(told[1], list) else [told[1]]
    return str(words[0]) if told[0] == "UserWarning" and words else None


def rows(ask: Ask, answer: Answer) -> list[Row]:
    """The records that a read or search gave. Raises as `result` does."""
    found = result(ask, answer)
    if not isinstance(found, list):
        raise unreadable_fault(answer, safe=ask.safe)
    return [cast(Row, row) for row in cast(list[object], found) if isinstance(row, dict)]


def found_rows(ask: Ask, answer: Answer) -> list[Row]:
    """The records that a look after an unclear outcome gave. Raises TryLater: no answer settles nothing."""
    try:
        return rows(ask, answer)
    except (Rejected, InDoubt) as fault:
        raise TryLater(fault.says) from fault


def method_of(ask: Ask) -> str:
    """The method that a request of ours calls."""
    return json.loads(ask.body)["method"]


def params_of(ask: Ask) -> list[Any]:
    """The parameters of a request of ours."""
    return json.loads(ask.body)["params"]


def at(row: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a dotted path through related records; None where a relation is empty."""
    *relations, name = path.split(".")
    for relation in relations:
        row = row.get(f"{relation}.") if row else None
    return row.get(name) if row else None


def dumped(tree: object) -> bytes:
    """A tree as their JSON: the same tree gives the same bytes."""
    return json.dumps(
        tree, default=_typed, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def loaded(body: bytes) -> Any:
    """Their JSON as a tree; numbers with a fraction and their Decimal become Decimal. Raises ValueError."""
    return json.loads(body, parse_float=Decimal, object_hook=_value)


def exact(value: object) -> int | Decimal:
    """A quantity as an exact number: whole ones as int. Raises ValueError."""
    numeric = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    number = Decimal(str(value)) if numeric else None
    if number is None or not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return int(number) if number == number.to_integral_value() else number.normalize()


def their_float(value: int | Decimal) -> float:
    """A quantity as their float fields take it; only the wire ever sees a float."""
    number = float(value)
    assert math.isfinite(number)
    return number


def their_moment(text: str) -> dict[str, object]:
    """A moment of a cursor (ISO 8601, UTC without a zone) as they take it."""
    return _typed(datetime.fromisoformat(text))


def moment(value: object) -> str | None:
    """One of their moments, which are UTC without a zone, as ISO 8601 with `Z`; their days as they are."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else None


def first(found: Sequence[Row]) -> Row | None:
    """The first record, if there is one."""
    return found[0] if found else None


def _typed(value: object) -> dict[str, object]:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a call")


def _value(tree: Row) -> Any:
    kind = tree.get("__class__")
    if kind is None:
        return tree
    parts = {name: part for name, part in tree.items() if name != "__class__"}
    try:
        match kind:
            case "Decimal":
                return Decimal(str(parts["decimal"]))
            case "datetime":
                return datetime(**parts)
            case "date":
                return date(**parts)
            case _:
                return tree  # bytes, timedelta: nothing that we read
    except (TypeError, ArithmeticError, KeyError) as error:
        raise ValueError(f"not a {kind}") from error
