"""`crossdock status`: how each system stands, what waits for it, and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.system_words import HERE, Runs, show
from crossdock.cli.terminal import MISUSED, console, print_json, stop
from crossdock.settings import Settings

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Connection
    from crossdock.pipeline.gates import Gates


@at_a_place
def status(
    system: Annotated[
        str | None, typer.Argument(metavar="SYSTEM", help="Only this one.  \\[default: all]")
    ] = None,
    *,
    at: Place,
) -> None:
    """Says how each system stands: what may pass, how requests to it fare, and how much waits."""
    at.check_system(system)
    tree, hub = _standing(at)
    if system is not None:
        tree["items"] = [item for item in tree["items"] if item["system"] == system]
        if not tree["items"]:
            stop(f"the hub has no system {system}", status=MISUSED)
    if at.json:
        print_json(tree)
        return
    for line in show(tree, at.clock(), at.spoken(), hub):
        console().print(line)


def _standing(at: Place) -> tuple[dict[str, Any], Runs]:
    """From the running hub where there is one, which alone knows how requests fare; else from the store."""
    from crossdock.cli import whereabouts

    if at.url is not None or whereabouts.running(at.settings()) is not None:
        with at.acting() as hub:
            found = hub.get("/v1/systems")
        if found is None:
            stop("that hub is older than this command", fix="ask it with its own version")
        return found, HERE
    return _stored(at.settings())


def _stored(settings: Settings) -> tuple[dict[str, Any], Runs]:
    from crossdock.assembly import read_charter
    from crossdock.cli.hosts import told, working
    from crossdock.cli.reading import Store
    from crossdock.control.status import counted, standing

    charter, _ = read_charter(settings.site)
    now_ms = time.time_ns() // 1_000_000

    def read(connection: Connection, gates: Gates) -> tuple[dict[str, Any], Runs]:
        tree = standing(charter, gates, counted(connection, gates, charter.systems), {}, now_ms)
        # A database knows of hubs on other machines; whoever writes to a file is on this one.
        return tree, Runs(here=False, elsewhere=told(working(connection)) if settings.is_shared else "")

    return Store(settings.database).read(read, charter)
