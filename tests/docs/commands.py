"""What the terminal offers, and what the documentation speaks of."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from typing import Any

from tests.docs.pages import Page

#: Commands that pages already show and the code does not have yet. It may only shrink: a test fails when one of
#: these exists. A page that shows one is not run until then.
MISSING: frozenset[str] = frozenset()


def existing() -> dict[str, Any]:
    """Every command that the terminal has, by its words after `crossdock`."""
    if importlib.util.find_spec("crossdock.cli.main") is None:
        return {}
    import typer.main

    from crossdock.cli.main import app

    def below(command: Any, words: str) -> Iterator[tuple[str, Any]]:
        children = getattr(command, "commands", None)
        if not children:
            yield words, command
            return
        for child in children.values():
            yield from below(child, f"{words} {child.name}".strip())

    return dict(below(typer.main.get_command(app), ""))


def spoken_of(page: Page) -> set[str]:
    """The commands that a page shows, as far as they are known or listed as missing."""
    shell = "\n".join(b.text for b in page.blocks if b.language in {"console", "bash", "sh", "ini"})
    lines = [*shell.splitlines(), *re.findall(r"`([^`\n]+)`", page.prose)]
    found: set[str] = set()
    for line in lines:
        for match in re.finditer(r"(?:^|[\s/(])crossdock ([a-z]+)(?: ([a-z][a-z-]*))?", line):
            one, two = match.group(1), match.group(2)
            found.add(f"{one} {two}" if two and f"{one} {two}" in known() else one)
    return found


def known() -> set[str]:
    """Commands that exist or are promised."""
    return {*existing(), *MISSING}
