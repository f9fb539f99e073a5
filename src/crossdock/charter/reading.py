"""Sections of the charter read by their tables of keys, every mistake noted with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossdock.charter.keys import SECTIONS, Key, Type
from crossdock.charter.sheet import Entry
from crossdock.charter.values import Refused, nearest, parsed
from crossdock.faults import Misconfigured

#: A section's values by key, defaults filled in.
Values = dict[str, Any]
#: Mappings of names, and what stands behind each name.
_PLAIN_BY_NAME = {
    Type.TEXT_BY_NAME: Type.TEXT, Type.WHOLE_BY_NAME: Type.WHOLE, Type.NUMBER_BY_NAME: Type.NUMBER,
}  # fmt: skip


class Reading:
    """One file being read: its problems so far and the line of every path in it."""

    def __init__(self, file: str, problems: list[Misconfigured]) -> None:
        self.file = file
        self.problems = problems
        self._lines: dict[str, int] = {}

    def refuse(self, path: str, says: str, fix: str = "", line: int = 0) -> None:
        """Notes a mistake at a path of the file."""
        shown = f"{path}: {says}" if path else says
        self.problems.append(
            Misconfigured(shown, file=self.file, line=line or self.line(path), path=path, fix=fix)
        )

    def line(self, path: str) -> int:
        """The line of a path, or of the nearest section around it."""
        while path and path not in self._lines:
            path = path.rpartition("[")[0] if path.endswith("]") else path.rpartition(".")[0]
        return self._lines.get(path, 1)

    def paths(self, parent: str) -> list[str]:
        """The paths that stand one level below a mapping of names."""
        return [path for path in self._lines if path.rpartition(".")[0] == parent]

    def place(self, path: str, line: int) -> None:
        """Notes where a path stands."""
        self._lines[path] = line

    def section(
        self, entry: Entry | None, name: str | Mapping[str, Key], path: str, extra: Sequence[Key] = ()
    ) -> Values | None:
        """The values of one section by its table or the name of that; None when it is no mapping.

        Inner sections stay entries: their reader knows what they become.
        """
        if entry is None:
            entry = Entry({}, self.line(path), {})
        if not isinstance(entry.value, dict):
            self.refuse(
                path, f"this must be a mapping, not {entry.kind}", "write `key: value` lines", entry.line
            )
            return None
        table = {**(SECTIONS[name] if isinstance(name, str) else name), **{key.name: key for key in extra}}
        lines = entry.keys or {}
        for given, line in lines.items():
            self.place(_join(path, given), line)
            if given not in table:
                self.refuse(_join(path, given), "this key is not known", nearest(given, table, "a key"))
        return {
            key.name: self._value(key, entry.value.get(key.name), _join(path, key.name))
            for key in table.values()
        }

    def _value(self, key: Key, entry: Entry | None, path: str) -> Any:
        if entry is None or entry.value is None:
            if key.required:
                self.refuse(path, "this key is missing", f"add `{key.name}`: {key.says}")
            return key.default
        if key.type in (Type.SECTION, Type.SECTIONS, Type.SECTION_BY_NAME, Type.READERS, Type.TREE):
            return entry
        if key.type in _PLAIN_BY_NAME:
            return self._by_name(key, entry, path)
        try:
            return parsed(key, entry)
        except Refused as refused:
            self.refuse(path, str(refused), refused.fix)
            return key.default

    def _by_name(self, key: Key, entry: Entry, path: str) -> Mapping[str, object]:
        least = 1 if key.type is Type.WHOLE_BY_NAME else 0
        inner = Key(key.name, _PLAIN_BY_NAME[key.type], key.says, least=least)
        values = ((name, self._value(inner, item, place)) for name, item, place in self.named(entry, path))
        return {name: value for name, value in values if value is not None}

    def named(self, entry: Entry | None, path: str) -> Iterator[tuple[str, Entry, str]]:
        """Name, entry and path of each member of a mapping."""
        if entry is None:
            return
        if not isinstance(entry.value, dict):
            self.refuse(
                path, f"this must be a mapping, not {entry.kind}", "write `name: …` lines", entry.line
            )
            return
        for name, item in entry.value.items():
            self.place(_join(path, name), (entry.keys or {}).get(name, item.line))
            yield name, item, _join(path, name)

    def listed(self, entry: Entry | None, path: str) -> Iterator[tuple[Entry, str]]:
        """Entry and path of each member of a list."""
        if entry is None:
            return
        if not isinstance(entry.value, list):
            self.refuse(
                path, f"this must be a list, not {entry.kind}", "write `- ` before each member", entry.line
            )
            return
        for index, item in enumerate(entry.value):
            self.place(f"{path}[{index}]", item.line)
            yield item, f"{path}[{index}]"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
