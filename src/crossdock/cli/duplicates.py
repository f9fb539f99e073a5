"""`crossdock duplicates`: customers that are likely one, with what they have in common."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, console, print_json, stop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.message.records import Message


def duplicates(
    site: options.Site = None, database: options.Database = None, json: options.Json = False
) -> None:
    """Shows parties that share a tax number, a GLN, an e-mail address, or a name at one place.

    Nothing is merged: which of them is right is for their owner to say. Exit status 1 when there are any.
    """
    from crossdock.cli.opening import store_at
    from crossdock.cli.reading import must_be_current
    from crossdock.journal.sql.told import last_words

    settings = options.settings(site, database)
    store = store_at(settings.database, also_left=True)
    if not store.exists():
        stop(f"no hub has run for the site {settings.site} yet", fix="start it with `crossdock up`")
    must_be_current(store)
    with store.snapshot() as connection:
        found = _found(last_words(connection, "party"))
    if json:
        print_json({"total": len(found), "items": found})
    else:
        _tell(found)
    if found:
        raise typer.Exit(FOUND)


def _found(parties: Iterable[Message]) -> list[dict[str, Any]]:
    """Each thing that several parties have in common, and who they are; the same company of parties once."""
    from crossdock.model.postal import likenesses

    alike: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for message in parties:
        shown = {"system": message.system, "id": message.their_id, "name": message.tree.get("name", "")}
        for likeness in likenesses(message.tree):
            alike[likeness][message.hub] = shown
    groups: dict[tuple[int, ...], dict[str, Any]] = {}
    for likeness, members in alike.items():
        if len(members) > 1:
            group = groups.setdefault(
                tuple(sorted(members)), {"alike": [], "parties": list(members.values())}
            )
            group["alike"].append(likeness)
    return list(groups.values())


def _tell(found: list[dict[str, Any]]) -> None:
    out = console()
    if not found:
        out.print("[green]no two parties are alike[/green]")
        return
    for group in found:
        out.print(f"[bold]{', '.join(group['alike'])}[/bold]", highlight=False)
        for one in group["parties"]:
            out.print(f"  {one['system']} {one['id']}: {one['name']}", markup=False)
    out.print(f"\n{len(found)} likely duplicates; let their owner merge them, then send the one that stays")
