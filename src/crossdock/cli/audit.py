"""`crossdock audit`: whether anything was changed behind the hub's back, and what people did through it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import options
from crossdock.cli.reading import must_be_current
from crossdock.cli.terminal import FOUND, Group, print_json, progress, stop

if TYPE_CHECKING:
    from crossdock.journal.sql.connection import Storage

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Proof that the ledger is as it was written, and what people did."
)


@app.callback()
def _group() -> None:
    """Proof that the ledger is as it was written, and what people did."""


@app.command()
def verify(
    at: Annotated[
        int | None,
        typer.Option("--at", metavar="N", min=1, help="Give the head after entry N.  \\[default: the last]"),
    ] = None,
    site: options.Site = None,
    database: options.Database = None,
    json: options.Json = False,
) -> None:
    """Walks the ledger and finds what was changed behind the hub's back.

    Reads one snapshot, so a hub may go on working. The head is a digest over all chains: kept elsewhere, it shows
    later whether the ledger up to that entry is still the same.
    """
    from crossdock.journal.sql import audit

    storage = _storage(site, database)
    seen, heads = 0, list[str]()
    with progress("entries of the ledger") as show:

        def count(done: int, all_: int) -> None:
            nonlocal seen
            seen = done
            show(done, all_)

        finding = audit.verify(storage, count, at=at, head=heads.append)
    if finding is None:
        if at is not None and at > seen:
            stop(
                f"the ledger has {seen} entries, not {at}",
                fix="entries were cut off, or it is another ledger",
            )
        told = {"ok": True, "position": seen, "head": heads[0], **({} if at is None else {"at": at})}
        if json:
            print_json(told)
        else:
            print(f"all is as it was written: {seen} entries, with all they speak of")
            print(f"head after entry {seen if at is None else at}: {heads[0]}")
        return
    if json:
        broken = {"position": finding.position, "what": finding.what, "says": finding.says}
        print_json({"ok": False, **broken})
        raise typer.Exit(FOUND)
    stop(f"at position {finding.position} the {finding.what} does not hold: {finding.says}")


@app.command()
def acts(
    about: Annotated[
        str, typer.Argument(metavar="[WORD]", help="Only what speaks of it: somebody, an order, a system.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="How many.")] = 100,
    site: options.Site = None,
    database: options.Database = None,
    json: options.Json = False,
) -> None:
    """Shows what people did, newest first: when, who, from where, and what.

    In JSON each act also has what stood before it and after it.
    """
    from crossdock.journal.sql import people

    with _storage(site, database).snapshot() as connection:
        items = people.acts(connection, 0, limit, about=about)
    if json:
        print_json({"items": items})
        return
    for one in items:
        at = str(one["at"])[:19].replace("T", " ")
        print(f"{at} UTC  {one['who'] or '-':<16} {one['from'] or 'this machine':<16} {one['says']}")
    if not items:
        print(f"nobody did anything about {about}" if about else "nobody has done anything yet")


def _storage(site: Path | None, database: str | None) -> Storage:
    """The store of a site, which must be there and of this version."""
    from crossdock.cli.opening import store_at

    storage = store_at(options.settings(site, database).database, also_left=True)
    if not storage.exists():
        stop(f"there is no store at {storage.name}", fix="name the site by --site, or start the hub once")
    must_be_current(storage)
    return storage
