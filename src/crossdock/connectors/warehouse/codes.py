"""Codes between the hub and one warehouse: through a crosswalk where the charter says so, else as they are."""

from __future__ import annotations

from crossdock.faults import Misconfigured
from crossdock.kit.connector import Tools

__all__ = ["CROSSWALKS", "Codes"]

#: The crosswalks that the charter may switch on for a warehouse with codes of its own.
CROSSWALKS = ("carrier", "reason", "ship_method", "site", "state", "stock_status", "unit")


class Codes:
    """Looks up what the option `crosswalks` lists, and passes everything else through."""

    def __init__(self, tools: Tools) -> None:
        listed = tools.system.options.get("crosswalks", ())
        unknown = [name for name in listed if name not in CROSSWALKS]
        if unknown:
            raise Misconfigured(
                f"the warehouse connector has no crosswalk {unknown[0]!r}",
                path="crosswalks",
                fix=f"use some of {', '.join(CROSSWALKS)}",
            )
        self._listed = frozenset(listed)
        self._tools = tools

    def ours(self, crosswalk: str, code: str) -> str:
        """Our code for theirs. Raises Unmapped."""
        return self._tools.ours(crosswalk, code) if crosswalk in self._listed else code

    def theirs(self, crosswalk: str, code: str) -> str:
        """Their code for ours. Raises Unmapped."""
        return self._tools.theirs(crosswalk, code) if crosswalk in self._listed else code

    def ours_if(self, crosswalk: str, code: str | None) -> str | None:
        """Our code for theirs, None for none. Raises Unmapped."""
        return None if code is None else self.ours(crosswalk, code)
