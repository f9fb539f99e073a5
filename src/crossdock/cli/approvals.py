"""`crossdock approvals`: what one person asked for and another may approve."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import DONE, Group, print_json

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Acts that wait for a second person, where the charter asks for one.",
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The request, such as p12.")]


@app.command("list")
@at_a_place
def list_(
    all_: Annotated[bool, typer.Option("--all", help="What was decided, too.")] = False,
    *,
    at: Place,
) -> None:
    """Lists what waits for a second person, newest first."""
    with at.acting(role="observer") as hub:
        found = hub.get(f"/v1/approvals?state={'all' if all_ else 'open'}")["approvals"]
    if at.json:
        print_json({"approvals": found})
        return
    if not found:
        print("nothing waits for a second person")
    for one in found:
        print(f"{one['id']:<10}{one['state']:<12}{one['asked_by']}: {one['says']}")


@app.command()
@at_a_place
def approve(
    request: Id,
    at: Place,
) -> None:
    """Says yes: the act is carried out at once, in both names. Whoever asked cannot say yes themselves."""
    _decide(request, "approve", {}, at)


@app.command()
@at_a_place
def decline(
    request: Id,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; whoever asked reads it.")],
    at: Place,
) -> None:
    """Says no; whoever asked withdraws the request so."""
    _decide(request, "decline", {"reason": reason}, at)


def _decide(
    request: str,
    act: str,
    body: dict[str, Any],
    at: Place,
) -> None:
    with at.acting(role="approver") as hub:
        answer = hub.post(f"/v1/approvals/{quote(request, safe='')}/{act}", body)
    if at.json:
        print_json(answer.tree)
    else:
        one = answer.tree
        print(
            f"{one['id']}: {one['state']} by {one['decided_by']}, asked by {one['asked_by']}: {one['says']}"
        )
        if isinstance(one.get("result"), dict) and one["result"].get("password"):
            print(f"password for the first sign-in, shown once: {one['result']['password']}")
    raise typer.Exit(DONE)
