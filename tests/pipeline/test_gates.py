"""The ways into and out of systems: what people and the calendar close, and which clocks stand still meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import pytest

from crossdock.charter.blackouts import Blackout, Every
from crossdock.charter.charter import Charter, Site, System
from crossdock.charter.flow_settings import WhenClosed
from crossdock.control.operate import Operator, Order, read
from crossdock.faults import Invalid
from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.journal.sqlite.store import SqliteJournal
from crossdock.message.gate import HUB, Direction, GateAct, GateMove
from crossdock.pipeline.dedup import ArrivalDedup
from crossdock.pipeline.gates import Gates

IN, OUT = Direction.IN, Direction.OUT
HOUR_MS = 3_600_000


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: str = "2026-06-01T12:00:00+00:00") -> None:
        self.set(now)

    def set(self, now: str) -> None:
        self.ms = round(datetime.fromisoformat(now).timestamp() * 1000)

    def now_ms(self) -> int:
        return self.ms


def charter(*blackouts: Blackout, when_closed: WhenClosed = WhenClosed.REFUSE) -> Charter:
    wms = System("wms", "http", blackouts=blackouts, when_closed=when_closed)
    return Charter("sha256:x", Site(), {"wms": wms, "shop": System("shop", "http")}, {})


def act(n: int, move: str, system: str = "wms", direction: Direction = OUT, *, at_ms: int = 0) -> GateAct:
    return GateAct(n, system, direction, GateMove(move), "ann", "stocktake", at_ms)


def gates(*acts: GateAct, clock: Clock | None = None, of: Charter | None = None) -> Gates:
    made = Gates(of or charter(), clock or Clock(), lambda: acts)
    made.refresh()
    return made


NIGHTLY = Blackout(frozenset({"out"}), "period close", every=Every.DAY, at=time(22), until=time(4))


def test_control_nothing_is_closed_by_itself():
    free = gates()
    assert [free.shut(s, d) for s in ("wms", "shop") for d in Direction] == [None] * 4
    assert (free.door("wms"), free.holds("wms"), free.closed_ms("wms", OUT, 0)) == (None, False, 0)


def test_a_pause_closes_one_way_of_one_system():
    paused = gates(act(1, "pause"))
    found = paused.shut("wms", OUT)
    assert found is not None
    assert (found.state, found.who, found.reason) == ("paused", "ann", "stocktake")
    assert found.says == "wms is paused by ann since 1970-01-01T00:00:00.000Z (stocktake)"
    assert paused.shut("wms", IN) is paused.shut("shop", OUT) is None


def test_the_whole_hub_is_paused_at_once_and_a_resume_of_one_system_does_not_open_it():
    paused = gates(act(1, "pause", HUB), act(2, "pause"), act(3, "resume"))
    found = paused.shut("wms", OUT)
    assert found is not None
    assert found.says.startswith("the hub is paused by ann")
    assert paused.shut("shop", OUT) is not None


def test_a_resume_opens_it_again():
    assert gates(act(1, "pause"), act(2, "resume")).shut("wms", OUT) is None


def test_a_drain_lets_through_what_was_there_before():
    draining = gates(act(7, "drain"))
    assert [draining.shut("wms", OUT, n) is None for n in (6, 7, 8)] == [True, True, False]
    assert draining.shut("wms", OUT) is not None


def test_a_door_that_is_closed_refuses_or_holds_as_the_charter_says():
    one = act(1, "pause", direction=IN)
    assert gates(one).door("wms") is not None
    assert gates(one).holds("wms") is False
    kept = gates(one, of=charter(when_closed=WhenClosed.HOLD))
    assert (kept.door("wms"), kept.holds("wms")) == (None, True)
    drained = gates(act(1, "drain", direction=IN), of=charter(when_closed=WhenClosed.HOLD))
    assert (drained.door("wms") is not None, drained.holds("wms")) == (True, False)


def test_a_blackout_closes_by_the_clock_and_opens_by_it():
    clock = Clock("2026-06-01T21:59:00+00:00")
    found = gates(clock=clock, of=charter(NIGHTLY))
    assert found.shut("wms", OUT) is None
    clock.set("2026-06-01T22:00:00+00:00")
    shut = found.shut("wms", OUT)
    assert shut is not None
    assert shut.says == "wms is left alone until 2026-06-02T04:00:00.000Z (period close)"
    clock.set("2026-06-02T04:00:00+00:00")
    assert found.shut("wms", OUT) is None
    assert found.shut("wms", IN) is None


def test_a_clock_stands_still_while_the_way_was_closed():
    clock = Clock("2026-06-02T06:00:00+00:00")
    begin = clock.ms - 10 * HOUR_MS  # 20:00
    pause = replace(act(1, "pause"), at_ms=clock.ms - 9 * HOUR_MS)
    resume = replace(act(2, "resume"), at_ms=clock.ms - 7 * HOUR_MS)
    found = gates(pause, resume, clock=clock, of=charter(NIGHTLY))
    assert found.closed_ms("wms", OUT, begin) == 7 * HOUR_MS  # 21:00 to 04:00, the pause and the night as one
    assert found.closed_ms("wms", IN, begin) == 0
    still = gates(pause, clock=clock)
    assert still.closed_ms("wms", OUT, begin) == 9 * HOUR_MS


@pytest.mark.parametrize(
    "closed", [("wms",), (HUB,), ("wms", HUB)], ids=["one system", "the hub", "both at once"]
)
@pytest.mark.parametrize(("opens", "stands_h"), [(True, 2), (False, 4)])
def test_a_clock_stands_still_whoever_closed_its_way(closed: tuple[str, ...], opens: bool, stands_h: int):
    clock = Clock()
    begin = clock.ms - 5 * HOUR_MS
    acts = [act(n, "pause", name, at_ms=begin + HOUR_MS) for n, name in enumerate(closed)]
    if opens:
        acts += [act(9 + n, "resume", name, at_ms=begin + 3 * HOUR_MS) for n, name in enumerate(closed)]
    found = gates(*acts, clock=clock)
    assert found.closed_ms("wms", OUT, begin) == stands_h * HOUR_MS
    assert found.closed_ms("shop", OUT, begin) == (stands_h * HOUR_MS if HUB in closed else 0)
    assert found.closed_ms("wms", IN, begin) == 0, "the other way was open"


@pytest.mark.parametrize(
    ("move", "body", "says"),
    [
        ("stop", {}, "there is no act stop"),
        ("pause", [], "no object"),
        ("pause", {}, "a reason is missing"),
        ("drain", {"reason": "  "}, "a reason is missing"),
        ("pause", {"reason": "x", "direction": "up"}, "up is no direction"),
        ("pause", {"reason": "x" * 1001}, "at most 1000 characters"),
        ("pause", {"reason": 7}, "a reason is a text"),
        ("pause", {"reason": "x", "until": "noon"}, "until is not known here"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(move, body, says):
    with pytest.raises(Invalid, match=says):
        read(move, body)


def test_an_order_without_a_direction_means_both():
    assert read("resume", {}) == Order(GateMove.RESUME, (IN, OUT), "")
    assert read("pause", {"direction": "out", "reason": " a\n b "}) == Order(GateMove.PAUSE, (OUT,), "a b")


class Keeper:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.told = 0

    def gates_changed(self) -> None:
        self.told += 1


async def test_acts_of_one_moment_stand_in_the_order_in_which_they_were_done(tmp_path: Path):
    clock = Clock()  # it stands
    journal = SqliteJournal(tmp_path / "hub.db", clock_ms=clock.now_ms, dedup=ArrivalDedup())
    journal.start()
    operator = Operator(journal, Keeper(), clock.now_ms, {"wms"})
    moves = [GateMove.PAUSE, GateMove.DRAIN, GateMove.RESUME, GateMove.PAUSE, GateMove.RESUME, GateMove.PAUSE]
    for n, move in enumerate(moves):
        await operator.act("wms", Order(move, (OUT,), f"{n}"), who="ann")
    clock.ms -= HOUR_MS  # nor does it help to set it back
    await operator.act("wms", Order(GateMove.RESUME, (OUT,), "last"), who="ann")
    acts = journal.gate_acts()
    assert [one.move for one in acts] == [*moves, GateMove.RESUME]
    assert len({one.at_ms for one in acts}) == len(acts), "which of two came last could not be told"
    found = Gates(charter(), clock, journal.gate_acts)
    found.refresh()
    assert found.shut("wms", OUT) is None
    await journal.close()


async def test_an_act_is_in_the_ledger_survives_a_restart_and_is_vouched_for(tmp_path: Path):
    path, clock, keeper = tmp_path / "hub.db", Clock(), Keeper()
    for life in range(2):
        journal = SqliteJournal(path, clock_ms=clock.now_ms, dedup=ArrivalDedup())
        journal.start()
        operator = Operator(journal, keeper, clock.now_ms, {"wms"})
        found = Gates(charter(), clock, journal.gate_acts)
        found.refresh()
        assert (found.shut("wms", OUT) is not None) == (life == 1)
        pause = Order(GateMove.PAUSE, (OUT,), "stocktake")
        done = await operator.act("wms", pause, who="ann")
        assert len(done) == (1 if life == 0 else 0), "what is done already is not done again"
        assert found.refresh() == (life == 0)
        said = journal._reader.execute("SELECT says FROM ledger WHERE kind = 12").fetchall()
        assert said == [("ann paused wms (out): stocktake",)]
        await journal.close()
        assert verify(SqliteStorage(path)) is None
    assert keeper.told == 1


async def test_a_changed_act_is_found_by_an_audit(tmp_path: Path):
    path, clock = tmp_path / "hub.db", Clock()
    journal = SqliteJournal(path, clock_ms=clock.now_ms, dedup=ArrivalDedup())
    journal.start()
    await Operator(journal, Keeper(), clock.now_ms, {"wms"}).act(
        "wms", Order(GateMove.PAUSE, (OUT,), "stocktake"), who="ann"
    )
    await journal.writer.submit(lambda c: c.execute("UPDATE gate_acts SET who = 'bob'"))
    await journal.close()
    finding = verify(SqliteStorage(path))
    assert finding is not None
    assert finding.what == "state"


def test_a_way_is_closed_since_it_was_last_opened_however_often_it_was_paused_before():
    acts = [act(n, move, at_ms=n * 1_000) for n, move in enumerate(("pause", "resume", "drain", "pause"), 1)]
    shut = gates(*acts).shut("wms", OUT)
    assert shut is not None
    assert (shut.state, shut.since_ms) == ("paused", 3_000)
