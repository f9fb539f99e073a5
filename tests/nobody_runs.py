"""A desk beside which no hub runs."""

from __future__ import annotations

from collections.abc import Sequence


class NobodyRuns:
    """Stands in while no hub runs: the next start finds everything in the store."""

    def nudge(
        self,
        *,
        captures: Sequence[int] = (),
        messages: Sequence[int] = (),
        lanes: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Nothing to wake."""

    def gates_changed(self) -> None:
        """Nothing passes anyway."""
