"""`crossdock schema`: the documents of the hub, for those who write mappings and checks."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.cli import options
from crossdock.cli.terminal import MISUSED, print_json, stop


def schema(
    document: Annotated[
        str | None, typer.Argument(metavar="KIND", help="Such as sales_order; none: a list.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Prints the JSON Schema of a document, or lists them."""
    from crossdock.faults import Invalid
    from crossdock.model import register
    from crossdock.model.schema import json_schema

    if document is not None:
        try:
            print_json(json_schema(document), indented=True)
        except Invalid as fault:
            stop(fault.says, fix=fault.fix, status=MISUSED)
        return
    rows = [(kind, (cls.__doc__ or "").strip().splitlines()[0]) for kind, cls in register.kinds().items()]
    if json:
        print_json({"documents": [{"kind": kind, "says": says} for kind, says in rows]})
        return
    for kind, says in rows:
        print(f"{kind:<24}{says}")
