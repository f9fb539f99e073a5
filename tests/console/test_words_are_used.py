"""Every word of the console's catalogue is said somewhere, and every word that is said stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crossdock.console.words import catalogue

_ROOM = Path(__file__).resolve().parents[2] / "src" / "crossdock" / "console"
#: A key where it is said whole, and the fixed begin of one that is put together.
_WHOLE = re.compile(r"""["']([a-z_]+(?:\.[a-z0-9_]+)*)["']""")
_BEGINS = re.compile(r"""["']([a-z_]+(?:\.[a-z0-9_]+)*[._])(?:["']\s*~|\{)""")


def sources() -> Iterator[str]:
    """The text of every page and template."""
    for pattern in ("*.py", "templates/*.html"):
        for path in sorted(_ROOM.glob(pattern)):
            yield path.read_text("utf-8")


def unused(keys: frozenset[str], texts: list[str]) -> list[str]:
    """Keys that no text says, whole or by a begin that is put together with something else."""
    said = {key for text in texts for key in _WHOLE.findall(text)}
    begins = tuple({begin for text in texts for begin in _BEGINS.findall(text)})
    return sorted(key for key in keys if key not in said and not (begins and key.startswith(begins)))


def test_every_word_of_the_catalogue_is_said_somewhere() -> None:
    assert unused(frozenset(catalogue()), list(sources())) == []


def test_control_a_word_that_nothing_says_is_found() -> None:
    keys = frozenset({*catalogue(), "nobody.says_this"})
    assert "nobody.says_this" in unused(keys, list(sources()))


def test_every_word_that_is_said_stands_in_the_catalogue() -> None:
    said = {key for text in sources() for key in re.findall(r"""\bsay\(["']([a-z0-9_.]+)["'][,)]""", text)}
    assert len(said) > 300
    assert sorted(said - set(catalogue())) == []
