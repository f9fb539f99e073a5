"""`crossdock twin`: simulated systems to try things on."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli import scenario
from crossdock.cli.terminal import MISUSED, Group, stop

app = typer.Typer(cls=Group, no_args_is_help=True, help="Simulated systems to try things on.")

app.add_typer(scenario.app, name="scenario")

_PUSH_KEY = "CROSSDOCK_TWIN_PUSH_KEY"


class Kind(Enum):
    """What is simulated."""

    WAREHOUSE = "warehouse"
    ERP = "erp"
    WMS = "wms"
    SHOP = "shop"
    CARRIER = "carrier"


@app.callback()
def _group() -> None:
    """Simulated systems to try things on."""


@app.command()
def up(
    kinds: Annotated[
        list[Kind],
        typer.Argument(metavar="TWIN…", help="warehouse alone, or any of erp, wms, shop, carrier together."),
    ],
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:9200",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same story.")] = 1,
    stock: Annotated[
        Path | None, typer.Option("--stock", metavar="FILE", help="JSON of the items and stock to open with.")
    ] = None,
    push: Annotated[
        list[str] | None,
        typer.Option("--push", metavar="URL", help="Who is told; {topic} and {system} are filled in."),
    ] = None,
    topics: Annotated[
        str | None,
        typer.Option("--topics", metavar="A,B", help="What is pushed.  \\[default: all of an order]"),
    ] = None,
    key_env: Annotated[
        str,
        typer.Option(
            "--key-env", metavar="NAME", help="Environment variable with the key of its own pushes."
        ),
    ] = _PUSH_KEY,
    simulated_clock: Annotated[
        bool, typer.Option("--simulated-clock", help="Time moves only by PUT /_clock.")
    ] = False,
    faults: Annotated[
        str | None, typer.Option("--faults", metavar="DIAL=VALUE,…", help="Bad days: late=0.1,fail=0.05")
    ] = None,
) -> None:
    """Runs simulated systems until they are told to stop; prints one line for each that is ready.

    The key that callers must show is CROSSDOCK_TWIN_API_KEY, the key of its own pushes is in --key-env; several twins
    have one key each, with the twin behind the name, such as CROSSDOCK_TWIN_PUSH_KEY_ERP. They take the ports that
    follow --listen, and how to connect a site to them is printed on stderr.
    """
    import os

    if key_env != _PUSH_KEY and not os.environ.get(key_env):
        stop(f"the environment variable {key_env} is not set", fix=f"set {key_env}", status=MISUSED)
    if stock is not None and not stock.is_file():
        stop(f"there is no file {stock}", status=MISUSED)
    if kinds != [Kind.WAREHOUSE]:
        from crossdock.cli.twins_together import Wanted, together

        named = list(dict.fromkeys("wms" if one is Kind.WAREHOUSE else one.value for one in kinds))
        wanted = Wanted(named, listen, seed, stock, tuple(push or ()), key_env, simulated_clock, faults or "")
        raise typer.Exit(together(wanted, os.environ))
    raise typer.Exit(
        _alone(listen, seed, stock, push or [], topics, key_env, faults, simulated_clock=simulated_clock)
    )


def _alone(
    listen: str, seed: int, stock: Path | None, push: list[str], topics: str | None, key_env: str,
    faults: str | None, *, simulated_clock: bool,
) -> int:  # fmt: skip
    """Runs the warehouse twin by itself; the exit status."""
    import os

    from crossdock.twins.warehouse.__main__ import main

    arguments = ["--listen", listen, "--seed", str(seed)]
    given = (
        ("--stock", stock),
        ("--topics", topics),
        ("--faults", faults),
        *(("--push", url) for url in push),
    )
    for option, value in given:
        arguments += [option, str(value)] if value is not None else []
    for option, name in (
        ("--api-key-env", "CROSSDOCK_TWIN_API_KEY"),
        ("--key-env", key_env),
    ):
        arguments += [option, name] if os.environ.get(name) else []
    arguments += ["--simulated-clock"] if simulated_clock else []
    return main(arguments)
