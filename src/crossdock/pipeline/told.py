"""What the owner of a document last said of it, for connectors that must know more than what they write."""

from __future__ import annotations

from typing import Any

from crossdock.charter.charter import Charter
from crossdock.journal.contract import Journal


class Told:
    """Looks documents up by their number."""

    def __init__(self, journal: Journal, charter: Charter) -> None:
        self._journal = journal
        self._charter = charter

    def document(self, kind: str, number: str) -> dict[str, Any] | None:
        """The last word of its owner on a document; None when nobody has told of it."""
        known = self._journal.hub_of_number(kind, number)
        rule = self._charter.objects.get(kind)
        if known is None or rule is None:
            return None
        belief = self._journal.belief(known[0], rule.owner)
        message = self._journal.message(belief[2]) if belief is not None else None
        return message.tree if message is not None else None
