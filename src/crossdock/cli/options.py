"""The options that many commands share, and the settings they lead to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from crossdock.settings import Settings, settings_from

Site = Annotated[
    Path | None,
    typer.Option("--site", metavar="DIR", help="Folder of the site.  \\[default: CROSSDOCK_SITE, or here]"),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="sqlite:PATH or postgresql://…  \\[default: the site's own]"
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


def settings(site: Path | None, database: str | None = None) -> Settings:
    """The settings that the options and the environment give. Raises Misconfigured."""
    return settings_from(os.environ, site=site, database=database)
