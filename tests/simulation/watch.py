"""What must hold at every moment: when a request leaves, when an answer comes, when the door answers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossdock.faults import TryLater
from crossdock.journal.changes import unpacked
from crossdock.journal.sqlite.schema import SqliteConnection, connect
from crossdock.kit.http import Response
from tests.simulation.gate import Gate
from tests.simulation.hosts import Hosts
from tests.simulation.loop import Process
from tests.simulation.machine import MachineClock
from tests.simulation.network import Sent
from tests.simulation.site import Plan

_LATER, _UNCLEAR = frozenset({425, 429, 503}), "unclear"
#: Due, held, retrying, in doubt, on the desk: what stands in such a state has not had its turn.
_BEFORE = "(1, 2, 4, 5, 8)"
_SENDING = 3
_ENDED = frozenset({6, 7, 9})


class Broken(AssertionError):
    """A promise that was not kept."""


@dataclass(slots=True)
class Sending:
    """What was seen of one transmission on the wire."""

    round: int = 0
    attempt: int = 0
    outcome: str = ""  #: of the last request: done, later, rejected, unclear, nothing; "" while it is out
    at_s: float = 0.0  #: when that was heard
    bodies: dict[int, tuple[str, str, bytes]] = field(default_factory=dict[int, tuple[str, str, bytes]])
    absent: int = 0  #: how often the target said so since the last doubt
    asked_s: float = 0.0  #: when it last said so
    process: Process | None = None
    not_before_s: float = 0.0  #: what the last answer asked for
    relogged: tuple[int, int] = (0, 0)  #: round and attempt that went again with fresh credentials
    relogin: bool = False  #: it was answered 401: the same again with fresh credentials is no new attempt


@dataclass(frozen=True, slots=True)
class Closed:
    """A way that a person closed: from when on nothing passes, but for numbers up to `upto` where it drains."""

    since_s: float
    upto: int | None


class Watch:
    """Looks at the committed store from outside while the run goes on."""

    def __init__(self, plan: Plan, now_s: Callable[[], float], clock: MachineClock) -> None:
        self._plan = plan
        self._now_s = now_s
        self._clock = clock
        self._store: SqliteConnection | None = None
        self.hosts: Hosts | None = None  #: where there are two
        self.sendings: defaultdict[int, Sending] = defaultdict(Sending)
        self.cleared: set[int] = set()  #: transmissions of which a person said that they are not there
        self.gates: defaultdict[tuple[Process, str], Gate] = defaultdict(lambda: Gate(plan))
        self._lanes: dict[tuple[Any, ...], int] = {}
        self.nameless: set[int] = set()  #: taken, and the answer had no id
        self.acted_s = -1.0  #: when a person last acted: what is sent back goes at once
        self.disk_is_prompt = 0.5  #: 0 where commits may fail: a doubt is then stored long after it began
        self.stored: set[tuple[str, str]] = (
            set()
        )  #: (document, event) of the warehouse that were seen in the store
        self.answered_202: dict[int, bytes] = {}
        self.closed: dict[tuple[str, str], Closed] = {}  #: system and direction; no name: all systems

    def open(self, store: Path) -> None:
        """Looks into a store from now on."""
        self._store = connect(store, read_only=True)

    def close(self) -> None:
        """Looks no more."""
        if self._store is not None:
            self._store.close()

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """What is committed."""
        assert self._store is not None
        return self._store.execute(sql, values).fetchall()

    # -- a request leaves ------------------------------------------------------

    def leaving(self, sent: Sent) -> None:
        """P3, P4 and the limits, at the instant in which bytes leave."""
        if sent.system == "token":
            return
        self.gates[sent.process, sent.system].leaving(sent, self._now_s())
        if not sent.key:
            if sent.method == "GET" and not sent.path.startswith(("/events", "/stock")):
                self._asking(sent)
            return
        id_, _, round_ = sent.key.removeprefix("t").partition(".")
        t, round_no = int(id_), int(round_)
        sent.notes["t"] = t
        row = self.rows(
            "SELECT state, round, attempt, target, key, after, due_ms, document FROM transmissions WHERE id = ?",
            t,
        )
        must(row, f"{sent.key} left and no such transmission is stored")
        state, stored_round, attempt, target, key, after, due_ms, document = row[0]
        must(state == _SENDING, f"{sent.key} left while stored in state {state}")
        must((stored_round, target) == (round_no, sent.system), f"{sent.key} left as another one")
        must(attempt == sent.attempt, f"{sent.key}: attempt {sent.attempt} left, {attempt} is stored")
        if self.hosts is not None:
            self.hosts.may(sent, self.rows("SELECT partition FROM transmissions WHERE id = ?", t)[0][0])
        self._stored(sent, t)
        self._in_turn(sent, t, key)
        if after is not None:
            before = self.rows("SELECT state FROM transmissions WHERE id = ?", after)[0][0]
            must(before in _ENDED, f"{sent.key} left before t{after}, which it comes after (state {before})")
        early_ms = due_ms - self._clock.now_ms()
        must(early_ms <= self._leapt_back_ms(), f"{sent.key} left {early_ms} ms before its time")
        self._open(sent, t)
        self._same_again(sent, t, round_no, document)

    def _open(self, sent: Sent, t: int) -> None:
        """Nothing leaves by a way that a person, or the calendar, has closed."""
        for name in (sent.system, ""):
            closed = self.closed.get((name, "out"))
            shut = closed is not None and self._now_s() > closed.since_s and t > (closed.upto or 0)
            must(not shut, f"{sent.key} left although the way to {sent.system} is closed: {closed}")
        if self._plan.blackout and sent.system == "erp" and not self._clock.leaps:
            into_ms = self._clock.now_ms() % 3_600_000
            must(into_ms >= 60_000, f"{sent.key} left {into_ms} ms into a blackout")

    def _stored(self, sent: Sent, t: int) -> None:
        """The exact bytes are in the ledger before they leave."""
        bodies = self.rows(
            "SELECT p.codec, p.data FROM ledger l JOIN payloads p ON p.id = l.payload"
            " WHERE l.root = (SELECT root FROM transmissions WHERE id = ?) AND l.transmission = ? AND l.kind = 6",
            t, t,
        )  # fmt: skip
        held = any(unpacked(*body) == sent.body for body in bodies)
        must(held, f"{sent.key}: what left is not what was stored as sent")
        row = self.rows(
            "SELECT t.request, p.codec, p.data FROM transmissions t JOIN payloads p ON p.id = t.payload"
            " WHERE t.id = ?", t,
        )  # fmt: skip
        must(row, f"{sent.key} left without a stored body")
        request, codec, data = row[0]
        method, path, _ = json.loads(request)
        must(
            (method, path, unpacked(codec, data)) == (sent.method, sent.path, sent.body),
            f"{sent.key}: the stored request is another one",
        )

    def _in_turn(self, sent: Sent, t: int, key: str) -> None:
        """Nothing of the same lane is on the wire, and nothing before it still has to go."""
        lane = (sent.process, sent.system, key)
        other = self._lanes.get(lane)
        must(other is None or other == t, f"{sent.key} left while t{other} of its lane was on the wire")
        earlier = self.rows(
            "SELECT id, state FROM transmissions WHERE target = ? AND key = ? AND id < ?"
            " AND state < 9 AND state <> 6 AND state <> 7", sent.system, key, t,
        )  # fmt: skip
        for id_, state in earlier:
            must(
                state == _SENDING and self.sendings[id_].outcome == "done",
                f"{sent.key} overtook t{id_} of its lane, which is in state {state}",
            )
        self._lanes[lane] = t
        sent.notes["lane"] = lane

    def _same_again(self, sent: Sent, t: int, round_no: int, document: str) -> None:
        """Same key, same bytes; attempts rise; a round rises only after a refusal or a person's word."""
        known = self.sendings[t]
        if round_no > known.round > 0:
            fair = known.outcome == "rejected" or t in self.cleared
            must(fair, f"{sent.key}: a new key after an outcome that was {known.outcome or 'never heard'}")
            self.cleared.discard(t)
        refused = known.outcome == "rejected" and known.process is sent.process
        # Refused after a doubt it keeps its key: the refusal says nothing of what went before.
        refused = refused and not self.rows("SELECT 1 FROM ledger WHERE transmission = ? AND kind = 8", t)
        must(round_no != known.round or not refused, f"{sent.key} was refused, and went again as it was")
        must(round_no >= known.round, f"{sent.key}: the round went back from {known.round}")
        relogin, known.relogin = known.relogin and sent.process is known.process, False
        risen = sent.attempt > known.attempt or (relogin and sent.attempt == known.attempt)
        must(risen, f"{sent.key}: attempt {sent.attempt} again")
        request = (sent.method, sent.path, sent.body)
        first = known.bodies.setdefault(round_no, request)
        must(first == request, f"{sent.key}: other bytes under the same key")
        way = self._plan.way(sent.system, document) if sent.system in self._plan.ways else "resend"
        doubted = known.round == round_no and known.outcome in {_UNCLEAR, ""}
        if doubted and way == "person":
            raise Broken(f"{sent.key} went again although only a person can tell whether it is there")
        if doubted and way == "find":
            must(known.absent >= 2, f"{sent.key} went again after {known.absent} times absent")
        tried = known.round == round_no and known.outcome in {"later", _UNCLEAR} and not relogin
        if tried and known.process is sent.process and self.acted_s < known.at_s:
            early_s = known.not_before_s - self._now_s()
            must(
                early_s <= 0.01 or bool(self._clock.leaps),
                f"{sent.key}: {early_s:.2f} s before Retry-After was over",
            )
            pause_s = self._now_s() - known.at_s
            fair = pause_s >= 0.13 or self._leapt(known.at_s) or self._is_last_try(t)
            must(fair, f"{sent.key} went again after {pause_s:.3f} s")
        known.round, known.attempt, known.outcome = round_no, sent.attempt, ""
        known.process, known.absent = sent.process, 0

    def _is_last_try(self, t: int) -> bool:
        """Whether its time is over: it goes once more at that instant, however long the pause would be."""
        first_ms = self.rows("SELECT first_ms FROM transmissions WHERE id = ?", t)[0][0]
        return self._clock.now_ms() >= first_ms + self._plan.retry_for_s * 1000

    def _asking(self, sent: Sent) -> None:
        """A target is asked only once what may still arrive has arrived."""
        if sent.system not in self._plan.ways:
            # It has paths of its own, and knows each key: what arrives late hurts nobody.
            doubted = self.rows("SELECT id FROM transmissions WHERE target = ? AND state = 5", sent.system)
            must(doubted, f"{sent.system} is asked, and nothing is in doubt")
            return
        document, number = sent.path.strip("/").split("/")[:2]
        rows = self.rows(
            "SELECT id FROM transmissions WHERE target = ? AND document = ? AND number = ? AND state = 5",
            sent.system, document, number,
        )  # fmt: skip
        must(rows, f"{sent.system} is asked for {number}, of which nothing is in doubt")
        t = sent.notes["asks"] = rows[0][0]
        known = self.sendings[t]
        if sent.process is not known.process:
            # What the one before was told is forgotten.
            known.absent, known.asked_s, known.process = 0, 0.0, sent.process
        waited_s, least_s = self._now_s() - known.at_s, self._plan.settle_s - 0.002
        if not known.outcome:  # nobody heard what came of it: the next process doubted it as it started
            doubted = self.rows("SELECT max(at_ms) FROM ledger WHERE transmission = ? AND kind = 8", t)[0][0]
            waited_s, least_s = (self._clock.now_ms() - doubted) / 1000, least_s * self.disk_is_prompt
        due = waited_s >= least_s or bool(self._clock.leaps)
        must(due, f"{sent.system} is asked for {number} {waited_s:.3f} s after the doubt")

    def dropped(self, sent: Sent) -> None:
        """The process let go of a request, and of its answer."""
        self.gates[sent.process, sent.system].dropped(sent)
        self._lanes.pop(sent.notes.get("lane", ()), None)
        if self.hosts is not None:
            self.hosts.back(sent)

    # -- an answer comes -------------------------------------------------------

    def heard(self, sent: Sent, outcome: Response | Exception) -> None:
        """What the process was told."""
        if sent.system == "token":
            return
        if self.hosts is not None:
            self.hosts.back(sent)
        self.gates[sent.process, sent.system].heard(sent, outcome, self._now_s())
        lane = sent.notes.get("lane")
        if lane is not None:
            self._lanes.pop(lane, None)
        asked = sent.notes.get("asks")
        doubted = None if asked is None else self.sendings[asked]
        if doubted is not None and isinstance(outcome, Response) and outcome.status == 404:
            # A lane that is read anew begins to ask anew; what is asked too soon after the last counts for nothing.
            apart = doubted.absent == 0 or self._now_s() - doubted.asked_s >= self._plan.settle_s - 0.002
            if doubted.process is sent.process and (
                apart or self._clock.leaps
            ):  # else another host asks by now
                doubted.absent += 1
                doubted.asked_s = self._now_s()
        t = sent.notes.get("t")
        if t is not None and self._is_its_own(sent, t):
            known = self.sendings[t]
            again = known.relogged == (known.round, known.attempt)
            known.outcome, known.at_s = _meaning(sent, outcome, again=again), self._now_s()
            known.not_before_s = self._now_s() + self._asked_s(sent, outcome)
            known.relogin = isinstance(outcome, Response) and outcome.status == 401 and not again
            if known.relogin:
                known.relogged = (known.round, known.attempt)
            if known.outcome == "done" and sent.fate == "nameless" and sent.system in self._plan.ways:
                self.nameless.add(t)
            else:
                self.nameless.discard(t)

    def _is_its_own(self, sent: Sent, t: int) -> bool:
        """Whether what a process hears still counts: another host may have taken over what was on the wire."""
        if self.sendings[t].process is not sent.process:
            return False
        stands = "SELECT 1 FROM transmissions WHERE id = ? AND state = ? AND attempt = ?"
        return self.hosts is None or bool(self.rows(stands, t, _SENDING, sent.attempt))

    def _asked_s(self, sent: Sent, outcome: Response | Exception) -> float:
        """Seconds that an answer asks to wait; 0 where the end of the tries may come first."""
        if (
            not isinstance(outcome, Response)
            or outcome.status not in _LATER
            or sent.system not in self._plan.ways
        ):
            return 0.0
        text = outcome.headers.get("retry-after", "")
        return float(text) if text.isdecimal() and self._plan.retry_for_s >= 3600 else 0.0

    # -- the door answers ------------------------------------------------------

    def answered(self, system: str, status: int, body: bytes, posted: bytes) -> None:
        """P1: the answer is out, so the bytes are on disk."""
        for name in (system, ""):
            closed = self.closed.get((name, "in"))
            shut = closed is not None and self._now_s() > closed.since_s and status == 202
            kept = self._plan.hold and closed is not None and closed.upto is None
            must(not shut or kept, f"{system} was answered 202 at a closed door")
        if status == 202:
            capture = int(json.loads(body)["capture"][1:])
            must(
                self.rows("SELECT 1 FROM captures WHERE id = ?", capture), f"202 for c{capture}, not on disk"
            )
            self.answered_202.setdefault(capture, posted)
        elif status == 409:
            incident = int(json.loads(body)["incident"][1:])
            rows = self.rows("SELECT 1 FROM incidents WHERE id = ? AND type = 'duplicate_conflict'", incident)
            must(rows, f"409 names the incident i{incident}, which is not on disk")

    # -- the wall clock --------------------------------------------------------

    def _leapt(self, since_s: float) -> bool:
        return self._clock.leapt_since(since_s) > 0

    def _leapt_back_ms(self) -> float:
        """What was due when it was stored may look early by as much as the clock was set back since."""
        return -1000 * sum(by_s for _, by_s in self._clock.leaps if by_s < 0)


def _meaning(sent: Sent, outcome: Response | Exception, *, again: bool) -> str:
    """What an outcome says, by the table that holds where a charter gives none; a 401 twice is a refusal."""
    if isinstance(outcome, TryLater):
        return "later"
    if isinstance(outcome, Exception):
        return _UNCLEAR
    status = outcome.status
    if 200 <= status < 300:
        garbled = sent.fate == "garbled" and sent.system == "wms"
        return _UNCLEAR if garbled else "done"
    if status in _LATER or (status == 401 and not again):
        return "later"
    return "rejected" if 400 <= status < 500 and status != 408 else _UNCLEAR


def must(true: object, says: str) -> None:
    """Raises Broken unless something is so."""
    if not true:
        raise Broken(says)
