"""`crossdock conservation`: where every accepted document is, each figure counted from its own rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import FOUND, console, print_json

_ROWS = ("captures", "messages", "transmissions")
_UNDER_WAY = ("waiting", "due", "sending", "retrying", "in_doubt")


@at_a_place
def conservation(
    system: Annotated[
        str | None, typer.Option("--system", metavar="NAME", help="Only what came from it.")
    ] = None,
    *,
    at: Place,
) -> None:
    """Counts where everything is that was ever accepted."""
    at.check_system(system)
    figures = at.reading(also_left=True).conservation(system)
    if at.json:
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
