"""Whole lives of orders, made by a seed, and what a hub that hears them in any order makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from crossdock.model.lifecycle.facts import Fact
from crossdock.model.lifecycle.life import Life, judge
from crossdock.model.lifecycle.tables import TABLES, Tables
from crossdock.model.lifecycle.walk import Verdict
from crossdock.model.lifecycle.words import HoldKind, Told
from tests.lifecycle.cases import FLOOR, fact, line, order, shipped, standing

TELLS = frozenset(Told)
REPORTED = frozenset(map(Told, FLOOR))


@dataclass
class Clock:
    """Minutes that only go on."""

    random: Random
    minute: int = 0

    def next(self) -> int:
        """A later minute."""
        self.minute += self.random.randint(1, 5)
        return self.minute


def history(seed: int) -> list[Fact]:
    """Everything that is told of one order, as it happens."""
    random = Random(seed)
    clock = Clock(random)
    releases = ["R-1", "R-2"][: random.choice((1, 1, 2))] if random.random() < 0.6 else [""]
    told = [order(10 * len(releases))]
    if random.random() < 0.3:
        kind = random.choice(list(HoldKind))
        told += [fact(word, clock.next(), hold=kind) for word in ("hold_set", "hold_lifted")]
    told += [fact("released", source=f"warehouse_order/{name}", release=name) for name in releases]
    for number, name in enumerate(releases):
        told += _release(random, clock, name, str(number + 1))
    if random.random() < 0.4:
        told += _after(random, clock, [one.about for one in told if one.told is Told.FINAL])
    return told


def _release(random: Random, clock: Clock, name: str, number: str) -> list[Fact]:
    def say(word: str, **more: object) -> Fact:
        return fact(word, clock.next(), release=name, source=f"{word}/{name}/{clock.minute}", **more)

    stops = random.random()
    told = [say("acknowledged")]
    if stops < 0.1:
        return [say("refused")]
    if random.random() < 0.3:
        told += [say("backordered")]
    told += [say("allocated")]
    if stops < 0.3:
        return [*told, say("cancel_requested"), say("cancelled")]
    told += [say("picking")]
    if stops < 0.4:
        told += [say("cancel_requested"), say("cancel_refused")]
    told += [say("picked", lines=(line(10),)), say("packed", lines=(line(10),))]
    if stops < 0.5:
        return told
    if random.random() < 0.4:
        told += shipped(f"S-{number}a", clock.next(), 4, release=name)
        told += shipped(f"S-{number}b", clock.next(), 6, release=name, whole=random.random() < 0.5)
    else:
        told += shipped(f"S-{number}", clock.next(), 10, release=name, whole=True)
    return told


def _after(random: Random, clock: Clock, shipments: Sequence[str]) -> list[Fact]:
    told = [fact("delivered", clock.next(), about=one, source=f"delivered/{one}") for one in shipments]
    told += [fact("invoiced", clock.next(), about=one, source=f"invoice/I-{one}") for one in shipments]
    if shipments and random.random() < 0.5:
        told += [fact("return_authorised"), fact("return_received", clock.next(), lines=(line(2),))]
        told += [fact("credited", clock.next(), about=f"I-{shipments[0]}")]
    return told


@dataclass
class Hub:
    """Hears of one order; what lacks its predecessor waits, and is looked at again after each that came."""

    reported: frozenset[Told] = frozenset()
    tables: Tables = TABLES
    known: list[Fact] = field(default_factory=list[Fact])
    waiting: list[Fact] = field(default_factory=list[Fact])
    refused: list[Fact] = field(default_factory=list[Fact])

    def hear(self, one: Fact) -> Verdict:
        """One fact arrives."""
        verdict = self._judge(one)
        if verdict is Verdict.WAITS:
            self.waiting.append(one)
            return verdict
        self._look_again()
        return verdict

    def _judge(self, one: Fact) -> Verdict:
        if one.told is not Told.VALIDATED and not any(f.told is Told.VALIDATED for f in self.known):
            return Verdict.WAITS
        _, judged = judge(self.known, one, reported=self.reported, tells=TELLS, tables=self.tables)
        if judged.verdict is Verdict.IMPOSSIBLE:
            self.refused.append(one)
        elif judged.verdict is not Verdict.WAITS:
            self.known.append(one)
        return judged.verdict

    def _look_again(self) -> None:
        moved = True
        while moved:
            moved = False
            for one in list(self.waiting):
                if self._judge(one) is not Verdict.WAITS:
                    self.waiting.remove(one)
                    moved = True

    @property
    def life(self) -> Life:
        """The order as it stands."""
        return Life(self.known, tells=TELLS, tables=self.tables)


def after(facts: Iterable[Fact], *, reported: frozenset[Told] = frozenset()) -> Hub:
    """A hub that has heard some facts."""
    hub = Hub(reported)
    for one in facts:
        hub.hear(one)
    return hub


def disturbed(facts: Sequence[Fact], random: Random) -> list[Fact]:
    """The same, shuffled, a third of it twice, some of it much later."""
    heard = [*facts, *(one for one in facts if random.random() < 0.3)]
    random.shuffle(heard)
    late = [one for one in heard if random.random() < 0.1]
    return [one for one in heard if one not in late] + late


def outcome(hub: Hub) -> dict[str, object]:
    """All that must be the same however it was told."""
    lines = [(one.line, standing(hub.life)["line"]) for one in hub.life.lines.values()]
    return {**standing(hub.life), "stands": hub.life.stands, "lines": lines, "waiting": len(hub.waiting)}
