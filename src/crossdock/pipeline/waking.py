"""Messages to look at again, because what they lacked has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from crossdock.journal.contract import Journal
from crossdock.journal.tenure import Hold, News
from crossdock.pipeline.bound import Context

#: Messages asked for at once of the store.
PAGE = 200
#: Messages to look at again that are kept in memory; those beyond are found by the next look at the store.
AGAIN_MAX = 10_000


class _Asks(Protocol):
    """One question to the store: (message, partition) of those beyond an id, in order."""

    def __call__(self, limit: int, after: int) -> list[tuple[int, int]]: ...


@dataclass(slots=True)
class _Round:
    """A question that is asked page by page, until all that it finds were looked at."""

    asks: _Asks
    desk: bool = False  #: those on the desk are looked at, too
    after: int = 0
    anew: bool = False  #: what was waited for has come once more meanwhile: all of them are looked at again


class Waking:
    """Who is looked at again here, and who is told of elsewhere.

    However many wait for one word, all are found: page by page, and the next page when the last was looked at.
    """

    def __init__(self, context: Context, hold: Hold) -> None:
        self._journal: Journal = context.journal
        self._signals = context.signals
        self._hold = hold
        self._again: dict[int, bool] = {}  #: and whether also those on the desk
        self._rounds: dict[tuple[str, ...], _Round] = {}  #: by what has come; whose turn it is comes first
        self.waiting = 0  #: messages that wait for a predecessor, as far as we know
        self._compared = 0  #: up to which message those that wait were compared with what has come

    def __bool__(self) -> bool:
        return bool(self._again or self._rounds)

    def look_again(self, messages: Iterable[int], *, desk: bool = False) -> None:
        """Messages that may find now what they lacked; with `desk` those on the desk, too."""
        for id_ in messages:
            if len(self._again) < AGAIN_MAX:
                self._again[id_] = desk or self._again.get(id_, False)

    def come(self, words: Sequence[str]) -> None:
        """Each "document/number" has come: who waits for one is looked at again, or told of where it is held."""
        if words:
            self._ask(("word", *words), _Round(partial(self._journal.messages_waiting_for, words)))

    def item_come(self, sku: str) -> None:
        """An item has come: who lies on the desk without it is looked at again."""
        self._ask(("item", sku), _Round(partial(self._journal.messages_lacking_item, sku), desk=True))

    def stock_come(self, sku: str) -> None:
        """Stock of an item has come: who lies on the desk without it is looked at again, the oldest first."""
        self._ask(("stock", sku), _Round(partial(self._journal.messages_lacking_stock, sku), desk=True))

    def freed(self, partitions: frozenset[int]) -> None:
        """Partitions have come: a page of those that wait in them, and whose word has come while nobody looked."""
        self.look_again(self._journal.messages_freed(partitions, PAGE, 0))

    def compare(self) -> None:
        """Compares a page of those that wait with what has come; the next call looks at those behind it."""
        freed = self._journal.messages_freed(self._hold.partitions, PAGE, self._compared)
        self._compared = freed[-1] if len(freed) == PAGE else 0
        self.look_again(freed)

    def take(self) -> Iterator[tuple[int, bool]]:
        """A page of those to look at again, each once, and whether it may lie on the desk."""
        while not self._again and self._rounds:
            self._read(next(iter(self._rounds)))
        for id_ in list(self._again)[:PAGE]:
            yield id_, self._again.pop(id_)

    def _ask(self, key: tuple[str, ...], asked: _Round) -> None:
        known = self._rounds.setdefault(key, asked)
        known.anew = known is not asked
        if not known.anew:
            self._read(key)

    def _read(self, key: tuple[str, ...]) -> None:
        """Reads one page, as far as there is room; the next one has its turn behind the others'."""
        asked, limit = self._rounds[key], min(PAGE, AGAIN_MAX - len(self._again))
        if limit <= 0:
            return
        found = asked.asks(limit, asked.after)
        self.look_again((id_ for id_, partition in found if self._hold.has(partition)), desk=asked.desk)
        if others := tuple(id_ for id_, partition in found if not self._hold.has(partition)):
            self._signals.tell(News(messages=others))
        del self._rounds[key]
        if len(found) == limit:
            asked.after = found[-1][0]
            self._rounds[key] = asked
        elif asked.anew:
            asked.after, asked.anew = 0, False
            self._rounds[key] = asked
