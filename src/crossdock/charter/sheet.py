"""A YAML 1.2 file as plain values that know their line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from crossdock.faults import Misconfigured

DEPTH_MAX = 20  #: levels
ENTRIES_MAX = 200_000  #: values in one file; aliases count each time

#: A number with a fraction keeps its digits, as everywhere in the hub.
Scalar = str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the file: a scalar, a list of entries, or a mapping of names to entries."""

    value: Scalar | list[Entry] | dict[str, Entry]
    line: int  #: from 1
    keys: dict[str, int] | None = None  #: of a mapping: the line of each key

    def tree(self) -> Any:
        """The value without its lines: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {name: entry.tree() for name, entry in self.value.items()}
        return [entry.tree() for entry in self.value] if isinstance(self.value, list) else self.value

    @property
    def kind(self) -> str:
        """What it is, in the words of a person who writes YAML."""
        match self.value:
            case dict():
                return "a mapping"
            case list():
                return "a list"
            case None:
                return "empty"
            case bool():
                return "true or false"
            case int():
                return "a whole number"
            case Decimal():
                return "a number"
            case str():
                return "text"


def read_sheet(text: str, file: str, problems: list[Misconfigured]) -> Entry | None:
    """The file's entries; what is wrong goes to `problems`. None when it cannot be read at all."""
    if not text.strip():
        problems.append(Misconfigured("the file is empty", file=file, line=1, fix="write `key: value` lines"))
        return None
    try:
        node: Any = YAML(typ="rt", pure=True).compose(text)  # pyright: ignore[reportUnknownMemberType]
    except YAMLError as error:
        problems.append(_broken(error, file))
        return None
    if node is None:  # comments only
        problems.append(
            Misconfigured("the file says nothing", file=file, line=1, fix="see docs/reference/charter.md")
        )
        return None
    reader = _SheetReader(file, problems)
    try:
        return reader.entry(node, 0)
    except Misconfigured as problem:
        problems.append(problem)
        return None


def _broken(error: Any, file: str) -> Misconfigured:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    says = getattr(error, "problem", None) or getattr(error, "context", None) or str(error).split("\n")[0]
    return Misconfigured(
        f"this is no YAML: {says}",
        file=file,
        line=mark.line + 1 if mark else 0,
        fix="see indentation, quotes and brackets on this line and the one before; tabs may not indent",
    )


class _SheetReader:
    def __init__(self, file: str, problems: list[Misconfigured]) -> None:
        self._file = file
        self._problems = problems
        self._entries = 0

    def entry(self, node: Any, depth: int) -> Entry:
        line: int = node.start_mark.line + 1
        self._entries += 1
        if depth > DEPTH_MAX or self._entries > ENTRIES_MAX:
            raise Misconfigured(
                "the file is nested too deep or too large",
                file=self._file,
                line=line,
                fix=f"keep to {DEPTH_MAX} levels and {ENTRIES_MAX} values, aliases counted each time",
            )
        match node.id:
            case "mapping":
                return self._mapping(node, line, depth)
            case "sequence":
                return Entry([self.entry(item, depth + 1) for item in node.value], line)
            case _:
                return Entry(_scalar(node), line)

    def _mapping(self, node: Any, line: int, depth: int) -> Entry:
        values: dict[str, Entry] = {}
        keys: dict[str, int] = {}
        for key, value in node.value:
            key_line: int = key.start_mark.line + 1
            if key.id != "scalar" or key.value == "<<":
                self._refuse("a key must be a plain name", key_line, "write `name: value`")
                continue
            name = str(key.value)
            if name in values:
                self._refuse(
                    f'the key "{name}" stands twice (first on line {keys[name]})',
                    key_line,
                    "keep one of the two",
                )
                continue
            values[name] = self.entry(value, depth + 1)
            keys[name] = key_line
        return Entry(values, line, keys)

    def _refuse(self, says: str, line: int, fix: str) -> None:
        self._problems.append(Misconfigured(says, file=self._file, line=line, fix=fix))


#: The core schema of YAML 1.2, where NO and 12:30 are text and 010 is ten.
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def _scalar(node: Any) -> Scalar:
    text = str(node.value)
    if node.style is not None or len(text) > 40:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return Decimal(text) if _FRACTION.fullmatch(text) else text
