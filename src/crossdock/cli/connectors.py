"""`crossdock connectors`: the kinds of system that the hub can speak to, and the beginning of a new one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from crossdock.faults import Misconfigured
from crossdock.kit.connector import Declaration
from crossdock.kit.registry import connectors
from crossdock.kit.scaffold import new_connector

app = typer.Typer(no_args_is_help=True, help="The kinds of system that the hub can speak to.")

Site = Annotated[
    Path | None,
    typer.Option("--site", envvar="CROSSDOCK_SITE", help="the site, whose own connectors count too"),
]


@app.command("list")
def list_(
    site: Site = None, as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False
) -> None:
    """Every connector that is there: kind, documents, where it comes from."""
    try:
        found = connectors(site)
        declared = [(found.place(kind), connector.declaration) for kind, connector in found.items()]
    except Misconfigured as fault:
        _refuse(fault)
    if as_json:
        print(json.dumps([_tree(place, declaration) for place, declaration in declared], indent=2))
        return
    table = Table("kind", "what it is", "in", "out", "from")
    for place, declaration in declared:
        tree = _tree(place, declaration)
        table.add_row(
            declaration.kind,
            declaration.title,
            _words(tree["in"], declaration),
            _words(tree["out"], declaration),
            place,
        )
    Console().print(table)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="of the new kind: lower case, such as acme or acme_shop")],
    site: Site = None,
) -> None:
    """Writes a connector of two documents that passes its own conformance: into the site, or here."""
    into = Path() if site is None else site / "connectors"
    try:
        written = new_connector(name, into)
    except Misconfigured as fault:
        _refuse(fault)
    for path in written:
        print(path)
    print(f"\nNext: read {into / name / 'README.md'}, and run `python -m pytest` in {into / name}")


def _tree(place: str, declaration: Declaration) -> dict[str, Any]:
    return {
        "kind": declaration.kind,
        "title": declaration.title,
        "says": declaration.says,
        "in": [one.document for one in declaration.documents_in],
        "out": [one.document for one in declaration.documents_out],
        "from": place,
    }


def _words(documents: list[str], declaration: Declaration) -> str:
    return "by charter" if declaration.configurable else ", ".join(documents) or "none"


def _refuse(fault: Misconfigured) -> NoReturn:
    print(f"crossdock: {fault}", file=sys.stderr)
    raise typer.Exit(1)
