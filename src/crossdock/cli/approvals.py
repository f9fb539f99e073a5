"""`crossdock approvals`: what one person asked for and another may approve."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from crossdock.cli import options
from crossdock.cli.terminal import DONE, Group, print_json

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Acts that wait for a second person, where the charter asks for one.",
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The request, such as p12.")]


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="What was decided, too.")] = False,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Lists what waits for a second person, newest first."""
    from crossdock.cli.acting import acting

    with acting(site, database, url, key, role="observer") as hub:
        found = hub.get(f"/v1/approvals?state={'all' if all_ else 'open'}")["approvals"]
    if json:
        print_json({"approvals": found})
        return
    if not found:
        print("nothing waits for a second person")
    for one in found:
        print(f"{one['id']:<10}{one['state']:<12}{one['asked_by']}: {one['says']}")


@app.command()
def approve(
    request: Id,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Says yes: the act is carried out at once, in both names. Whoever asked cannot say yes themselves."""
    _decide(request, "approve", {}, (site, database, url, key), json=json)


@app.command()
def decline(
    request: Id,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; whoever asked reads it.")],
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Says no; whoever asked withdraws the request so."""
    _decide(request, "decline", {"reason": reason}, (site, database, url, key), json=json)


def _decide(
    request: str,
    act: str,
    body: dict[str, Any],
    place: tuple[Path | None, str | None, str | None, str | None],
    *,
    json: bool,
) -> None:
    from crossdock.cli.acting import acting
    from crossdock.cli.remote import refuse

    site, database, url, key = place
    with acting(site, database, url, key, role="approver") as hub:
        sent, headers = json_.dumps(body).encode(), {"Content-Type": "application/json"}
        answer = hub.ask("POST", f"/v1/approvals/{quote(request, safe='')}/{act}", sent, headers)
        if answer.status >= 300:
            refuse(answer)
    if json:
        print_json(answer.tree)
    else:
        one = answer.tree
        print(
            f"{one['id']}: {one['state']} by {one['decided_by']}, asked by {one['asked_by']}: {one['says']}"
        )
        if isinstance(one.get("result"), dict) and one["result"].get("password"):
            print(f"password for the first sign-in, shown once: {one['result']['password']}")
    raise typer.Exit(DONE)
