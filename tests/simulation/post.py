"""Words between two hosts: late, lost while a road is cut, and now and then for no reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crossdock.journal.tenure import News
from tests.simulation.database import Database, Road
from tests.simulation.loop import Process, SimulatedLoop


class Post:
    """Carries them."""

    def __init__(self, loop: SimulatedLoop, database: Database) -> None:
        self._loop = loop
        self._draw = database.random
        self.ears: list[Signals] = []

    def carry(self, by: Signals, news: News | None) -> None:
        """To all others."""
        for ear in list(self.ears):
            if ear is by or by.road.cut or ear.road.cut or self._draw.random() < 0.1:
                continue
            self._loop.in_world(self._draw.uniform(0.001, 0.02), self._deliver, ear, news)

    def _deliver(self, ear: Signals, news: News | None) -> None:
        if ear in self.ears and ear.process.alive:
            self._loop.spawn(ear.process, ear.hear(news))


class Signals:
    """One host's end of the post."""

    def __init__(self, post: Post, road: Road, process: Process) -> None:
        self.road = road
        self.process = process
        self._post = post
        self._heard: Callable[[News], None] = lambda _: None
        self.on_change: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._post.ears.append(self)
        self.on_change()
        self._heard(News(fixed=True))

    async def stop(self) -> None:
        if self in self._post.ears:
            self._post.ears.remove(self)

    def tell(self, news: News) -> None:
        self._post.carry(self, news)

    def change(self) -> None:
        self._post.carry(self, None)

    async def say_change(self, _connection: Any) -> None:
        self._post.carry(self, None)

    def listen(self, heard: Callable[[News], None]) -> None:
        self._heard = heard

    async def hear(self, news: News | None) -> None:
        if news is None:
            self.on_change()
        else:
            self._heard(news)
