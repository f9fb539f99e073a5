"""The person at the desk: looks at what is open, finds out the truth, and acts; sometimes twice, sometimes early."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from sqlite3 import ProgrammingError
from typing import Any, Protocol

from crossdock.faults import Invalid
from crossdock.journal.contract import Overtaken, StoreDown
from tests.simulation.host import Host
from tests.simulation.loop import SimulatedLoop
from tests.simulation.site import LATER_METHOD
from tests.simulation.watch import Watch

#: Nothing that was ever sent arrives later than this after a doubt was put on the desk.
_SURE_S = 12.0
#: Who finds the same overdue for the so-many-th time asks no more: it is an answer that nobody gives.
_OVERDUE_MAX = 30
_PATIENCE_S = 8.0


class Asked(Protocol):
    """A system that a person can look into."""

    def has(self, key: str) -> bool: ...
    def id_of(self, document: str, number: str) -> str | None: ...


class Operator:
    """Works through the open incidents until there are none."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, host: Host, watch: Watch, *,
        parties: dict[str, Any], tell_item: Callable[[str], None], tell: Callable[..., None],
    ) -> None:  # fmt: skip
        self._loop = loop
        self._random = random
        self._host = host
        self._watch = watch
        self._parties = parties
        self._tell_item = tell_item
        self._tell = tell
        self._acts = 0
        self._first_seen: dict[int, float] = {}
        self._overdue = Counter[str | None]()
        self._said: dict[int, dict[str, Any]] = {}  #: incident of a doubt -> what was found out
        self.abandoned: set[int] = set()  #: incidents that were ended without another try
        self._unanswered: dict[
            int, tuple[str, dict[str, Any]]
        ] = {}  #: acts of which nobody knows how far they went
        self.answers: dict[str, bytes] = {}
        self.away = False
        self.quick_s = 3.0

    async def work(self) -> None:
        """The shift."""
        while True:
            await asyncio.sleep(self._random.uniform(0.2, self.quick_s))
            if not self._host.ready:
                continue
            if self.away:
                # Nothing new is begun, but who was told that an act failed does it once more.
                for id_, act in [*self._unanswered.items()][:1]:
                    await self._do(id_, *act)
                continue
            open_ = self._watch.rows(
                "SELECT id, type, system, value FROM incidents WHERE state = 1 ORDER BY id"
            )
            for row in open_:
                self._first_seen.setdefault(row[0], self._loop.time())
            if open_:
                await self._act(*self._random.choice(open_))

    async def _act(self, id_: int, type_: str, system: str, value: str | None) -> None:
        seen_s = self._loop.time() - self._first_seen[id_]
        if type_ == "in_doubt":
            if seen_s > _SURE_S:
                await self._settle(id_)
            return
        name, body = self._choice(type_, value, seen_s)
        if name == "item":
            self._tell_item(str(value).partition(" ")[0])
            return
        if name == "resolve":
            self.abandoned.add(id_)
        await self._do(id_, name, body)

    def _choice(self, type_: str, value: str | None, seen_s: float) -> tuple[str, dict[str, Any]]:
        draw = self._random
        give_up = ("resolve", {"outcome": "abandoned", "reason": "it is not worth it"})
        match type_:
            case "rejected":
                refused = draw.random() < 0.25 or seen_s > 20
                return give_up if refused and draw.random() < 0.5 else self._again()
            case "overdue" | "throttled":
                self._overdue[value] += 1
                return give_up if self._overdue[value] > _OVERDUE_MAX else self._again()
            case "unknown_sku" | "unknown_unit":
                if draw.random() < 0.5:
                    return "item", {}
                return give_up if draw.random() < 0.3 else self._again()
            case "unmapped_code":
                if draw.random() < 0.2:
                    return give_up
                row = {"crosswalk": "ship_method", "system": "shop", "theirs": value, "ours": LATER_METHOD[1]}
                return "fix", row
            case "bad_transition" | "poison" | "not_owned":
                return give_up if draw.random() < 0.6 else self._again()
            case _:
                return "resolve", {"outcome": "abandoned", "reason": "looked at it"}

    def _again(self) -> tuple[str, dict[str, Any]]:
        if self._random.random() < 0.1:
            return "assign", {"owner": "role:somebody_else"}
        return "retry", {}

    async def _settle(self, id_: int) -> None:
        """Looks into the target, and says what is there."""
        found = self._watch.rows(
            "SELECT t.id, t.round, t.target, t.document, t.number FROM members m JOIN transmissions t ON t.id = m.id"
            " WHERE m.incident = ? AND m.kind = 3 AND t.state = 8", id_,
        )  # fmt: skip
        if not found:
            if (
                id_ in self._said
            ):  # an act that the disk cut short: who is still held goes on by the same words
                await self._do(id_, "resolve", self._said[id_])
            return
        t, round_, target, document, number = found[0]
        party: Asked = self._parties[target]
        if party.has(f"t{t}.{round_}"):
            body = {"outcome": "applied", "reason": "it is there"}
            their_id = party.id_of(document, number)
            if their_id is not None:
                body["their_id"] = their_id
        elif self._random.random() < 0.1:
            self.abandoned.add(id_)
            body = {"outcome": "abandoned", "reason": "nobody wants it any more"}
        else:
            self._watch.cleared.add(t)
            body = {"outcome": "not_applied", "reason": "it is not there"}
        self._said[id_] = body
        await self._do(id_, self._random.choice(("resolve", "fix")), body)

    async def _do(self, id_: int, name: str, body: dict[str, Any]) -> None:
        """One act, with a key that makes it safe to send again when no answer comes."""
        self._acts += 1
        key = f"act-{self._acts}" if self._random.random() < 0.7 else None
        self._tell("desk", f"i{id_}", name, body.get("outcome", ""))
        for _ in range(5):
            self._watch.acted_s = self._loop.time()
            answer = await self._once(id_, name, body, key)
            if isinstance(answer, bytes) and key is not None:
                before = self.answers.setdefault(key, answer)
                assert before == answer, f"the act {key} was answered differently the second time"
                if self._random.random() < 0.2:
                    continue
            if answer is None:
                self._unanswered[id_] = (name, body)
            else:
                self._unanswered.pop(id_, None)
            if answer is not None or key is None:
                return
            await asyncio.sleep(self._random.random() * 3)

    async def _once(self, id_: int, name: str, body: dict[str, Any], key: str | None) -> Any:
        """The answer; None when none came, False when the act was refused."""
        host = self._host
        if not host.ready or host.desk is None or host.process is None:
            return None
        task = self._loop.spawn(host.process, host.desk.act(id_, name, body, who="anna", key=key))
        process = host.process
        ends_s = self._loop.time() + _PATIENCE_S
        while not task.done() and process.alive and self._loop.time() < ends_s:
            await asyncio.sleep(0.02)
        self._watch.acted_s = self._loop.time()
        if not task.done() or not process.alive:
            task.add_done_callback(self._late)  # nobody waits any more
            return None
        with suppress(Overtaken, Invalid):
            try:
                return task.result() or False
            except (StoreDown, ProgrammingError):  # the disk, or the hub was just stopping
                return None
        return False

    def _late(self, act: asyncio.Task[Any]) -> None:
        """An act that nobody waits for any more has its effect all the same, when its commit comes through."""
        self._watch.acted_s = self._loop.time()
        if not act.cancelled():
            act.exception()
