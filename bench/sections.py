"""Sections of RESULTS.md, each between two marks, put in place by the measurement that made it."""

from __future__ import annotations

from pathlib import Path


def put(results: Path, name: str, title: str, text: str) -> None:
    """Puts a section into the results, in its place or at the end."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{text}\n{end}"
    whole = results.read_text("utf-8") if results.exists() else "# Results\n"
    if begin in whole and end in whole:
        whole = whole[: whole.index(begin)] + section + whole[whole.index(end) + len(end) :]
    else:
        whole = f"{whole.rstrip()}\n\n## {title}\n\n{section}\n"
    results.write_text(whole, "utf-8")
