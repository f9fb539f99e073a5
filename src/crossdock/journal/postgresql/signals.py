"""Words between the processes of a site, by the database's own LISTEN and NOTIFY."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import structlog

from crossdock.journal.postgresql.wire import CONNECT_S
from crossdock.journal.tenure import News

_log = structlog.get_logger("crossdock.signals")
_CHANNEL = "crossdock"
#: What is told within this time goes out together.
_GATHER_S = 0.005
_RECONNECT_PAUSE_S = 1.0
#: The server takes payloads of less than 8,000 bytes; a lane whose key is longer is found by looking.
_PAYLOAD_MAX = 7_500
#: Words that wait to be sent; beyond this they are dropped, and whoever misses them finds the work by looking.
_WAITING_MAX = 2_000

_encode = msgspec.json.Encoder().encode


class _Told(msgspec.Struct, array_like=True):
    """Who speaks, and what: news, or that a process has come or gone."""

    by: str
    news: News | None = None


_decode = msgspec.json.Decoder(_Told).decode


class PostgresqlSignals:
    """Two connections of its own: one that listens, one that tells. Without them everything works, only later."""

    def __init__(self, url: str, name: str) -> None:
        """`name` is unique among the processes of the site."""
        self._url = url
        self._name = name
        self._heard: Callable[[News], None] = lambda _news: None
        #: Called when another process has come or gone, or gave something back.
        self.on_change: Callable[[], None] = lambda: None
        self._partitions: set[int] = set()
        self._messages: dict[int, None] = {}
        self._lanes: dict[tuple[str, str], None] = {}
        self._fixed = self._changed = False
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to listen and to tell."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._forever(self._listening), name="signals-listen"),
            loop.create_task(self._forever(self._telling), name="signals-tell"),
        ]

    async def stop(self) -> None:
        """Ends both; what was not told yet is not told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- telling ---------------------------------------------------------------

    def tell(self, news: News) -> None:
        """Wakes the others, soon; never waits and never fails."""
        self._partitions.update(news.partitions)
        if len(self._messages) + len(self._lanes) < _WAITING_MAX:
            self._messages.update(dict.fromkeys(news.messages))
            self._lanes.update(dict.fromkeys(news.lanes))
        self._fixed = self._fixed or news.fixed
        self._wake.set()

    def change(self) -> None:
        """Tells that this process has come or gone, or gave something back."""
        self._changed = True
        self._wake.set()

    async def say_change(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """The same at once, on a connection of the caller's: the last word of a process that goes."""
        await connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, _encode(_Told(self._name)).decode()))

    def listen(self, heard: Callable[[News], None]) -> None:
        """Calls for whatever another process tells."""
        self._heard = heard

    async def _telling(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_S)
            self._wake.clear()
            for told in map(_encode, self._gathered()):
                if len(told) <= _PAYLOAD_MAX:
                    await connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, told.decode()))

    def _gathered(self) -> list[_Told]:
        """What is to be told, in pieces that the server takes."""
        told = [_Told(self._name)] if self._changed else []
        messages, lanes = list(self._messages), list(self._lanes)
        news = News(tuple(sorted(self._partitions)), fixed=self._fixed)
        self._partitions, self._messages, self._lanes = set(), {}, {}
        self._fixed = self._changed = False
        pieces = [news] if news != News() else []
        pieces += [News(messages=tuple(messages[at : at + 300])) for at in range(0, len(messages), 300)]
        pieces += [News(lanes=(lane,)) for lane in lanes]
        return [*told, *(_Told(self._name, piece) for piece in pieces)]

    # -- listening -------------------------------------------------------------

    async def _listening(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute(f"LISTEN {_CHANNEL}")  # pyright: ignore[reportArgumentType] - a constant
        self.on_change()
        self._heard(News(fixed=True))  # whatever was told while nobody listened
        async for notify in connection.notifies():
            with contextlib.suppress(msgspec.MsgspecError):
                told = _decode(notify.payload)
                if told.by == self._name:
                    continue
                if told.news is None:
                    self.on_change()
                else:
                    self._heard(told.news)

    async def _forever(self, talk: Callable[[psycopg.AsyncConnection[Any]], Any]) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection[Any].connect(
                    self._url,
                    autocommit=True,
                    application_name="crossdock/signals",
                    connect_timeout=CONNECT_S,
                ) as connection:
                    await connection.execute("SET synchronous_commit = off")
                    await talk(connection)
            except psycopg.Error as error:
                _log.warning("signals are silent", says=str(error))
            except Exception:  # ends in another try: signals only wake
                _log.exception("a signal was not understood")
            await asyncio.sleep(_RECONNECT_PAUSE_S)
