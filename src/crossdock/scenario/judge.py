"""What was expected held against what was seen, difference by difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from crossdock.charter.values import nearest
from crossdock.scenario.script import Tree

__all__ = ["differences", "outcome_of"]

_STATES = ("state", "fulfilment", "billing", "cancellation", "amendment", "returned", "holds")


def differences(then: Tree, found: Tree) -> list[str]:
    """A line for each difference; none when all is as it should be."""
    wanted: dict[str, Any] = {"incidents": [], **then}
    lines: list[str] = []
    for name, want in wanted.items():
        if name in ("incidents", "ended"):
            lines += _listed(name, want or [], found[name])
        elif name in ("told", "refused"):
            lines += _words(name, want or {}, found[name])
        elif name == "stock":
            for system, places in cast("Tree", want or {}).items():
                lines += _stock(system, places, found["stock"])
        else:
            lines += _compared(name, want or {}, found[name])
    if not found["counts"]["balanced"]:
        lines.append("counts: captures, messages and transmissions do not balance")
    return lines


def _compared(path: str, want: Any, got: Any) -> Iterator[str]:
    """A mapping is asked for as far as it is written; everything else as a whole."""
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            yield f"{path}: expected {_shown(want)}, seen {_shown(got)}"
            return
        there = cast("Mapping[str, Any]", got)
        for name, inner in cast("Mapping[str, Any]", want).items():
            if str(name) not in there:
                near = nearest(str(name), list(there), "there")
                yield f"{path}.{name}: expected {_shown(inner)}, seen nothing ({near})"
            else:
                yield from _compared(f"{path}.{name}", inner, there[str(name)])
    elif not _same(want, got):
        yield f"{path}: expected {_shown(want)}, seen {_shown(got)}"


def _stock(system: str, want: Any, got: Mapping[str, Any]) -> Iterator[str]:
    """One figure is what is sellable; a state that is not there has nothing."""
    path = f"stock.{system}"
    if system not in got:
        yield f"{path}: expected {_shown(want)}, seen nothing ({nearest(system, got, 'a system')})"
        return
    for place, figures in cast("dict[str, Any]", want or {}).items():
        there = got[system].get(place, {})
        asked = cast("dict[str, Any]", figures if isinstance(figures, Mapping) else {"available": figures})
        for state, figure in asked.items():
            if not _same(figure, there.get(state, 0)):
                yield f"{path}.{place}.{state}: expected {_shown(figure)}, seen {_shown(there.get(state, 0))}"


def _words(name: str, want: Mapping[str, Any], got: Mapping[str, list[str]]) -> Iterator[str]:
    for system, words in want.items():
        path = f"{name}.{system}"
        if system not in got:
            yield f"{path}: there is no such system ({nearest(system, got, 'a system')})"
            continue
        asked = [str(one) for one in cast("list[Any]", words or [])]
        if asked != got[system]:
            yield f"{path}: expected {_shown(asked)}, seen {_shown(got[system])}"


def _listed(name: str, want: list[Any], got: list[Tree]) -> Iterator[str]:
    asked: list[Any] = [{"type": one} if isinstance(one, str) else one for one in want]
    if len(asked) != len(got):
        brief = [f"{one['type']} of {one['number']}: {one['says']}" for one in got]
        kinds = _shown([one.get("type") for one in asked])
        yield f"{name}: expected {len(asked)} ({kinds}), seen {len(got)} ({_shown(brief)})"
        return
    for index, (one, there) in enumerate(zip(asked, got, strict=True)):
        yield from _compared(f"{name}[{index}]", one, there)


def _same(want: Any, got: Any) -> bool:
    if _is_number(want) and _is_number(got):
        return Decimal(str(want)) == Decimal(str(got))
    if isinstance(want, list) and isinstance(got, list | tuple):
        ones, others = cast("list[Any]", want), cast("list[Any]", got)
        return [_plain(one) for one in ones] == [_plain(one) for one in others]
    return _plain(want) == _plain(got)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, int | Decimal | float) and not isinstance(value, bool) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_digits)


def _digits(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def outcome_of(found: Tree) -> str:
    """What became of everything, without its numbers: two runs with the same text ended the same way."""
    orders = sorted(
        _shown({name: one.get(name) for name in _STATES}
               | {"lines": sorted(_shown({k: v for k, v in line.items() if k not in ("line", "sku", "unit")})
                                  for line in one.get("lines", {}).values())})
        for one in found["orders"].values()
    )  # fmt: skip
    incidents = sorted(f"{one['type']} {one.get('path', '')}" for one in found["incidents"])
    return _shown([orders, incidents, found["stock"], found["money"], found["refused"]])
