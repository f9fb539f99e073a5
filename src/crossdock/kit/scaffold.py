"""The first version of a connector: one folder, complete, that passes its own conformance."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

from crossdock.faults import Misconfigured
from crossdock.kit.registry import GROUP

_TEMPLATE = Path(__file__).with_name("template")


def new_connector(name: str, into: Path) -> list[Path]:
    """Writes `into/NAME/` and gives the files in it. Raises Misconfigured; nothing is ever overwritten."""
    _check_name(name)
    folder = into / name
    if folder.exists():
        raise Misconfigured(
            "this folder is there already", file=str(folder), fix="take another name, or remove it"
        )
    title = " ".join(word.capitalize() for word in name.split("_"))
    written: list[Path] = []
    for source in sorted(_TEMPLATE.rglob("*.txt")):
        target = folder / _named(str(source.relative_to(_TEMPLATE).with_suffix("")), name, title)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_named(source.read_text(encoding="utf-8"), name, title), encoding="utf-8")
        written.append(target)
    assert written, "the package lacks its template"
    return written


def _named(text: str, name: str, title: str) -> str:
    """The template's words for the connector's: in code `Acme` is one word, in prose the title."""
    words = {"acme": name, "ACME": name.upper(), "Acme": title}
    # In one pass: a name may itself hold the template's.
    return re.sub(
        "Acme|ACME|acme",
        lambda found: words[found[0]] if _in_prose(found) else title.replace(" ", ""),
        text,
    )


def _in_prose(found: re.Match[str]) -> bool:
    """Whether the match is no part of a class name."""
    text, start, end = found.string, found.start(), found.end()
    return not (text.startswith("Connector", end) or text.endswith("Test", 0, start))


def _check_name(name: str) -> None:
    """Raises Misconfigured for a name that Python, the hub or a reader would stumble over."""
    why = ""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name) or name.endswith("_") or "__" in name:
        why = "a name is 2 to 40 of a-z, 0-9 and single _, beginning with a letter"
    elif keyword.iskeyword(name) or name in sys.stdlib_module_names:
        why = f"Python has {name} already"
    elif any(point.name == name for point in entry_points(group=GROUP)):
        why = f"a connector {name} is installed already"
    if why:
        raise Misconfigured(why, path="name", fix="take a name such as acme or acme_shop")
