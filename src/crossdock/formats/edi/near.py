"""Codes that were probably meant by one that is none."""

from __future__ import annotations

import difflib
from collections.abc import Collection

_NEAR_MAX = 3
#: Of codes so short, likeness of letters says little: those that begin alike are near.
_SHORT_CHARS = 2


def near_codes(code: str, known: Collection[str]) -> list[str]:
    """The known codes nearest to one that is none: written alike but for case and leading zeros, else by letters."""
    written, bare = code.upper(), code.upper().lstrip("0")
    alike = sorted(one for one in known if one.upper().lstrip("0") == bare)
    if alike or len(written) > _SHORT_CHARS:
        return alike[:_NEAR_MAX] or difflib.get_close_matches(written, sorted(known), _NEAR_MAX, 0.5)
    begun = [one for one in known if len(one) == len(written) and one[:1] == written[:1]]
    return sorted(begun, key=lambda one: (abs(ord(one[-1]) - ord(written[-1])), one))[:_NEAR_MAX]
