"""A short piece of an answer that a person may read: no secret, no whole document."""

from __future__ import annotations

import json
import re
from typing import cast

#: Where systems put their reason, in the order of how much it helps a person (RFC 9457 has `detail` and `title`).
_REASONS = ("detail", "message", "error_description", "error", "errors", "reason", "title")
_NESTED_MAX = 4
_READ_MAX = 20_000

_GIVEAWAYS = (
    r"(?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|signature|session|cookie|credential)"
)
_NAMED = re.compile(
    rf"""(["']?[\w-]*{_GIVEAWAYS}[\w-]*["']?\s*[:=]\s*)(?:(?:bearer|basic|digest|token)\s+)?(?:"[^"]*"?|'[^']*'?|[^\s,;&}}"']+)""",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_LONG = re.compile(r"[\w+/=.~-]{40,}")  # keys and tokens; no word of a sentence is so long


def excerpt(body: bytes, *, chars_max: int = 200) -> str:
    """The reason that an answer gives, else its beginning, on one line; "" when there is nothing to read."""
    text = body[:_READ_MAX].decode("utf-8", "replace")
    try:
        reason = _reason(cast(object, json.loads(text)), _NESTED_MAX)
    except (ValueError, RecursionError):
        reason = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return redacted(" ".join("".join(c if c.isprintable() else " " for c in reason).split()), chars_max)


def redacted(text: str, chars_max: int = 200) -> str:
    """The text with everything that looks like a secret blacked out, cut to a length."""
    text = _NAMED.sub(r"\1***", text)
    text = _SCHEME.sub(r"\1 ***", text)
    text = _LONG.sub("***", text)
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def _reason(tree: object, nested: int) -> str:
    """The first reason found in a tree, else the tree as compact JSON."""
    if isinstance(tree, str):
        return tree
    if nested and isinstance(tree, dict):
        fields = {str(name).lower(): value for name, value in cast(dict[object, object], tree).items()}
        for name in _REASONS:
            if fields.get(name):
                return _reason(fields[name], nested - 1)
    if nested and isinstance(tree, list):
        return "; ".join(_reason(one, nested - 1) for one in cast(list[object], tree)[:3])
    return json.dumps(tree, ensure_ascii=False) if tree else ""
