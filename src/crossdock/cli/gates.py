"""`crossdock pause`, `resume` and `drain`: what may pass into and out of systems."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import MISUSED, print_json, stop

System = Annotated[str | None, typer.Argument(metavar="SYSTEM", help="Which system; or --all.")]
All = Annotated[bool, typer.Option("--all", help="The whole hub: every system.")]
In = Annotated[bool, typer.Option("--in", help="Only what it sends.")]
Out = Annotated[bool, typer.Option("--out", help="Only what it gets.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why. Whoever waits reads it; it stays in the ledger.")
]


def pause(
    reason: Reason,
    system: System = None,
    all_: All = False,
    in_: In = False,
    out: Out = False,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Lets nothing pass any more, from a system and to it, until somebody resumes it.

    What is for it waits here, in order; what others send is accepted as ever. Its own door answers 503, and it is
    not polled. A pause outlives a restart.
    """
    _act("pause", system, all_, (in_, out), reason, (site, database), url, key, json=json)


def drain(
    reason: Reason,
    system: System = None,
    all_: All = False,
    in_: In = False,
    out: Out = False,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Lets what is here already pass to its end, and nothing new: before a system, or the hub, is taken down."""
    _act("drain", system, all_, (in_, out), reason, (site, database), url, key, json=json)


def resume(
    system: System = None,
    all_: All = False,
    in_: In = False,
    out: Out = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, if you like.")] = "",
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Opens what was paused or drained: everything that waited goes on, in order."""
    _act("resume", system, all_, (in_, out), reason, (site, database), url, key, json=json)


def _act(
    act: str, system: str | None, all_: bool, ways: tuple[bool, bool], reason: str,
    where: tuple[Path | None, str | None], url: str | None, key: str | None, *, json: bool,
) -> None:  # fmt: skip
    from crossdock.cli.acting import acting
    from crossdock.cli.remote import refuse, waits

    site, database = where
    if (system is None) != all_:
        stop("name one system, or say --all", fix=f"crossdock {act} wms --reason …", status=MISUSED)
    options.check_system(system, site, url)
    direction = {(True, False): "in", (False, True): "out"}.get(ways, "both")
    path = "/v1/hub" if system is None else f"/v1/systems/{system}"
    body = json_.dumps({"direction": direction, "reason": reason}).encode()
    with acting(site, database, url, key) as hub:
        answer = hub.ask("POST", f"{path}/{act}", body, {"Content-Type": "application/json"})
        if answer.status >= 400:
            refuse(answer)
        if answer.status == 202:
            waits(answer.tree, json=json)
    if json:
        print_json(answer.tree)
        return
    _tell(act, system, direction, answer.tree, site, url)


def _tell(
    act: str, system: str | None, direction: str, tree: Any, site: Path | None, url: str | None
) -> None:
    """What the act means from now on, and how to undo it."""
    from crossdock.cli.system_words import after

    name, where = system or "the hub", options.spoken(site)
    ways = ("in", "out") if direction == "both" else (direction,)
    shown = [way for way in ways if system is None or tree[way] is not None]
    item = tree if system is not None else None
    for line in after(act, name, shown, item, options.clock(site, url), where):
        print(line)
    if act != "resume":
        narrowed = "" if direction == "both" else f" --{direction}"
        print(f"open again with: crossdock resume {system or '--all'}{narrowed}{where}")
