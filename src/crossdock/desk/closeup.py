"""A closer look at one incident: what differs, what the target answered, which of our fields may be mended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crossdock.journal.sql import evidence
from crossdock.journal.sql.connection import Connection
from crossdock.kit.excerpt import excerpt, redacted
from crossdock.mapping.override import leaves
from crossdock.message.names import INCIDENT, id_of
from crossdock.pipeline.trial import copies

DIFFERENCES_MAX = 10
ANSWER_CHARS_MAX = 500
_FIELDS_MAX = 50
_VALUE_CHARS_MAX = 80
_STATUS = re.compile(r"\banswered (\d{3})\b")
#: Words that say which document it is: another value there would make it another one.
_NAMES_IT = re.compile(r"(?:.*\.)?(?:number|order|id|line|state)")


def closeup(connection: Connection, item: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of one incident beyond its place in the list; empty where there is nothing more."""
    id_ = id_of(INCIDENT, item["id"])
    if id_ is None:
        return {}
    if item["type"] == "duplicate_conflict":
        contents = evidence.contents_of(connection, id_)
        return {} if contents is None else {"differs": differences(*contents)}
    refusal = evidence.refusal_of(connection, id_)
    if refusal is None:
        return {}
    shown: dict[str, Any] = {"fields": _fields(refusal.tree, item)}
    if item["type"] == "rejected":
        status = _STATUS.search(refusal.says)
        said = excerpt(refusal.body, chars_max=ANSWER_CHARS_MAX)
        shown["answer"] = {"status": int(status.group(1)) if status else None, "body": said}
    return shown


def differences(first: bytes, second: bytes) -> list[dict[str, Any]]:
    """Where two contents differ, by path: the first value and the second; at most ten."""
    try:
        one, other = (dict(leaves(json.loads(body, parse_float=Decimal))) for body in (first, second))
    except (ValueError, RecursionError):
        return []
    paths = [
        path for path in {**one, **other} if path not in one or path not in other or one[path] != other[path]
    ]
    return [
        {"path": path, "first": _shown(one, path), "second": _shown(other, path)}
        for path in paths[:DIFFERENCES_MAX]
    ]


def _shown(values: Mapping[str, Any], path: str) -> str | None:
    """A value as JSON, its digits as they were written; None where there is none."""
    if path not in values:
        return None
    value = values[path]
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return redacted(text, _VALUE_CHARS_MAX)


def _fields(tree: Mapping[str, Any], item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our fields that a person may mend: those that hold the value in question, else all of them."""
    meant = set(copies(tree, item["value"])) if item["path"] and item["value"] is not None else set[str]()
    return [
        {"path": path, "text": isinstance(value, str)}
        for path, value in leaves(tree)
        if value is not None and (path in meant if meant else not _NAMES_IT.fullmatch(path))
    ][:_FIELDS_MAX]
