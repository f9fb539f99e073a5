"""Which fields of our documents tell of a person, from the tags in the model; how they are masked and erased."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

from crossdock.model.document import Document, Part
from crossdock.model.fields import PERSONAL
from crossdock.model.register import kinds

#: What stands in place of what was erased; good for every such field of the model.
ERASED = "erased"
_INDEX = re.compile(r"\[\d*\]")


@cache
def paths_of(kind: str) -> frozenset[str]:
    """The personal fields of a kind of document as paths without indexes, such as `ship_to.name`."""
    found = kinds().get(kind)
    return frozenset() if found is None else frozenset(_paths(found))


@cache
def every_path() -> frozenset[str]:
    """The personal fields of all kinds."""
    return frozenset(path for kind in kinds() for path in paths_of(kind))


def is_personal(path: str) -> bool:
    """Whether a path of a document of ours, with indexes or without, is a personal field in any kind."""
    return _INDEX.sub("", path) in every_path()


def values_of(kind: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and text of every personal field of a document that says something."""
    for path in sorted(paths_of(kind)):
        yield from _values(tree, path.split("."), "")


def erased(kind: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    """A document without what tells of a person; it still keeps every rule of the model."""
    return cast("dict[str, Any]", _without(tree, "", paths_of(kind)))


def is_erased(kind: str, tree: Mapping[str, Any]) -> bool:
    """Whether what told of a person was taken out of a document."""
    return f"'{ERASED}'" in repr(tree) and erased(kind, tree) == tree


def _without(value: Any, path: str, personal: frozenset[str]) -> Any:
    if path in personal:
        return ERASED if isinstance(value, str) else value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {name: _without(one, f"{path}.{name}" if path else name, personal) for name, one in items}
    if isinstance(value, list | tuple):
        return [_without(one, path, personal) for one in cast("list[Any]", value)]
    return value


def _values(value: Any, steps: list[str], path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list | tuple):
        for index, one in enumerate(cast("list[Any]", value)):
            yield from _values(one, steps, f"{path}[{index}]")
    elif not steps:
        if isinstance(value, str) and value and value != ERASED:
            yield path, value
    elif isinstance(value, Mapping) and steps[0] in value:
        tree = cast("Mapping[str, Any]", value)
        yield from _values(tree[steps[0]], steps[1:], f"{path}.{steps[0]}" if path else steps[0])


def _paths(owner: type[Document | Part], before: str = "") -> Iterator[str]:
    for name, hint in get_type_hints(owner, include_extras=True).items():
        if name in owner.model_fields:
            yield from _of_hint(hint, f"{before}{name}")


def _of_hint(hint: Any, path: str) -> Iterator[str]:
    if get_origin(hint) is Annotated and PERSONAL in hint.__metadata__:
        yield path
    elif isinstance(hint, type) and issubclass(hint, Document | Part):
        yield from _paths(hint, f"{path}.")
    else:
        for inner in get_args(hint):
            yield from _of_hint(inner, path)
