"""A person's value in place of the one that stands at a path of a document."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Any, cast

from crossdock.faults import Invalid

_LENGTH_MAX = 500
_STEPS_MAX = 32
_STEP = re.compile(r"\.?(?:`([^`]+)`|([^.\[\]`\"]+))|\[(\d{1,6})\]|\[\"([^\"]+)\"\]")

_PLAIN = re.compile(r"[^.\[\]`\"]+")

Step = str | int
#: Path and value, oldest first.
Overrides = Sequence[tuple[str, Any]]


def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a path such as ``lines[2].sku``: names, and places in lists counted from 0.

    A name with dots or brackets in it is written ``["a.b"]`` or between backticks. Raises Invalid.
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or (at == 0 and path.startswith(".")):
            break
        ticked, name, place, quoted = found.groups()
        steps.append(int(place) if place is not None else ticked or name or quoted)
        at = found.end()
    if not steps or at < len(path) or len(path) > _LENGTH_MAX or len(steps) > _STEPS_MAX:
        says = f"{path[:80]!r} is no path into a document"
        raise Invalid(says, path="path", fix="write it like lines[2].sku, places counted from 0")
    return tuple(steps)


def resolves(tree: object, path: str) -> bool:
    """Whether a document has something at a path. Raises Invalid when it is no path at all."""
    for step in steps_of(path):
        try:
            tree = tree[step]  # type: ignore[index]  # a wrong kind of step is caught right here
        except (KeyError, IndexError, TypeError):
            return False
    return True


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a document that holds no others, with the path that leads to it."""
    if isinstance(tree, dict):
        for name, one in cast("dict[str, Any]", tree).items():
            step = name if _PLAIN.fullmatch(name) else f'["{name}"]'
            yield from leaves(one, f"{path}.{step}" if path and step is name else path + step)
    elif isinstance(tree, list):
        for place, one in enumerate(cast("list[Any]", tree)):
            yield from leaves(one, f"{path}[{place}]")
    elif path:
        yield path, tree


def apply(tree: Any, path: str, value: Any, *, add: bool = False) -> Any:
    """The document with the value at the path; what is given stays as it is.

    `add`: the last step may name a field that is not there yet. A path that does not lead into this
    document changes nothing.
    """
    return _put(tree, steps_of(path), value, add)


def on_body(body: Any, overrides: Overrides) -> Any:
    """The sender's body with every override that leads into it; what is missing there is added."""
    for path, value in overrides:
        body = apply(body, path, value, add=True)
    return body


def on_document(tree: Any, overrides: Overrides, *, body: Any, fields: Container[str]) -> Any:
    """Our document with every override that was not the sender's body's.

    `body` is the body as it came; `fields` are the fields of this kind of document, which alone may
    be added: a name of theirs must not turn up in ours.
    """
    for path, value in overrides:
        if not resolves(body, path):
            tree = apply(tree, path, value, add=str(steps_of(path)[0]) in fields)
    return tree


def _put(tree: Any, steps: tuple[Step, ...], value: Any, add: bool) -> Any:  # noqa: FBT001 - inner
    step, rest = steps[0], steps[1:]
    if isinstance(tree, dict) and isinstance(step, str):
        fields = cast("dict[str, Any]", tree)
        if step in fields or (add and not rest):
            return {**fields, step: _put(fields[step], rest, value, add) if rest else value}
    elif isinstance(tree, list) and isinstance(step, int):
        items = cast("list[Any]", tree)
        if step < len(items):
            return [*items[:step], _put(items[step], rest, value, add) if rest else value, *items[step + 1 :]]
    return cast("Any", tree)
