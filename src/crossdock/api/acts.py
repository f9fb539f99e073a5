"""The bytes of an act, read strictly: what a person sends must mean one thing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from crossdock.api.refusals import Refusal


def act_body(body: bytes) -> Any:
    """The JSON of an act; nothing at all is an empty object. Raises Refusal with 400."""
    if not body.strip():
        return {}
    try:
        tree = json.loads(body, parse_float=Decimal, object_pairs_hook=_unique, parse_constant=_no_number)
        if b"\\u" in body:  # half of a pair of code units is no text: no store and no answer can hold it
            json.dumps(tree, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}", fix="send one JSON object in UTF-8") from None
    return tree


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return tree


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")
