"""`crossdock up` and `crossdock version`: the hub itself."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from crossdock.cli import options
from crossdock.cli.terminal import print_json


def up(
    site: options.Site = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Where to listen.  \\[default: 127.0.0.1:8080]"),
    ] = None,
    database: options.Database = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="Worker processes. More than 1 need PostgreSQL.",
        ),
    ] = None,
    host_id: Annotated[
        str | None,
        typer.Option("--host-id", metavar="ID", help="Name of this host among those of a database."),
    ] = None,
) -> None:
    """Runs the hub until it is told to stop.

    Prints one line when it is ready; SIGTERM and Ctrl-C let it finish what is on the wire, for at most 10 s.
    """
    from crossdock.settings import settings_from

    settings = settings_from(
        os.environ, site=site, listen=listen, database=database, workers=workers, host_id=host_id
    )
    from crossdock.cli.up import run

    raise typer.Exit(run(settings))


def version(json: options.Json = False) -> None:
    """Prints the version."""
    import platform
    import sqlite3
    from importlib.metadata import version as version_of

    found = {
        "crossdock": version_of("crossdock"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    if json:
        print_json(found)
    else:
        print(f"crossdock {found['crossdock']} (Python {found['python']}, SQLite {found['sqlite']})")
