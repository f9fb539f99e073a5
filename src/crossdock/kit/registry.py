"""Where connectors are found: installed ones by their entry point, a site's own by their folder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from crossdock.faults import Misconfigured
from crossdock.kit.connector import Connector, Declaration

GROUP = "crossdock.connectors"


@dataclass(frozen=True, slots=True)
class Found:
    """A connector that is there, not loaded yet."""

    kind: str
    place: str  #: for people: the module or folder that it comes from
    load: Callable[[], object]


class Registry(Mapping[str, Connector]):
    """The connectors that a site may use, by kind; each is loaded when it is first asked for.

    An unknown kind, and one that does not load, is Misconfigured instead of a KeyError.
    """

    def __init__(self, found: Mapping[str, Found]) -> None:
        self._found = found
        self._loaded: dict[str, Connector] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._found))

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, kind: object) -> bool:
        return kind in self._found

    def __getitem__(self, kind: str) -> Connector:
        if kind not in self._loaded:
            self._loaded[kind] = _loaded(self._of(kind))
        return self._loaded[kind]

    def place(self, kind: str) -> str:
        """Where a kind comes from, for people. Raises Misconfigured."""
        return self._of(kind).place

    def _of(self, kind: str) -> Found:
        found = self._found.get(kind)
        if found is None:
            near = get_close_matches(kind, list(self), 1)
            raise Misconfigured(
                f"there is no connector {kind!r}", path="connector",
                fix=f"write {near[0]}" if near else f"write one of {', '.join(self)}, or install it",
            )  # fmt: skip
        return found


def connectors(site: Path | None = None) -> Registry:
    """The connectors that are installed, and those in `<site>/connectors/`.

    Raises Misconfigured when two call themselves the same, or a folder holds no connector.
    """
    found: dict[str, Found] = {}
    for point in entry_points(group=GROUP):
        _add(found, Found(point.name, point.value, point.load))
    if site is not None and (site / "connectors").is_dir():
        for folder in sorted((site / "connectors").iterdir()):
            if folder.is_dir() and not folder.name.startswith((".", "_")):
                _add(found, _in_folder(folder))
    return Registry(found)


def _add(found: dict[str, Found], one: Found) -> None:
    other = found.setdefault(one.kind, one)
    if other.place != one.place:
        raise Misconfigured(
            f"two connectors are called {one.kind}: {other.place} and {one.place}",
            path="connector", fix="remove or rename one of them",
        )  # fmt: skip


def _in_folder(folder: Path) -> Found:
    """The connector in one folder: a package in it that has a `connector.py`, named as an installed one would be."""
    packages = sorted(
        path.parent for path in folder.glob("*/connector.py") if (path.parent / "__init__.py").exists()
    )
    if len(packages) != 1:
        raise Misconfigured(
            f"this folder holds {len(packages)} packages with a connector.py, not one",
            file=str(folder), fix=f"make it with `crossdock connectors new {folder.name}`",
        )  # fmt: skip
    module = f"{packages[0].name}.connector"

    def load() -> object:
        here = str(folder.resolve())
        if here not in sys.path:
            sys.path.append(here)  # last, so that it hides nothing that is installed
        importlib.invalidate_caches()  # the folder may be newer than this process
        return vars(importlib.import_module(module)).get("CONNECTOR")

    return Found(folder.name, str(packages[0] / "connector.py"), load)


def _loaded(found: Found) -> Connector:
    try:
        connector = found.load()
    except Exception as error:  # foreign code may fail in any way; it ends as a fault that names it
        raise Misconfigured(
            f"the connector {found.kind} does not load: {type(error).__name__}: {error}",
            file=found.place, fix="mend it, or remove it",
        ) from error  # fmt: skip
    declaration = getattr(connector, "declaration", None)
    lacking = [
        name for name in ("reader", "writer", "poller") if not callable(getattr(connector, name, None))
    ]
    if not isinstance(declaration, Declaration) or lacking:
        lacks = ", ".join(["declaration"] * (declaration is None) + lacking) or "a Declaration"
        raise Misconfigured(
            f"the connector {found.kind} lacks {lacks}",
            file=found.place, fix="let CONNECTOR be an object as crossdock.kit.connector.Connector says",
        )  # fmt: skip
    if declaration.kind != found.kind:
        raise Misconfigured(
            f"the connector {found.kind} declares the kind {declaration.kind}",
            file=found.place, fix=f"declare kind={found.kind!r}",
        )  # fmt: skip
    return cast(Connector, connector)
