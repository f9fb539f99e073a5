"""The options that many commands share, and the settings they lead to."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from crossdock.faults import Misconfigured
from crossdock.settings import Settings, settings_from

Site = Annotated[
    Path | None,
    typer.Option("--site", metavar="DIR", help="Folder of the site.  \\[default: CROSSDOCK_SITE, or here]"),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:PATH or postgresql://USER@HOST/NAME.  \\[default: the site's own]",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Address of a running hub."),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", envvar="CROSSDOCK_KEY", help="Key for the hub."),
]


def settings(site: Path | None, database: str | None = None, listen: str | None = None) -> Settings:
    """The settings that the options and the environment give. Raises Misconfigured."""
    return settings_from(os.environ, site=site, database=database, listen=listen)


def clock(site: Path | None, url: str | None) -> ZoneInfo | None:
    """The zone of the site's people, where its charter can be read; None: the clock of this machine."""
    if url is not None:
        return None
    from crossdock.assembly import read_charter

    try:
        return read_charter(settings(site).site)[0].site.timezone
    except Misconfigured:
        return None


def spoken(site: Path | None) -> str:
    """What a printed command needs so that it finds the same site when it is pasted elsewhere."""
    given = str(site) if site is not None else os.environ.get("CROSSDOCK_SITE", "")
    return f" --site {shlex.quote(given)}" if given else ""


def check_system(name: str | None, site: Path | None, url: str | None, *, see: str = "") -> None:
    """Ends the command when the charter beside us has no such system; a hub elsewhere is not asked.

    `see` is the command that lists what can be named here.
    """
    if name is None or url is not None:
        return
    from difflib import get_close_matches

    from crossdock.assembly import read_charter
    from crossdock.cli.terminal import MISUSED, stop

    try:
        systems = read_charter(settings(site).site)[0].systems
    except Misconfigured:
        return  # a store may be read without its charter
    if name not in systems:
        near = get_close_matches(name, systems, 1)
        fix = f"did you mean {near[0]}?" if near else f"it has {', '.join(systems)}"
        fix += f" See: {see}{spoken(site)}" if see else ""
        stop(f"the charter has no system {name}", fix=fix, status=MISUSED)
