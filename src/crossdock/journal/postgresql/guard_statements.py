"""The statements of the writer about approvals and erasure, each over the rows of a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from crossdock.journal.postgresql.arrays import Type

Bulk = TypeVar("Bulk")

_APPROVAL = (
    "id:i scope:i kind:t verb:t subject:t body:t says:t asked_by:t asked_from:t asked_ms:i until_ms:i state:i"
    " decided_by:t decided_ms:i reason:t"
)


def guard_statements(
    insert: Callable[..., Bulk], counted: Callable[..., Bulk], bulk: Callable[..., Bulk]
) -> Iterator[Bulk]:
    """The statements in the order in which a round runs them, made as those of the rest are."""
    yield insert("insert_approval", "approvals", f"{_APPROVAL} position:i")
    yield counted(
        "decide_approval",
        "UPDATE approvals a SET body = u.body, state = u.state, decided_by = u.decided_by, decided_ms = u.decided_ms,"
        " reason = u.reason, position = u.position FROM ROWS WHERE a.id = u.id AND a.state = u.before",
        f"{_APPROVAL} before:i position:i", "id", sort_by=0,
    )  # fmt: skip
    yield insert(
        "insert_stone",
        "stones",
        "what:t id:i seal:b rest:b why:t at_ms:i position:i",
        "ON CONFLICT DO NOTHING",
    )
    yield bulk(
        "erase_payload",
        "UPDATE payloads p SET salt = '', codec = u.codec, size = u.size, data = u.data, crc = u.crc"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[])"
        " AS u(codec, size, data, crc, id)"
        " WHERE p.id = u.id",
        (Type.INT, Type.INT, Type.BYTES, Type.INT, Type.INT), 4,
    )  # fmt: skip
    yield bulk(
        "erase_tree",
        "UPDATE messages m SET tree = u.tree FROM unnest($1::bytea[], $2::bigint[]) AS u(tree, id) WHERE m.id = u.id",
        (Type.BYTES, Type.INT), 1,
    )  # fmt: skip
    for name, table in (("erase_incident", "incidents"), ("erase_override", "overrides")):
        yield bulk(
            name,
            f"UPDATE {table} t SET value = u.value FROM unnest($1::text[], $2::bigint[]) AS u(value, id)"
            " WHERE t.id = u.id",
            (Type.TEXT, Type.INT), 1,
        )  # fmt: skip
