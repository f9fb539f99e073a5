"""`crossdock backup`, `restore` and `restored`: a copy of all that the hub knows, and how it comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli import last_backup, options, whereabouts
from crossdock.cli.acting import acting
from crossdock.cli.opening import reaching
from crossdock.cli.remote import refuse, waits
from crossdock.cli.terminal import Group, console, print_json, progress, stop
from crossdock.message.names import moment

Archive = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, one file.")]


def backup(
    file: Archive,
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Walk the ledger of the copy, as `audit verify` does."),
    ] = True,
    site: options.Site = None,
    database: options.Database = None,
    json: options.Json = False,
) -> None:
    """Writes all that the hub knows into one file, while it runs.

    The file holds the store as it was at one moment and the files of the site, each under its digest. Secrets are
    not in it. It holds business data: keep it as you keep the store.
    """
    from crossdock.backup.take import take

    settings = options.settings(site, database)
    if not file.parent.is_dir():
        stop(f"there is no folder {file.parent}", fix="make it, or give the backup another place")
    with reaching(settings.database), progress("bytes of the backup") as show:
        manifest = take(settings, file, verify=verify, now_ms=_now_ms(), progress=show)
    store = last_backup.store_of(settings)
    last = last_backup.LastBackup(str(file.resolve()), manifest.made_ms, manifest.position, store)
    last_backup.note(settings, last)
    if json:
        print_json({"file": str(file), "at": moment(manifest.made_ms), "position": manifest.position,
                    "head": manifest.head or None, "bytes": file.stat().st_size})  # fmt: skip
        return
    print(f"{file}: {manifest.site} up to entry {manifest.position}, {file.stat().st_size:,} bytes")
    print(f"the ledger in it is whole; head {manifest.head}" if manifest.head else "not verified")


def restore(
    file: Archive,
    site: options.Site = None,
    database: options.Database = None,
    json: options.Json = False,
) -> None:
    """Brings a backup back, and tells what must be asked again.

    What the hub sent since the backup is not in it. So everything open comes back in doubt and is settled as its flow
    says, and what a system hands in again is sent only after its target was asked: nothing goes out twice.
    """
    from crossdock.backup.bring_back import bring_back

    settings = options.settings(site, database)
    if file.is_dir():
        stop(f"{file} is a folder", fix="name the backup itself: the file that `crossdock backup` wrote")
    if (hub := whereabouts.running(settings)) is not None:
        fix = "stop it, then say this again: it would go on with the store that it has open"
        stop(f"a hub of this site runs at {hub.url}, process {hub.pid}", fix=fix)
    with reaching(settings.database), progress("bytes, then entries of the ledger") as show:
        report = asyncio.run(bring_back(settings, file, now_ms=_now_ms, progress=show))
    if json:
        print_json(report.tree())
        return
    out = console()
    for line in report.lines(options.spoken(site)):
        out.print(line)


restored = typer.Typer(cls=Group, no_args_is_help=True, help="What a restored hub still asks again.")


@restored.callback()
def _group() -> None:
    """What a restored hub still asks again."""


@restored.command()
def show(
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
    json: options.Json = False,
) -> None:
    """Shows which systems may still hand in what was sent before."""
    with acting(site, database, url, key) as hub:
        tree = hub.get("/v1/restored")
    if json:
        print_json(tree)
        return
    for one in tree["systems"]:
        state = f"ended {one['ended']}{_how(one)}" if one["ended"] else "hands in again"
        lost = "was lost" if one["ended"] else "is lost"
        print(f"{one['system']:<16}{state}; what came between {one['backup_at']} and {one['since']} {lost}")
    if not tree["systems"]:
        print("this store was never restored from a backup")


def _how(one: Mapping[str, str | None]) -> str:
    """When and by whom it was ended; an older hub does not say."""
    if not one.get("ended_at"):
        return ""
    return f" at {one['ended_at']} by {one['ended_by'] or 'the hub itself'} ({one['ended_says']})"


@restored.command()
def end(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="It has sent again all that was lost.")],
    site: options.Site = None,
    database: options.Database = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Says that a system has handed in all that was lost: what comes from now on is new."""
    options.check_system(system, site, url, see="crossdock restored show")
    with acting(site, database, url, key) as hub:
        answer = hub.ask("POST", f"/v1/restored/{system}/end", b"{}", {"content-type": "application/json"})
    if answer.status >= 400:
        refuse(answer)
    if answer.status == 202:
        waits(answer.tree, json=False)
    print(f"what {system} sends from now on is new")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
