"""The judgement over a run: what the shop was promised against what the warehouse got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from tests.harness.arrivals import REFUSALS, UNCLEAR, Arrival
from tests.harness.orders import Order, read, write
from tests.harness.sender import Accepted, Sent

SHOWN_MAX = 5


@dataclass(slots=True)
class Verdict:
    """Order numbers by what is wrong with them; all empty is a good run."""

    lost: list[str] = field(default_factory=list)  #: accepted, no effect, not on the desk
    twice: list[str] = field(default_factory=list)  #: more than one effect
    wrong_body: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)  #: overtaken by a later order of its key
    never_asked: list[str] = field(default_factory=list)  #: an effect for an order that nobody posted
    key_reused: list[str] = field(default_factory=list)  #: one Idempotency-Key, two different bodies
    key_changed: list[str] = field(default_factory=list)  #: a new round without a definite rejection
    attempt_not_rising: list[str] = field(default_factory=list)
    resent: list[str] = field(default_factory=list)  #: `person` only: sent again after an unclear outcome
    undoubted: list[str] = field(default_factory=list)  #: `person` only: unclear, and no incident or several
    needs_person: list[str] = field(default_factory=list)  #: on the desk where the hub can help itself
    refused: list[str] = field(default_factory=list)  #: the hub did not take a sound order
    repeat_unequal: list[str] = field(default_factory=list)  #: a repeat got other bytes, or no mark

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings()

    def findings(self) -> dict[str, list[str]]:
        """What is wrong, by kind."""
        return {f.name: found for f in fields(self) if (found := getattr(self, f.name))}

    def rows(self) -> list[tuple[str, str]]:
        """Kind, count and some examples."""
        kinds = [(f.name, getattr(self, f.name)) for f in fields(self)]
        return [(name.replace("_", " "), _shown(found)) for name, found in kinds]


def _shown(found: Sequence[str]) -> str:
    more = " …" if len(found) > SHOWN_MAX else ""
    return f"{len(found)}" + (f"   {' '.join(found[:SHOWN_MAX])}{more}" if found else "")


def judge(
    sent: Sent, arrivals: Sequence[Arrival], incidents: Sequence[Mapping[str, Any]], *,
    held: int = 0, person: bool = False, cut_at_down: bool = False, ordered: bool = True,
) -> Verdict:  # fmt: skip
    """The verdict over one run in which each order has one revision.

    `held`: how many transmissions conservation shows as held. `cut_at_down`: the target went away
    with requests on the wire, so that the hub may doubt sends that never arrived. `ordered`: the
    ordering key is the customer.
    """
    effects = [arrival for arrival in arrivals if arrival.applied]
    known = sent.accepted
    verdict = Verdict(
        twice=_more_than_once(effects),
        never_asked=sorted({e.number for e in effects} - sent.asked),
        refused=[f"{number}:{status}" for number, status, _ in sent.refused],
        repeat_unequal=sent.unequal + sent.unmarked,
        out_of_order=_overtaken(known, effects) if ordered else [],
        wrong_body=[e.number for e in effects if (one := known.get(e.number)) and not right(e, one.order)],
        lost=_lost(sent, effects, incidents, held),
    )
    _judge_keys(verdict, arrivals)
    verdict.needs_person += [f"{one['type']}:{one.get('number')}" for one in incidents if not person]
    if person:
        _judge_doubts(verdict, arrivals, incidents, cut_at_down)
    return verdict


def right(effect: Arrival, order: Order) -> bool:
    """Whether the body says what it must, digits included."""
    try:
        return _literal(read(effect.body)) == _literal(order.expected())
    except ValueError:
        return False


def _literal(tree: Any) -> str:
    """The tree as text with sorted members, so that 10.00 and 10.0, 1 and true stay apart."""
    return write(_sorted(tree))


def _sorted(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _sorted(tree[name]) for name in sorted(tree)}
    return [_sorted(value) for value in tree] if isinstance(tree, list) else tree


def _more_than_once(effects: Iterable[Arrival]) -> list[str]:
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for effect in effects:
        if effect.number in seen:
            twice[effect.number] = None
        seen.add(effect.number)
    return list(twice)


def _overtaken(accepted: Mapping[str, Accepted], effects: Sequence[Arrival]) -> list[str]:
    """Orders whose first effect came before that of an order accepted before they were even posted."""
    first = list({effect.number: None for effect in effects})
    earliest_s: dict[str, float] = {}
    overtaken: list[str] = []
    for number in reversed(first):  # whatever has been walked over so far came later at the target
        one = accepted.get(number)
        if one is None:
            continue
        key = one.order.customer
        if earliest_s.get(key, one.sent_s) < one.sent_s:
            overtaken.append(number)
        earliest_s[key] = min(earliest_s.get(key, one.at_s), one.at_s)
    return overtaken[::-1]


def _lost(
    sent: Sent, effects: Iterable[Arrival], incidents: Sequence[Mapping[str, Any]], held: int
) -> list[str]:
    """Accepted, without effect, and neither on the desk nor held behind something that is."""
    arrived = {effect.number for effect in effects}
    missing = [one for one in sent.accepted.values() if one.order.number not in arrived]
    numbers = {incident.get("number") for incident in incidents}
    captures = {capture for incident in incidents for capture in incident.get("captures", ())}
    off_desk = [m for m in missing if m.order.number not in numbers and m.capture not in captures]
    stuck: dict[str, float] = {}  # customer -> when the order that is on the desk was accepted
    for number in numbers:
        if (one := sent.accepted.get(str(number))) is not None:
            stuck[one.order.customer] = min(stuck.get(one.order.customer, one.at_s), one.at_s)
    behind = [m for m in off_desk if stuck.get(m.order.customer, m.at_s) < m.at_s]
    excused = {m.order.number for m in behind[:held]}
    return [m.order.number for m in off_desk if m.order.number not in excused]


def _judge_keys(verdict: Verdict, arrivals: Iterable[Arrival]) -> None:
    bodies: dict[str, bytes] = {}
    last: dict[str, Arrival] = {}
    attempts: dict[str, int] = {}
    for arrival in arrivals:
        if bodies.setdefault(arrival.key, arrival.body) != arrival.body:
            verdict.key_reused.append(arrival.number)
        before = last.get(arrival.number)
        if before is not None and before.key != arrival.key and before.outcome != "rejected":
            verdict.key_changed.append(arrival.number)
        transmission, _, round_ = arrival.key.rpartition(".")
        attempt = int(arrival.attempt) if arrival.attempt.isdigit() else 0
        if not (transmission and round_.isdigit() and attempt > attempts.get(transmission, 0)):
            came = (
                f"{arrival.number}:{arrival.attempt}-after-{attempts.get(transmission, 0)}@{arrival.at_s:.3f}"
            )
            verdict.attempt_not_rising.append(came)
        attempts[transmission] = max(attempt, attempts.get(transmission, 0))
        last[arrival.number] = arrival


def _judge_doubts(
    verdict: Verdict, arrivals: Iterable[Arrival], incidents: Sequence[Mapping[str, Any]], cut_at_down: bool
) -> None:
    doubts: dict[str, int] = {}
    for incident in incidents:
        if incident["type"] == "in_doubt":
            doubts[incident["number"]] = doubts.get(incident["number"], 0) + 1
    unclear: set[str] = set()
    ended: set[str] = set()  # numbers whose last arrival got no definite "not now" or "no"
    for arrival in arrivals:
        if arrival.number in ended:
            verdict.resent.append(arrival.number)
        if arrival.outcome not in REFUSALS:
            ended.add(arrival.number)
        if arrival.outcome in UNCLEAR:
            unclear.add(arrival.number)
    verdict.undoubted += sorted(n for n in unclear if doubts.get(n, 0) != 1)
    surplus = sorted(n for n in doubts if n not in unclear)
    if not cut_at_down:
        verdict.undoubted += surplus
    verdict.undoubted += sorted(n for n in surplus if doubts[n] > 1)


def table(title: str, rows: Sequence[tuple[str, object]]) -> str:
    """Two columns under a title."""
    wide = max((len(name) for name, _ in rows), default=0)
    lines = [f"  {name:<{wide}}  {value}" for name, value in rows]
    return "\n".join([title, "-" * len(title), *lines])
