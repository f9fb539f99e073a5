"""`crossdock pause`, `resume` and `drain`: what may pass into and out of systems."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import MISUSED, print_json, stop

System = Annotated[str | None, typer.Argument(metavar="SYSTEM", help="Which system; or --all.")]
All = Annotated[bool, typer.Option("--all", help="The whole hub: every system.")]
In = Annotated[bool, typer.Option("--in", help="Only what it sends.")]
Out = Annotated[bool, typer.Option("--out", help="Only what it gets.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why. Whoever waits reads it; it stays in the ledger.")
]


@at_a_place
def pause(
    reason: Reason,
    system: System = None,
    all_: All = False,
    in_: In = False,
    out: Out = False,
    *,
    at: Place,
) -> None:
    """Lets nothing pass any more, from a system and to it, until somebody resumes it.

    What is for it waits here, in order; what others send is accepted as ever. Its own door answers 503, and it is
    not polled. A pause outlives a restart.
    """
    _act("pause", system, all_, (in_, out), reason, at)


@at_a_place
def drain(
    reason: Reason,
    system: System = None,
    all_: All = False,
    in_: In = False,
    out: Out = False,
    *,
    at: Place,
) -> None:
    """Lets what is here already pass to its end, and nothing new: before a system, or the hub, is taken down."""
    _act("drain", system, all_, (in_, out), reason, at)


@at_a_place
def resume(
    system: System = None,
    all_: All = False,
    in_: In = False,
    out: Out = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, if you like.")] = "",
    *,
    at: Place,
) -> None:
    """Opens what was paused or drained: everything that waited goes on, in order."""
    _act("resume", system, all_, (in_, out), reason, at)


def _act(
    act: str, system: str | None, all_: bool, ways: tuple[bool, bool], reason: str,
    at: Place,
) -> None:  # fmt: skip
    from crossdock.cli.remote import waits

    if (system is None) != all_:
        stop("name one system, or say --all", fix=f"crossdock {act} wms --reason …", status=MISUSED)
    at.check_system(system)
    direction = {(True, False): "in", (False, True): "out"}.get(ways, "both")
    path = "/v1/hub" if system is None else f"/v1/systems/{system}"
    with at.acting() as hub:
        answer = hub.post(f"{path}/{act}", {"direction": direction, "reason": reason})
        if answer.status == 202:
            waits(answer.tree, json=at.json)
    if at.json:
        print_json(answer.tree)
        return
    _tell(act, system, direction, answer.tree, at)


def _tell(act: str, system: str | None, direction: str, tree: Any, at: Place) -> None:
    """What the act means from now on, and how to undo it."""
    from crossdock.cli.system_words import after, still_closed

    name, where = system or "the hub", at.spoken()
    ways = ("in", "out") if direction == "both" else (direction,)
    shown = [way for way in ways if system is None or tree[way] is not None]
    item = tree if system is not None else None
    for line in after(act, name, shown, item, at.clock(), where):
        print(line)
    if act == "resume" and system is None:
        for line in still_closed(tree["items"], ways, at.clock(), where):
            print(line)
    if act != "resume":
        narrowed = "" if direction == "both" else f" --{direction}"
        print(f"open again with: crossdock resume {system or '--all'}{narrowed}{where}")
