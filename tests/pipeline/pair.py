"""Two workers over one store, as two processes of a site are, with a hand on what each of them holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from crossdock.journal.chain import PARTITIONS, partition_of
from crossdock.journal.tenure import Holder, News
from crossdock.pipeline.bound import DecisionTime
from crossdock.pipeline.lanes import KeyOrdering
from crossdock.pipeline.receive import DurableFirst
from crossdock.pipeline.transmit import NeverGuess
from crossdock.pipeline.worker import Worker
from tests.pipeline.world import World


class Post:
    """Carries news from each worker to the other; may be told to lose them."""

    def __init__(self) -> None:
        self.ears: list[tuple[object, Callable[[News], None]]] = []
        self.lost = False
        self.told: list[News] = []


@dataclass(eq=False)
class Mouth:
    """One worker's end of the post."""

    post: Post

    def tell(self, news: News) -> None:
        self.post.told.append(news)
        if self.post.lost:
            return
        for owner, heard in self.post.ears:
            if owner is not self:
                asyncio.get_running_loop().call_soon(heard, news)

    def listen(self, heard: Callable[[News], None]) -> None:
        self.post.ears.append((self, heard))


class Given:
    """A tenure that holds what the test says."""

    shared = True
    lost = False

    def __init__(self) -> None:
        self.sure = True
        self.holder: Holder | None = None

    def may_send(self) -> bool:
        return self.sure

    async def join(self) -> None: ...

    async def work(self, holder: Holder) -> None:
        self.holder = holder

    async def end(self) -> None: ...

    async def gain(self, partitions: Iterable[int]) -> None:
        assert self.holder is not None
        await self.holder.gain(frozenset(partitions))

    async def leave(self, partitions: Iterable[int]) -> None:
        assert self.holder is not None
        await self.holder.leave(frozenset(partitions))


def key_of(side: int, n: int = 0) -> str:
    """An ordering key whose partition is even (0) or odd (1); different for each n."""
    found = (f"C{m}" for m in range(100_000) if partition_of(f"C{m}") % 2 == side)
    for _ in range(n):
        next(found)
    return next(found)


#: What each of the two holds at first.
EVEN, ODD = range(0, PARTITIONS, 2), range(1, PARTITIONS, 2)


class Pair:
    """A world with two workers: the first holds the even partitions, the second the odd ones."""

    def __init__(self, folder: Path, *, lost: bool = False, **more: Any) -> None:
        self.post = Post()
        self.post.lost = lost
        self.tenures = (Given(), Given())
        first, second = ({"tenure": t, "signals": Mouth(self.post)} for t in self.tenures)
        window = more.get("window", 4000)
        self.world = World(folder, surroundings=first, **more)
        context = replace(self.world.context, **second, random=Random(2), time=DecisionTime())
        self.workers = (
            self.world.worker,
            Worker(
                context,
                commit=DurableFirst(),
                ordering=KeyOrdering(),
                doubt=NeverGuess(),
                window=window,
            ),
        )

    async def __aenter__(self) -> Pair:
        await self.world.__aenter__()
        await self.workers[1].start()
        await self.tenures[0].gain(EVEN)
        await self.tenures[1].gain(ODD)
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.workers[1].stop()
        await self.world.__aexit__(*failed)

    async def push(self, at: int, tree: dict[str, Any], **more: Any) -> Any:
        """One document at the door of one of the two."""
        worker, self.world.worker = self.world.worker, self.workers[at]
        try:
            return await self.world.push(tree, **more)
        finally:
            self.world.worker = worker
