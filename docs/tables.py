"""Tables in Markdown, as the generated parts of the reference hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossdock.charter.keys import Key


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """A Markdown table; the first row is its head."""
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n"
        if number == 0:
            yield "|" + "---|" * len(row) + "\n"


def key_table(table_of_keys: Mapping[str, Key]) -> Iterator[str]:
    """Every key of one section: what it holds, what it means, and what holds without it."""
    rows = [("key", "holds", "meaning", "without it")]
    for key in table_of_keys.values():
        holds = ", ".join(f"`{c}`" for c in key.choices) or key.type.value
        if key.section:
            holds = f"{holds}: [{key.section}](#{key.section})"
        rows.append((f"`{key.name}`", holds, key.says, _without(key)))
    yield from table(*rows)


def _without(key: Key) -> str:
    """What holds when a key is not written."""
    if key.required:
        return "an error"
    if key.default in (None, (), {}):
        return ""
    if isinstance(key.default, tuple):
        return ", ".join(f"{one}" for one in key.default)
    return f"{key.default:g}" if isinstance(key.default, float) else f"`{key.default}`"
