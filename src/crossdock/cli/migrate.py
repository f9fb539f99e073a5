"""`crossdock migrate`: a site goes from a SQLite file to PostgreSQL, with all that it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import options
from crossdock.cli.opening import reaching
from crossdock.cli.terminal import FOUND, MISUSED, print_json, progress, stop

if TYPE_CHECKING:
    from crossdock.journal.postgresql.moving import Moved


def migrate(
    from_: Annotated[str, typer.Option("--from", metavar="URL", help="The store to leave: sqlite:PATH.")],
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database: postgresql://USER@HOST/NAME.")
    ],
    json: options.Json = False,
) -> None:
    """Moves a site from a SQLite file into a PostgreSQL database.

    No hub may run meanwhile. Everything is copied as it is, the ledger link by link; a move that was cut off goes on
    where it stood. At the end both are compared: rows by table, the figures of conservation, the heads of the chains.
    The file is then marked, so that nobody goes on with it by mistake: commands refuse it, and it moves nowhere else.
    `trace` and `audit verify` still read it.
    """
    from crossdock.journal.address import spoken
    from crossdock.settings import settings_from

    source, target = settings_from({}, database=from_), settings_from({}, database=to)
    if source.is_shared or not target.is_shared:
        stop(
            f"a site moves from SQLite to PostgreSQL, not from {spoken(from_)} to {spoken(to)}",
            fix="give --from sqlite:PATH and --to postgresql://USER@HOST/NAME",
            status=MISUSED,
        )
    from crossdock.journal.postgresql.moving import move

    with reaching(target.database), progress("rows") as show:
        moved = move(source.sqlite_path, target.database, show)
    _tell(moved, json=json)
    if moved.differs:
        raise typer.Exit(FOUND)


def _tell(moved: Moved, *, json: bool) -> None:
    rows = {name: {"from": one, "to": other} for name, (one, other) in moved.rows.items()}
    if json:
        heads = {str(chain): head for chain, head in moved.heads[1].items()}
        print_json({"ok": not moved.differs, "differs": moved.differs, "rows": rows, "heads": heads})
        return
    if not rows:
        print("this store was moved there before; nothing is left to do")
        return
    if moved.differs:
        stop(f"the two differ: {', '.join(moved.differs)}", fix="make an empty database, and move into that")
    count = sum(one for one, _ in moved.rows.values())
    print(f"{count:,} rows in {len(rows)} tables, {len(moved.heads[1])} chains: the same on both sides")
    print("nothing is missing; start the hub with this database from now on, and keep the file for a while")
