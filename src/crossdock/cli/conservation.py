"""`crossdock conservation`: where every accepted document is, each figure counted from its own rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, console, print_json

_ROWS = ("captures", "messages", "transmissions")
_UNDER_WAY = ("waiting", "due", "sending", "retrying", "in_doubt")


def conservation(
    system: Annotated[
        str | None, typer.Option("--system", metavar="NAME", help="Only what came from it.")
    ] = None,
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Counts where everything is that was ever accepted."""
    from crossdock.cli.reading import reading

    options.check_system(system, site, url)
    figures = reading(site, database, url, key).conservation(system)
    if json:
        print_json(figures)
    else:
        _tell(figures)
    if not figures["balanced"]:
        raise typer.Exit(FOUND)


def _tell(figures: Mapping[str, Any]) -> None:
    out = console()
    for name in _ROWS:
        (first, made), *parts = figures[name].items()
        found = (
            ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in parts if count) or "nothing"
        )
        sums = "=" if made == sum(count for _, count in parts) else "[red]is not[/red]"
        out.print(f"{name:<14}{made:>8} {first:<9}{sums} {found}")
    outside = figures["outside"]
    out.print(f"{'at the door':<14}{outside['repeats']:>8} repeated, {outside['refused_at_door']} refused")
    if not figures["balanced"]:
        out.print("\n[red]something is missing: `crossdock audit verify` says where[/red]")
        return
    under_way = sum(figures[row].get(state, 0) for row in _ROWS for state in _UNDER_WAY)
    desk = sum(figures[row]["desk"] for row in _ROWS)
    rest = f"{under_way} under way, {desk} on the desk" if under_way or desk else "all is at its end"
    out.print(f"\n[green]nothing is missing[/green]; {rest}")
