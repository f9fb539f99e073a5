"""Pages from templates: escaped by default, with the words of one catalogue and nothing inline."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from crossdock.console.clock import span
from crossdock.console.words import say
from crossdock.desk.story import clocked, plain

#: What stands between backticks.
_CODED = re.compile(r"`([^`\n]{1,80})`")
_PACKAGE = "crossdock.console"
STATIC = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8",
          "mark.svg": "image/svg+xml"}  # fmt: skip


@cache
def environment() -> Environment:
    """The templates, read once."""
    made = Environment(
        loader=PackageLoader(_PACKAGE, "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    known: dict[str, Any] = {
        "say": say,
        "span": span,
        "plain": plain,
        "clocked": clocked,
        "version": version(),
    }
    made.globals.update(known)  # pyright: ignore[reportUnknownMemberType] - Jinja does not say what is in it
    made.filters.update({"thousands": thousands, "part": part_of_path, "coded": coded})  # pyright: ignore[reportUnknownMemberType]
    return made


@cache
def static(name: str) -> bytes:
    """One file beside the templates."""
    return resources.files(_PACKAGE).joinpath("static", name).read_bytes()


@cache
def version() -> str:
    """What changes when a static file does, so that browsers may keep them for ever."""
    return hashlib.sha256(b"".join(static(name) for name in sorted(STATIC))).hexdigest()[:12]


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """One page."""
    return environment().get_template(template).render(values)


def thousands(number: float) -> str:
    """`12 480`: digits in threes, parted by a thin space."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def coded(text: str) -> Markup:
    """A text of the catalogue in which `words` that a program reads are set as such."""
    return Markup(_CODED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def part_of_path(text: str) -> str:
    """A text as one step of a path."""
    return quote(text, safe="")


def query(**given: object) -> str:
    """`?name=value` of what is given; empty values are left out."""
    named = {name: str(value) for name, value in given.items() if value not in (None, "", False, 0)}
    return f"?{urlencode(named)}" if named else ""
