"""`crossdock audit`: whether anything was changed behind the hub's back."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.cli import options
from crossdock.cli.reading import must_be_current
from crossdock.cli.terminal import FOUND, Group, print_json, progress, stop

app = typer.Typer(cls=Group, no_args_is_help=True, help="Proof that the ledger is as it was written.")


@app.callback()
def _group() -> None:
    """Proof that the ledger is as it was written."""


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
    from crossdock.journal.open import storage_of
    from crossdock.journal.sql import audit

    storage = storage_of(options.settings(site, database).database)
    if not storage.exists():
        stop(f"there is no store at {storage.name}", fix="name the site by --site, or start the hub once")
    must_be_current(storage)
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
