"""`crossdock keys`: who may speak with the hub."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import options
from crossdock.cli.terminal import MISUSED, Group, complain, print_json, stop

if TYPE_CHECKING:
    from crossdock.journal.sql.keyring import StoredKey

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Keys by which systems and people are known at the door."
)
_FINGERPRINT_CHARS = 12


class PersonRole(Enum):
    """What a key that belongs to no system may do."""

    OBSERVER = "observer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


@app.command()
def create(
    who: Annotated[
        str | None,
        typer.Argument(help="The system that delivers with it; with --role a name for its holder."),
    ] = None,
    role: Annotated[
        PersonRole | None,
        typer.Option(
            "--role",
            help="For people: an observer reads, an operator acts, an approver says yes to what others ask, an admin"
            " makes accounts too.",
        ),
    ] = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Makes a key and prints it, once.

    The hub keeps its digest only. A running hub knows the key at once.
    """
    from crossdock.api.keys import digest_of, new_key
    from crossdock.cli.keeping import keep
    from crossdock.journal.sql.keyring import StoredKey

    if who is None and role is None:
        stop(
            "say whose key it is",
            fix="name a system, or give --role observer, operator, approver or admin",
            status=MISUSED,
        )
    settings = options.settings(site, database)
    system = who if role is None else None
    if system is not None:
        _must_deliver(settings.site, system)
    kind = role.value if role else "system"
    key, at_ms = new_key(), time.time_ns() // 1_000_000
    keep(settings, [StoredKey(digest_of(key), who or kind, kind, system, at_ms, None)])
    print(key)


def _must_deliver(site: Path, system: str) -> None:
    """A key for a system that the charter does not have would never open anything."""
    from difflib import get_close_matches

    from crossdock.assembly import read_charter

    charter, _ = read_charter(site)
    if system in charter.systems:
        return
    near = get_close_matches(system, charter.systems, 1)
    fix = f"did you mean {near[0]}?" if near else f"it has {', '.join(charter.systems)}"
    stop(f"the charter has no system {system!r}", fix=fix, status=MISUSED)


@app.command("list")
def list_(site: options.Site = None, database: options.Database = None, json: options.Json = False) -> None:
    """Lists the keys by fingerprint: whose they are, since when, and which were revoked."""
    from crossdock.cli.opening import store_at
    from crossdock.journal.sql.keyring import stored_keys
    from crossdock.message.names import moment

    keys = stored_keys(store_at(options.settings(site, database).database))
    rows = [
        {
            "fingerprint": fingerprint(key), "name": key.name, "role": key.role, "system": key.system,
            "created_at": moment(key.at_ms), "revoked_at": moment(key.revoked_ms) if key.revoked_ms else None,
        }
        for key in keys
    ]  # fmt: skip
    if json:
        print_json({"keys": rows})
        return
    if not rows:
        print("there are no keys yet: crossdock keys create SYSTEM")
        return
    print(f"{'fingerprint':<14}{'name':<20}{'role':<10}{'since (UTC)':<18}")
    for row in rows:
        ended = f"revoked {row['revoked_at'][:16].replace('T', ' ')}" if row["revoked_at"] else ""
        since = str(row["created_at"])[:16].replace("T", " ")
        print(f"{row['fingerprint']:<14}{row['name']:<20}{row['role']:<10}{since:<18}{ended}".rstrip())


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The key itself, its fingerprint, or the name it was given.")],
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Ends a key. A running hub refuses it within a second."""
    from crossdock.cli.keeping import keep
    from crossdock.cli.opening import store_at
    from crossdock.journal.sql.keyring import stored_keys

    settings, now_ms = options.settings(site, database), time.time_ns() // 1_000_000
    found = _one(stored_keys(store_at(settings.database)), key, now_ms)
    keep(settings, [replace(found, revoked_ms=now_ms)])
    print(f"revoked {fingerprint(found)} ({found.name})")


@app.command()
def rotate(
    key: Annotated[str, typer.Argument(help="The key itself, its fingerprint, or the name it was given.")],
    overlap_h: Annotated[
        float,
        typer.Option(
            "--overlap-h", metavar="HOURS", min=0, max=24 * 90, help="How long the old one still works."
        ),
    ] = 24,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Makes a new key for the same holder and prints it, once; the old one works on for a while.

    So the holder can change over without a gap: nothing is refused in between.
    """
    from crossdock.api.keys import digest_of, new_key
    from crossdock.cli.keeping import keep
    from crossdock.cli.opening import store_at
    from crossdock.journal.sql.keyring import StoredKey, stored_keys
    from crossdock.message.names import moment

    settings, now_ms = options.settings(site, database), time.time_ns() // 1_000_000
    storage = store_at(settings.database)
    old = _one([one for one in stored_keys(storage) if one.revoked_ms is None], key, now_ms)
    fresh = new_key()
    ends_ms = now_ms + int(overlap_h * 3_600_000)
    made = StoredKey(digest_of(fresh), old.name, old.role, old.system, now_ms, None)
    keep(settings, [made, replace(old, revoked_ms=ends_ms)])
    print(fresh)
    print(f"the old one, {fingerprint(old)}, works until {moment(ends_ms)}", file=sys.stderr)


def _one(keys: Sequence[StoredKey], wanted: str, now_ms: int) -> StoredKey:
    """The one valid key that is meant. Ends the command when there is none, or more than one."""
    valid = [one for one in keys if one.revoked_ms is None or one.revoked_ms > now_ms]
    found = [one for one in valid if _is(one, wanted)]
    if not found:
        stop("no valid key is called that", fix="`crossdock keys list` shows them")
    if len(found) > 1:
        complain(f"{len(found)} keys are called {wanted}", fix="give the fingerprint of one:")
        for one in found:
            print(fingerprint(one))
        raise typer.Exit(MISUSED)
    return found[0]


def fingerprint(key: StoredKey) -> str:
    """A few digits by which people tell keys apart; it opens nothing."""
    return key.digest.hex()[:_FINGERPRINT_CHARS]


def _is(stored: StoredKey, wanted: str) -> bool:
    from crossdock.api.keys import digest_of

    return wanted in {stored.name, fingerprint(stored)} or digest_of(wanted) == stored.digest
