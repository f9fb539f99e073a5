"""Says what an arrival is, next to what is already known."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.journal.contract import Arrival, Known, Verdict


class ArrivalDedup:
    """The guard of promise P2: one arrival, one effect; other content is a revision or refused."""

    def judge(
        self,
        arrival: Arrival,
        *,
        by_key: Known | None,
        same_version: Known | None,
        latest: Known | None,
        same_as: Callable[[int], bool],
    ) -> tuple[Verdict, int, int]:
        """The sender's own key is looked up first, then the number and version of the document."""
        if by_key is not None:
            verdict = Verdict.REPEAT if same_as(by_key.capture) else Verdict.CONFLICT
            return verdict, 0, by_key.capture
        if latest is None:
            return Verdict.NEW, 1 if arrival.version is None else arrival.version, 0
        if arrival.version is None:
            return self._unversioned(arrival, latest, same_as)
        if same_version is not None and same_version.version == arrival.version:
            verdict = Verdict.REPEAT if same_as(same_version.capture) else Verdict.CONFLICT
            if verdict is Verdict.CONFLICT and arrival.revise:
                # The sender did not raise the version of a real edit; the next number keeps both in order.
                return Verdict.NEW, latest.version + 1, 0
            return verdict, 0, same_version.capture
        verdict = Verdict.NEW if arrival.version > latest.version else Verdict.LATE
        return verdict, arrival.version, 0

    def _unversioned(
        self, arrival: Arrival, latest: Known, same_as: Callable[[int], bool]
    ) -> tuple[Verdict, int, int]:
        if same_as(latest.capture):
            return Verdict.REPEAT, 0, latest.capture
        if arrival.revise:
            return Verdict.NEW, latest.version + 1, 0
        return Verdict.CONFLICT, 0, latest.capture
