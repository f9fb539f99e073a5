"""A charter that two people must want: a hub starts with another version only once somebody else approved it."""

from __future__ import annotations

import json
from typing import Any

import zstandard
from ruamel.yaml import YAML, YAMLError

from crossdock.faults import Misconfigured
from crossdock.governance.request import State
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import Kind

VERB = "charter"
_ZSTD = b"\x28\xb5\x2f\xfd"


async def must_be_approved(journal: SiteJournal, version: str) -> None:
    """Raises Misconfigured where the charter in force until now asks for two people, and only one changed it."""
    before = await journal.view(in_force)
    if before is None or before[0] == version or not _asks(before[1]):
        return
    if await journal.view(lambda c: _is_approved(c, version)):
        return
    says = f"the charter {version[:19]} was not approved by a second person"
    fix = "`crossdock charter propose`, then somebody else: `crossdock approvals approve`; or put the old one back"
    raise Misconfigured(says, file="charter.yaml", path="four_eyes.acts", fix=fix)


def in_force(connection: Connection) -> tuple[str, dict[str, str]] | None:
    """Version and files of the charter by which the last entry of the ledger was made; None in a new store."""
    row = connection.execute(
        "SELECT c.version, c.files FROM ledger l JOIN charters c ON c.id = l.charter ORDER BY l.position DESC LIMIT 1"
    ).fetchone()
    row = row or connection.execute("SELECT version, files FROM charters ORDER BY id DESC LIMIT 1").fetchone()
    if row is None:
        return None
    data = bytes(row[1])
    text = zstandard.ZstdDecompressor().decompress(data) if data.startswith(_ZSTD) else data
    return row[0], json.loads(text)


def acts_of(files: dict[str, str]) -> tuple[list[str], float]:
    """The acts that a charter wants two people for, and how long a request is good (seconds)."""
    try:
        tree: Any = YAML(typ="safe", pure=True).load(files.get("charter.yaml", ""))  # pyright: ignore[reportUnknownMemberType]
        rules: Any = tree["four_eyes"]
        return [str(one) for one in rules["acts"]], float(rules.get("within_s") or 86_400)
    except (YAMLError, AttributeError, KeyError, TypeError, ValueError):
        return [], 0.0  # a charter without the section, or an older form of it


def _asks(files: dict[str, str]) -> bool:
    return Kind.CHARTER.value in acts_of(files)[0]


def _is_approved(connection: Connection, version: str) -> bool:
    query = "SELECT 1 FROM approvals WHERE verb = ? AND subject = ? AND state = ?"
    return connection.execute(query, (VERB, version, State.DONE.value)).fetchone() is not None
