"""How far a poll got: a place in each stream of changes, and what the overlap showed before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

SEEN_MAX = 500  #: changes remembered per stream; what is forgotten is read once more and found equal
BEGINNING = "1970-01-01T00:00:00.000000"


#: A change: when the record was written, and which record. Sorts by time, then id.
Change = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in one stream of changes.

    Stamps are ISO 8601 with microseconds, in UTC without a zone, so that they compare as text.
    """

    high: Change = (BEGINNING, 0)  #: the latest change that any query gave
    at: Change = (BEGINNING, 0)  #: the next query reads what comes after this
    seen: Mapping[str, str] = field(default_factory=dict[str, str])  #: record id -> stamp of its last change

    @classmethod
    def before(cls, latest: Change, overlap_s: int) -> Place:
        """The place to begin at, given the latest change so far."""
        return cls(latest, (earlier(latest[0], overlap_s), 0))

    def knowing(self, page: Sequence[Change]) -> Place:
        """The same place, with changes that need not be shown again."""
        return Place(self.high, self.at, _newest(_by_record(page)))

    def is_new(self, change: Change) -> bool:
        """Whether an earlier query of the overlap did not show this change."""
        stamp, record = change
        return self.seen.get(str(record)) != stamp

    def after_page(self, page: Sequence[Change]) -> Place:
        """The place after a full page, ascending: more of this round is to come."""
        return Place(max(self.high, page[-1]), page[-1], _newest({**self.seen, **_by_record(page)}))

    def after_round(self, page: Sequence[Change], now: str | None, overlap_s: int) -> Place:
        """The place where the next round starts, after the last page of this one.

        A slow transaction commits its changes under a time that was passed already, so the next round
        goes back by the overlap. When by their clock `now` nothing can be that late any more, it does not.
        """
        high = max([self.high, *page[-1:]])
        if now is not None and earlier(now, overlap_s) > high[0]:
            return Place(high, high)
        start = earlier(high[0], overlap_s)
        seen = {**self.seen, **_by_record(page)}
        return Place(high, (start, 0), _newest({record: at for record, at in seen.items() if at >= start}))


@dataclass(frozen=True, slots=True)
class Cursor:
    """The places in all streams; `loading` is the last record read of the first load, None when it is over."""

    places: Mapping[str, Place]
    loading: int | None = None

    def written(self) -> str:
        """The cursor as text, to be saved with the captures of its page."""
        places = {name: [place.high, place.at, place.seen] for name, place in self.places.items()}
        load = [1, 0] if self.loading is None else [0, self.loading]  # only ever rises
        return json.dumps({"load": load, "places": places}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The cursor that was written."""
        tree: dict[str, Any] = json.loads(text)
        places = {
            name: Place(tuple(high), tuple(at), seen) for name, (high, at, seen) in tree["places"].items()
        }
        over, record = tree["load"]
        return cls(places, None if over else record)


def earlier(stamp: str, by_s: int) -> str:
    """A stamp so many seconds before another."""
    return stamped(datetime.fromisoformat(stamp) - timedelta(seconds=by_s))


def stamped(moment: datetime) -> str:
    """A moment without a zone as a stamp."""
    return moment.isoformat(timespec="microseconds")


def _by_record(page: Sequence[Change]) -> dict[str, str]:
    return {str(record): stamp for stamp, record in page}


def _newest(seen: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(seen.items(), key=lambda entry: entry[1])[-SEEN_MAX:])
