"""The rows of a scenario file: one text, run once for each row, with the row's words put in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest

__all__ = ["merged", "rows_of"]

_WORD = re.compile(r"\$\{?([a-z_][a-z0-9_]*)\}?")
Row = Mapping[str, Entry]


def rows_of(reading: Reading, top: Entry) -> Iterator[tuple[int, str, Entry]]:
    """Line, words and text of every run: one for a file without rows."""
    assert isinstance(top.value, dict), "the file was read as a mapping"
    rows, parts = top.value.get("rows"), top.value.get("parts")
    text = replace(top, value={k: v for k, v in top.value.items() if k not in ("rows", "parts")})
    if rows is None:
        yield top.line, "", text
        return
    for row, path in reading.listed(rows, "rows"):
        if not isinstance(row.value, dict):
            reading.refuse(
                path, f"a row is a mapping, not {row.kind}", "write `- {stock: plenty, …}`", row.line
            )
            continue
        words = _words(reading, row.value, parts, path)
        yield row.line, _title(row.value, parts), _filled(reading, text, words, path)


def _title(row: Row, parts: Entry | None) -> str:
    """What tells a row from the others: the words that `parts` explains, or all plain ones."""
    known = parts.value if parts is not None and isinstance(parts.value, dict) else row
    plain = {name: one.value for name, one in row.items() if not isinstance(one.value, dict | list)}
    return " ".join(f"{name}={value}" for name, value in plain.items() if name in known)


def _words(reading: Reading, row: Row, parts: Entry | None, path: str) -> dict[str, Entry]:
    """The row's values, each taken from `parts` where its name stands there."""
    kinds = parts.value if parts is not None and isinstance(parts.value, dict) else {}
    words: dict[str, Entry] = {}
    for name, entry in row.items():
        choices = kinds.get(name)
        words[name] = entry
        if choices is None or not isinstance(choices.value, dict):
            continue
        found = choices.value.get(str(entry.value))
        if found is None:
            fix = nearest(str(entry.value), choices.value, f"parts.{name}")
            reading.refuse(f"{path}.{name}", f'parts.{name} has no "{entry.value}"', fix, entry.line)
            continue
        words[name] = found
        words[f"{name}_word"] = entry
    return words


def _filled(reading: Reading, entry: Entry, words: Row, path: str) -> Entry:
    """The text with every `$name` replaced: alone it may become anything, within a text it is text."""
    value = entry.value
    if isinstance(value, dict):
        named = {_inside(reading, name, words, entry.line): one for name, one in value.items()}
        lines = {_inside(reading, name, words, entry.line): at for name, at in (entry.keys or {}).items()}
        return Entry({n: _filled(reading, one, words, path) for n, one in named.items()}, entry.line, lines)
    if isinstance(value, list):
        found: list[Entry] = []
        for one in value:
            made = _filled(reading, one, words, path)
            # A part that is a list takes its place among the others.
            if _alone(one) and isinstance(made.value, list):
                found += made.value
            elif not (_alone(one) and made.value is None):
                found.append(made)
        return replace(entry, value=found)
    if not isinstance(value, str):
        return entry
    name = _alone(entry)
    if name is not None:
        if name not in words:
            reading.refuse("", f"no row says what ${name} is", nearest(name, words, "a word"), entry.line)
            return entry
        inner = words[name]
        return _filled(reading, inner, {k: v for k, v in words.items() if k != name}, path)
    return replace(entry, value=_inside(reading, value, words, entry.line))


def _alone(entry: Entry) -> str | None:
    """The word that a text consists of."""
    found = _WORD.fullmatch(entry.value) if isinstance(entry.value, str) else None
    return found[1] if found else None


def _inside(reading: Reading, text: str, words: Row, line: int) -> str:
    def put(found: re.Match[str]) -> str:
        entry = words.get(found[1])
        if entry is None or isinstance(entry.value, dict | list):
            reading.refuse(
                "", f"${found[1]} is no word of this row", nearest(found[1], words, "a word"), line
            )
            return found[0]
        return "" if entry.value is None else str(entry.value)

    return _WORD.sub(put, text) if "$" in text else text


def merged(under: Entry | None, over: Entry | None) -> Entry | None:
    """One mapping laid over another, key by key; lists and plain values are replaced."""
    if under is None or over is None:
        return over or under
    if not isinstance(under.value, dict) or not isinstance(over.value, dict):
        return over
    keys = {**(under.keys or {}), **(over.keys or {})}
    value = {
        name: found
        for name in {**under.value, **over.value}
        if (found := merged(under.value.get(name), over.value.get(name))) is not None
    }
    return Entry(value, over.line, keys)
