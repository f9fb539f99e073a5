"""A small world: a shop that pushes, a warehouse that answers as it is told, and a real journal between them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any

from crossdock.charter.charter import (
    Charter,
    Checks,
    FlowIn,
    FlowOut,
    ItemCheck,
    Limits,
    ObjectRule,
    OnChange,
    Reader,
    Site,
    System,
)  # fmt: skip
from crossdock.faults import InDoubt, Invalid, Rejected, TryLater
from crossdock.journal.contract import Dedup
from crossdock.journal.open import storage_of
from crossdock.journal.postgresql.store import PostgresqlJournal
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.site import SiteJournal
from crossdock.journal.sql.views import conservation
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.kit.connector import Answer, Ask, Content, Done, Draft, Exchange, Facts, Job, Unclear
from crossdock.kit.http import Response
from crossdock.pipeline.bound import Bound, Context, DecisionTime
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.lanes import KeyOrdering
from crossdock.pipeline.receive import DurableFirst
from crossdock.pipeline.transmit import NeverGuess
from crossdock.pipeline.worker import Worker
from crossdock.stock.policy import Policy


class Clock:
    """The machine's time; waits are real and short."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class JsonReader:
    """Reads a body that is already our document."""

    def __init__(self, document: str) -> None:
        self._document = document

    def facts(self, content: Content) -> Facts:
        tree = json.loads(content.body)
        return Facts(
            _number(tree), tree.get("extra", {}).get("version"), tree.get("extra", {}).get("key"), tree
        )

    def read(self, content: Content) -> Sequence[Draft]:
        tree = content.parsed or json.loads(content.body)
        if tree.get("extra", {}).get("poison"):
            raise Invalid(
                "nothing can be made of this", path="extra.poison", value=True, fix="send it without"
            )
        return [Draft(self._document, tree, _number(tree))]

    def same(self, one: Content, other: Content) -> bool:
        return json.loads(one.body) == json.loads(other.body)


def _number(tree: Mapping[str, Any]) -> str:
    if named := tree.get("extra", {}).get("id"):
        return str(named)
    event = f"{tree.get('warehouse_order')}:{tree.get('state')}"  # what the floor reports has no number
    return str(tree.get("number") or tree.get("sku") or event)


@dataclass
class JsonWriter:
    """Posts our document as it is."""

    unclear: Unclear
    settle_s: float = 0.02

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        if not exchanges:
            body = json.dumps(job.tree, default=str).encode()
            return Ask("POST", "/in", body, {"idempotency-key": job.key})
        return self._end(exchanges[-1].answer)

    def _end(self, answer: Answer) -> Done:
        match answer.status:
            case 200:
                return Done(json.loads(answer.body or b"{}").get("id"), "took it")
            case 503:
                raise TryLater("busy")
            case 500:
                raise InDoubt("it broke in the middle")
            case _:
                raise Rejected("it says no", fix="ask them")

    def find(self, job: Job) -> Ask | None:
        return Ask("GET", f"/in/{job.number}", safe=True) if self.unclear is Unclear.FIND else None

    def found(self, job: Job, answer: Answer) -> Done | None:
        return Done("found", "it is there") if answer.status == 200 else None


@dataclass
class Arrived:
    """One request at a target."""

    key: str
    number: str
    attempt: int
    body: bytes


@dataclass
class FakeTarget:
    """Answers by a script, records what came."""

    name: str
    script: Callable[[Arrived, int], int] = lambda arrived, nth: 200
    arrived: list[Arrived] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    has: Callable[[str], bool] = lambda number: False
    closed: bool = False

    def wait_s(self) -> float:
        return 0.005 if self.closed else 0.0

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        await asyncio.sleep(0)
        if method == "GET":
            number = path.rpartition("/")[2]
            self.asked.append(number)
            return Response(200 if self.has(number) else 404)
        assert headers is not None
        one = Arrived(
            headers["idempotency-key"], _number(json.loads(body)), int(headers["crossdock-attempt"]), body
        )
        nth = sum(a.number == one.number for a in self.arrived)
        self.arrived.append(one)
        status = self.script(one, nth)
        if status in (200, 500) and one.key not in self.keys:
            self.keys.add(one.key)
            self.applied.append(one.number)
        if status == 408:
            raise InDoubt("no answer came")
        return Response(status, {}, b'{"id": "W-%s"}' % one.number.encode() if status == 200 else b"")

    async def close(self) -> None:
        """Nothing to close."""


def order(number: str, *, key: str | None = None, **more: Any) -> dict[str, Any]:
    """A sales order in our own words."""
    extra = more.pop("extra", {}) | ({"key": key} if key else {})
    lines = more.pop("lines", [{"line": 1, "sku": "W-1", "quantity": 2, "unit": "EA"}])
    return {"number": number, "lines": lines, "extra": extra, **more}


_OURS = ("stock_level",)  #: what may be sold is the hub's own word
_SKIP = Checks(ItemCheck.SKIP)
VERSION = "sha256:test"
_LOCAL = (ip_network("127.0.0.1/32"),)


def fresh_database(_folder: Path) -> str | None:
    """The URL of the database of a folder for a world that names none; None: a file of its own. Set by conftest.py."""
    return None


def journal_at(database: str, clock: Clock, dedup: Dedup) -> SiteJournal:
    """A journal that is not started yet."""
    if database.startswith("postgresql:"):
        return PostgresqlJournal(database, clock_ms=clock.now_ms, dedup=dedup)
    return SqliteJournal(Path(database.removeprefix("sqlite:")), clock_ms=clock.now_ms, dedup=dedup)


class World:
    """Everything between a shop and its readers."""

    def __init__(
        self,
        folder: Path,
        *,
        unclear: Unclear = Unclear.RESEND,
        documents: Sequence[str] = ("sales_order",),
        readers: Sequence[Reader] = (Reader("wms"),),
        checks: Checks | None = None,
        revise: bool = False,
        retry_for_s: float = 60.0,
        concurrency: int = 4,
        fields: Mapping[str, str] | None = None,
        window: int = 4000,
        owners: Mapping[str, str] | None = None,
        adjust: Callable[[System], System] = lambda system: system,
        rewrite: Callable[[Charter], Charter] = lambda charter: charter,
        surroundings: Mapping[str, Any] | None = None,
        database: str | None = None,
        stock: Policy | None = None,
        targets: Mapping[str, FakeTarget] | None = None,
        clock: Clock | None = None,
        **guards: Any,
    ) -> None:
        self.targets = dict(targets or {name: FakeTarget(name) for name in ("wms", "erp")})
        limits = Limits(concurrency, retry_first_s=0.005, retry_max_s=0.02, retry_for_s=retry_for_s)
        change = OnChange.REVISE if revise else OnChange.REFUSE
        flows = tuple(FlowIn(d, id="number", on_change=change) for d in documents)
        outs = tuple(FlowOut(d) for d in documents)
        systems = {
            "shop": System("shop", "json", flows_in=flows, limits=limits),
            "wms": System("wms", "json", flows_in=flows, flows_out=outs, limits=limits),
            "erp": System("erp", "json", flows_in=flows, flows_out=outs, limits=limits),
        }
        systems, owned = {name: adjust(system) for name, system in systems.items()}, owners or {}
        ruled = [d for d in documents if d not in _OURS]
        rules = {d: ObjectRule(d, owned.get(d, "shop"), tuple(readers), fields or {}) for d in ruled}
        self.charter = rewrite(Charter(VERSION, Site(), systems, rules, checks or _SKIP, _LOCAL, stock=stock))
        self.clock = clock or Clock()
        self.database = database or fresh_database(folder) or f"sqlite:{folder / 'hub.db'}"
        self.journal = journal_at(self.database, self.clock, guards.pop("dedup", None) or ArrivalDedup())
        bound = {
            name: Bound(
                system,
                self.targets.get(name) or FakeTarget(name),
                {f.document: JsonReader(f.document) for f in system.flows_in},
                {f.document: JsonWriter(unclear) for f in system.flows_out},
            )
            for name, system in self.charter.systems.items()
        }
        self.context = Context(
            self.charter, bound, self.journal, self.clock, Random(1), DecisionTime(), **(surroundings or {})
        )
        self.worker = Worker(
            self.context,
            commit=guards.pop("commit", None) or DurableFirst(),
            ordering=guards.pop("ordering", None) or KeyOrdering(),
            doubt=guards.pop("doubt", None) or NeverGuess(),
            window=window,
        )
        assert not guards, f"no such guard: {guards}"

    @property
    def wms(self) -> FakeTarget:
        """The warehouse."""
        return self.targets["wms"]

    async def __aenter__(self) -> World:
        self.journal.start()
        await self.journal.use_charter(VERSION, "0", {})
        await self.worker.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        figures = await self.journal.view(lambda c: conservation(c, at_ms=self.clock.now_ms()))
        assert figures["balanced"], figures
        await self.worker.stop()
        await self.journal.close()
        finding = verify(storage_of(self.database))
        assert finding is None, finding

    async def push(
        self,
        tree: dict[str, Any],
        *,
        system: str = "shop",
        document: str = "sales_order",
        key: str | None = None,
    ) -> Any:
        """One document at the door."""
        return await self.worker.door.receive(system, document, json.dumps(tree).encode(), {}, key=key)

    def count(self, table: str, state: int) -> int:
        """Rows in a state, from the store itself."""
        return self.rows(f"SELECT count(*) FROM {table} WHERE state = {state}")[0][0]

    def rows(self, sql: str) -> list[Any]:
        """What the store says."""
        return self.journal._reader.execute(sql).fetchall()

    async def until(self, true: Callable[[], object], what: str = "") -> None:
        """Waits for something to become so; fails after two minutes."""
        give_up = time.monotonic() + 120
        while not true():
            assert time.monotonic() < give_up, what or "it did not come about"
            await asyncio.sleep(0.002)

    async def settled(self) -> None:
        """Waits until nothing moves by itself any more."""
        open_ = (
            "SELECT (SELECT count(*) FROM captures WHERE state = 1) + (SELECT count(*) FROM messages WHERE state = 1)"
            " + (SELECT count(*) FROM transmissions WHERE state IN (1, 3, 4, 5))"
        )
        await self.until(lambda: self.rows(open_)[0][0] == 0, "it did not settle")
