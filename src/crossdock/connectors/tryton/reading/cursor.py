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

    at: Change = (BEGINNING, 0)  #: the next query reads what comes after this
    high: Change = (BEGINNING, 0)  #: the latest change that any query gave
    seen: Mapping[str, str] = field(default_factory=dict[str, str])  #: record id -> stamp of its last change

    @classmethod
    def before(cls, stamp: str, overlap_s: int) -> Place:
        """The place to begin at when the latest change so far is of that stamp."""
        start = (earlier(stamp, overlap_s), 0)
        return cls(start, start)

    def is_new(self, change: Change) -> bool:
        """Whether an earlier query of the overlap did not show this change."""
        stamp, record = change
        return self.seen.get(str(record)) != stamp

    def after_page(self, page: Sequence[Change]) -> Place:
        """The place after a full page, ascending: more of this round is to come."""
        return Place(page[-1], max(self.high, page[-1]), _newest({**self.seen, **_by_record(page)}))

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
        return Place((start, 0), high, _newest({record: at for record, at in seen.items() if at >= start}))


@dataclass(frozen=True, slots=True)
class Cursor:
    """The places in all streams; `loading` is the last record of the first load, None when it is over."""

    places: Mapping[str, Place]
    loading: int | None = None

    def written(self) -> str:
        """The cursor as text, to be saved with the captures of its page."""
        places = {name: [place.at, place.high, place.seen] for name, place in self.places.items()}
        return json.dumps({"loading": self.loading, "places": places}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The cursor that was written."""
        tree: dict[str, Any] = json.loads(text)
        places = {
            name: Place(tuple(at), tuple(high), seen) for name, (at, high, seen) in tree["places"].items()
        }
        return cls(places, tree["loading"])


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
