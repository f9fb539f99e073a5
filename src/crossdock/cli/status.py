"""`crossdock status`: how each system stands, what waits for it, and why."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import MISUSED, console, print_json, stop


def status(
    system: Annotated[
        str | None, typer.Argument(metavar="SYSTEM", help="Only this one.  \\[default: all]")
    ] = None,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Says how each system stands: what may pass, how requests to it fare, and how much waits."""
    from crossdock.cli.system_words import show

    options.check_system(system, site, url)
    tree, runs = _standing(site, database, url, key)
    if system is not None:
        tree["items"] = [item for item in tree["items"] if item["system"] == system]
        if not tree["items"]:
            stop(f"the hub has no system {system}", status=MISUSED)
    if json:
        print_json(tree)
        return
    for line in show(tree, options.clock(site, url), options.spoken(site), runs=runs):
        console().print(line)


def _standing(
    site: Any, database: str | None, url: str | None, key: str | None
) -> tuple[dict[str, Any], bool]:
    """From the running hub where there is one, which alone knows how requests fare; else from the store."""
    from crossdock.cli import whereabouts
    from crossdock.cli.acting import acting

    if url is not None or whereabouts.running(options.settings(site, database)) is not None:
        with acting(site, database, url, key) as hub:
            found = hub.get("/v1/systems")
        if found is None:
            stop("that hub is older than this command", fix="ask it with its own version")
        return found, True
    return _stored(site, database), False


def _stored(site: Any, database: str | None) -> dict[str, Any]:
    from crossdock.assembly import read_charter
    from crossdock.cli.reading import Store
    from crossdock.control.status import counted, standing

    settings = options.settings(site, database)
    charter, _ = read_charter(settings.site)
    now_ms = time.time_ns() // 1_000_000
    return Store(settings.database).read(
        lambda c, gates: standing(charter, gates, counted(c, gates, charter.systems), {}, now_ms), charter
    )
