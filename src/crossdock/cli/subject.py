"""`crossdock subject`: what is kept of one person, exported or erased."""

from __future__ import annotations

import json as json_
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli import options
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
    tree = _ask("export", {"by": by.value, "value": value}, (site, database, url, key), json=True)
    if out is None:
        print_json(tree)
        return
    out.touch(mode=0o600)
    out.write_text(json_.dumps(tree, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(tree['documents'])} documents in {out}")


@app.command()
def erase(
    value: Value,
    by: ByWhat = By.CUSTOMER,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why, without the person's data; the ledger keeps it."),
    ] = "",
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Takes out what tells of a person; the ledger still verifies. What is under way stays until it has ended."""
    body = {"by": by.value, "value": value, "reason": reason}
    tree = _ask("erase", body, (site, database, url, key), json=json)
    if json:
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
    place: tuple[Path | None, str | None, str | None, str | None],
    *,
    json: bool,
) -> Any:
    from crossdock.cli.acting import acting
    from crossdock.cli.remote import refuse, waits

    site, database, url, key = place
    with acting(site, database, url, key, role="admin") as hub:
        sent, headers = json_.dumps(body).encode(), {"Content-Type": "application/json"}
        answer = hub.ask("POST", f"/v1/subjects/{act}", sent, headers)
        if answer.status >= 300:
            refuse(answer)
        if answer.status == 202:
            waits(answer.tree, json=json)
        return answer.tree
