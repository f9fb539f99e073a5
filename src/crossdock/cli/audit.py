"""`crossdock audit`: whether anything was changed behind the hub's back."""

from __future__ import annotations

import typer

from crossdock.cli import options
from crossdock.cli.terminal import FOUND, Group, print_json, progress, stop

app = typer.Typer(cls=Group, no_args_is_help=True, help="Proof that the ledger is as it was written.")


@app.callback()
def _group() -> None:
    """Proof that the ledger is as it was written."""


@app.command()
def verify(site: options.Site = None, database: options.Database = None, json: options.Json = False) -> None:
    """Walks the ledger and finds what was changed behind the hub's back.

    Reads one snapshot, so a hub may go on working.
    """
    from crossdock.journal.sqlite import audit

    path = options.settings(site, database).sqlite_path
    if not path.exists():
        stop(f"there is no store at {path}", fix="name the site by --site, or start the hub once")
    seen = 0
    with progress("entries of the ledger") as show:

        def count(done: int, all_: int) -> None:
            nonlocal seen
            seen = done
            show(done, all_)

        finding = audit.verify(path, count)
    if finding is None:
        whole = {"ok": True, "position": seen}
        print_json(whole) if json else print(
            f"all is as it was written: {seen} entries, with all they speak of"
        )
        return
    if json:
        broken = {"position": finding.position, "what": finding.what, "says": finding.says}
        print_json({"ok": False, **broken})
        raise typer.Exit(FOUND)
    stop(f"at position {finding.position} the {finding.what} does not hold: {finding.says}")
