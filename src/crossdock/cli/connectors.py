"""`crossdock connectors`: the kinds of systems that a site may name, and a new one."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import MISUSED, Group, console, print_json, stop

if TYPE_CHECKING:
    from crossdock.kit.connector import Declaration

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="The kinds of systems that a site may name, and a new one."
)


@app.command("list")
def list_(site: options.Site = None, json: options.Json = False) -> None:
    """Lists what is installed and what stands in the site's own folder."""
    from crossdock.kit.registry import connectors

    folder = options.settings(site).site
    if site is not None and not folder.is_dir():
        parent = folder.absolute().parent
        others = [one.name for one in parent.iterdir() if one.is_dir()] if parent.is_dir() else []
        near = get_close_matches(folder.name, others, 1)
        fix = f"did you mean {parent / near[0]}?" if near else "name the folder of a site"
        stop(f"there is no folder {folder}", fix=fix, status=MISUSED)
    found = connectors(folder)
    rows = [_row(found[kind].declaration, found.place(kind)) for kind in found]
    if json:
        print_json({"connectors": rows})
        return
    from rich.markup import escape

    out = console()
    for row in rows:
        says = "any, as its flows say" if row["configurable"] else ""
        whose = "  [dim]this site's own[/dim]" if row["from"].endswith(".py") else ""
        out.print(f"[bold]{escape(row['kind'])}[/bold]{whose}")
        out.print(f"{'':12} gives {', '.join(row['gives']) or says or 'nothing'}")
        out.print(f"{'':12} takes {', '.join(row['takes']) or says or 'nothing'}")
        if row["fields"]:
            out.print(f"{'':12} fields of its own: {', '.join(field['name'] for field in row['fields'])}")


def _row(declaration: Declaration, place: str) -> dict[str, Any]:
    return {
        "kind": declaration.kind,
        "from": place,
        "configurable": declaration.configurable,
        "gives": [one.document for one in declaration.documents_in],
        "takes": [one.document for one in declaration.documents_out],
        "auth": list(declaration.auth),
        "fields": [
            {"name": one.name, "required": one.required, "says": one.says} for one in declaration.fields
        ],
    }


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its kind, such as acme.")],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="DIR", help="Where to write it.  \\[default: connectors/ of the site, or here]"
        ),
    ] = None,
    site: options.Site = None,
) -> None:
    """Writes a connector that passes its own tests, as one folder to grow from."""
    from crossdock.faults import Misconfigured
    from crossdock.kit.scaffold import new_connector

    settings = options.settings(site)
    here = settings.site / "connectors" if settings.charter_file.exists() else Path()
    try:
        written = new_connector(name, into or here)
    except Misconfigured as fault:
        stop(str(fault), status=MISUSED)
    folder = (into or here) / name
    for file in written:
        print(file)
    print(f"\nread {folder / 'README.md'} first; its tests: python -m pytest {folder / 'tests'}")
