"""`crossdock subject`: what is kept of one person, exported or erased."""

from __future__ import annotations

import json as json_
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import DONE, Group, print_json

app = typer.Typer(cls=Group, no_args_is_help=True, help="What is kept of one person: exported, or erased.")


class By(Enum):
    """By what a person is looked for."""

    CUSTOMER = "customer"
    ORDER = "order"
    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"


Value = Annotated[str, typer.Argument(metavar="VALUE", help="The whole value, such as the e-mail address.")]
ByWhat = Annotated[By, typer.Option("--by", help="What VALUE is.")]


@app.command()
def export(
    value: Value,
    by: ByWhat = By.CUSTOMER,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write it.")] = None,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Writes all that is kept of a person as JSON; the ledger notes who asked."""
    at = Place(site, database, url, key, json=True)
    tree = _ask("export", {"by": by.value, "value": value}, at)
    if out is None:
        print_json(tree)
        return
    out.touch(mode=0o600)
    out.write_text(json_.dumps(tree, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(tree['documents'])} documents in {out}")


@app.command()
@at_a_place
def erase(
    value: Value,
    by: ByWhat = By.CUSTOMER,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why, without the person's data; the ledger keeps it."),
    ] = "",
    *,
    at: Place,
) -> None:
    """Takes out what tells of a person; the ledger still verifies. What is under way stays until it has ended."""
    body = {"by": by.value, "value": value, "reason": reason}
    tree = _ask("erase", body, at)
    if at.json:
        print_json(tree)
        return
    done = tree["erased"]
    print(f"erased: {done['documents']} documents, {done['bodies']} bodies, {done['values']} values")
    if tree["left"]:
        print(f"still under way: {tree['left']}; erase again once they have ended")
    raise typer.Exit(DONE)


def _ask(
    act: str,
    body: dict[str, Any],
    at: Place,
) -> Any:
    from crossdock.cli.remote import waits

    with at.acting(role="admin") as hub:
        answer = hub.post(f"/v1/subjects/{act}", body)
        if answer.status == 202:
            waits(answer.tree, json=at.json)
        return answer.tree
