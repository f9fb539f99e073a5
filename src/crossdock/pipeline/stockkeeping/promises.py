"""Promises to carts: stock set aside at once and for a while, whoever else asks at the same moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from crossdock.faults import Invalid
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal, Overtaken
from crossdock.journal.stock import LevelRow
from crossdock.message.names import moment
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.model.moments import when
from crossdock.pipeline.renumbering import ITEM, Numbers
from crossdock.pipeline.stockkeeping import offer
from crossdock.pipeline.stockkeeping.coming import Coming, counting, moment_ms
from crossdock.pipeline.stockkeeping.guard import ReservationGuard
from crossdock.pipeline.stockkeeping.measures import KitBook, Measures
from crossdock.pipeline.stockkeeping.rows import given_back, moved, reserved, took
from crossdock.stock.amount import number
from crossdock.stock.kit import exploded
from crossdock.stock.place import Lack, Pick, Want
from crossdock.stock.policy import Policy
from crossdock.stock.promise import kept_back, there_by
from crossdock.stock.reservation import Reservation, ReservationState

#: Lines of one promise.
LINES_MAX = 500
PROMISE = "p"
_S = ReservationState
#: When a promise was made, until when it holds, and when all of it is there.
Times = tuple[int, int, int]
_ANSWER_DAYS_MS = 30 * 86_400_000
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Clock(Protocol):
    """The hub's own time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a cart."""

    line: str
    sku: str
    quantity: int | Decimal
    unit: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """What a channel wants to be promised; times in seconds."""

    channel: str
    lines: Sequence[Asked]
    hold_s: float | None = None
    reference: str | None = None
    needed_by: date | datetime | None = None  #: what is expected by then counts, where the charter says so


@dataclass(frozen=True, slots=True)
class Kept:
    """The request under an Idempotency-Key, by its digest, and who sent it."""

    key: str
    digest: bytes


class Promises:
    """Gives, shows and takes back promises."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        policy: Policy,
        guard: ReservationGuard,
        measures: Measures,
        kits: KitBook,
        numbers: Numbers,
        zone: tzinfo,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._policy = policy
        self._guard = guard
        self._measures = measures
        self._kits = kits
        self._numbers = numbers
        self._zone = zone

    # -- giving --------------------------------------------------------------

    async def make(self, cart: Cart, *, who: str, key: str | None = None) -> bytes | list[Lack]:
        """The promise as it is answered, durable; or what is lacking, and nothing was set aside.

        Raises Invalid for a cart that cannot be read, and Overtaken for a key that was used otherwise.
        """
        kept = _kept(cart, who, key)
        if kept is not None and (known := self._answered(kept)) is not None:
            return known
        wants = self._wants(cart)
        id_, now = self._journal.next_id(), self._clock.now_ms()
        until = now + int(self._hold_s(cart) * 1000)
        channel = self._policy.channel(cart.channel)

        coming = self._coming(cart, wants, now)
        inbound = {key: sum(one.amount for one in some) for key, some in coming.items()}

        def decide(
            levels: Mapping[tuple[str, str], LevelRow], held: Mapping[str, int], changes: Changes
        ) -> bytes | list[Lack]:
            found = offer.taken(wants, levels, held, channel, self._policy, self._guard, inbound)
            picks = [one for one in found if isinstance(one, Pick)]
            if len(picks) < len(found) or not picks:
                return [one for one in found if isinstance(one, Lack)]
            there = max([now, *self._there(picks, levels, coming)])
            answer = self._answer(id_, cart, picks, "held", (now, until, there))
            self._write(changes, id_, cart, picks, (now, until, there), inbound)
            if kept is not None:
                changes.row("delete_answers", now - _ANSWER_DAYS_MS)
                changes.row("insert_answer", kept.key, kept.digest, answer, now)
            return answer

        skus = sorted({want.sku for want in wants})
        try:
            asked = cart.channel if channel.share is not None else None
            return await self._journal.decide_on_stock(skus, asked, decide)
        except Exception:  # ends in the answer that another request of the same key was given at this moment
            if kept is not None and (known := self._answered(kept)) is not None:
                return known
            raise

    def _coming(self, cart: Cart, wants: Sequence[Want], now: int) -> Coming:
        """What is expected in time of the items of a cart; nothing for one that names no day."""
        if cart.needed_by is None or all(one.inbound_days is None for one in self._policy.sites.values()):
            return {}
        skus = {want.sku for want in wants}
        former = {old for sku in skus for old in self._numbers.formers(ITEM, sku)}
        by_ms = moment_ms(cart.needed_by, self._zone)
        return counting(self._journal.coming(skus | former), self._numbers, self._policy, now, by_ms)

    def _there(self, picks: Sequence[Pick], levels: offer.Levels, coming: Coming) -> Iterator[int]:
        """When what is not there yet will be, of each item and site."""
        for (sku, site), amount in _sums(picks).items():
            row, kept = levels[sku, site], kept_back(self._policy.sites[site], sku)
            at_ms = there_by(coming.get((sku, site), ()), row.reserved + amount + kept - row.supply)
            if at_ms is not None:
                yield at_ms

    def _wants(self, cart: Cart) -> list[Want]:
        if not cart.lines or len(cart.lines) > LINES_MAX:
            raise Invalid("a promise has 1 to 500 lines", path="lines", fix="send the lines of one cart")
        self._kits.refresh()
        self._numbers.refresh()
        wants: list[Want] = []
        for index, line in enumerate(cart.lines):
            if line.quantity <= 0:
                raise Invalid(
                    "more than nothing must be asked for", path=f"lines[{index}].quantity", value=line.quantity,
                    fix="send a quantity above 0",
                )  # fmt: skip
            if line.site is not None and line.site not in self._policy.channel(cart.channel).sites:
                sites = ", ".join(self._policy.channel(cart.channel).sites)
                raise Invalid(
                    f"{cart.channel} does not sell from {line.site}", path=f"lines[{index}].site", value=line.site,
                    fix=f"one of: {sites}",
                )  # fmt: skip
            sku, unit = self._now(line.sku), self._unit(line)
            amount = self._measures.demand(sku, line.quantity, unit, at=f"lines[{index}]")
            whole = exploded(self._now(line.sku), amount, self._kits.kits)
            wants += [Want(line.line, sku, some, line.site) for sku, some in whole.items()]
        return wants

    def _now(self, sku: str) -> str:
        """What is delivered where an item is asked for under a number that gave way."""
        return self._numbers.now(ITEM, sku, asked=True)

    def _unit(self, line: Asked) -> str:
        """The unit that was named, else the item's own, else the one that the warehouses count it in."""
        if line.unit is not None:
            return line.unit
        known = self._measures.item(self._now(line.sku))
        if known is not None:
            return known[0].unit
        levels = self._journal.levels([self._now(line.sku)])
        return levels[0].unit if levels else "EA"

    def _hold_s(self, cart: Cart) -> float:
        hold_s = cart.hold_s if cart.hold_s is not None else self._policy.promise_s
        if not 0 < hold_s <= self._policy.promise_max_s:
            raise Invalid(
                f"a promise holds for at most {self._policy.promise_max_s:g} s", path="hold_s", value=hold_s,
                fix="ask for less, or raise stock.promise_max_s in charter.yaml",
            )  # fmt: skip
        return hold_s

    def _write(
        self,
        changes: Changes,
        id_: int,
        cart: Cart,
        picks: Sequence[Pick],
        times: Times,
        inbound: offer.Inbound,
    ) -> None:
        now, until, there = times
        lines = [_line(line) for line in cart.lines]
        tree = {"reference": cart.reference, "lines": lines}
        if cart.needed_by is not None:
            tree |= {"needed_by": cart.needed_by.isoformat(), "available_ms": there}
        body = _encode(tree).decode()
        rows: list[Row] = [("insert_promise", (id_, 1, cart.channel, body, now, until), None)]
        for pick in picks:
            one = Reservation(
                self._journal.next_id(), pick.sku, pick.site, cart.channel, id_, pick.line, pick.amount,
                made_ms=now, until_ms=until,
            )  # fmt: skip
            rows.append(reserved(one))
        says = f"promised to {cart.channel} until {moment(until)}: {_in_words(picks)}"
        changes.entry(_entry(cart.channel, id_, says), *rows)
        for (sku, site), amount in _sums(picks).items():
            kept = kept_back(self._policy.sites[site], sku)
            least = self._guard.least(kept - inbound.get((sku, site), 0))
            changes.row(*took(sku, site, amount, least, now), touches=1)

    # -- showing -------------------------------------------------------------

    def read(self, id_: int) -> tuple[str, bytes] | None:
        """The channel of a promise and the promise as it is now; None when there is none."""
        row = self._journal.promise(id_)
        if row is None:
            return None
        held = self._journal.reservations(id_)
        body = json.loads(row.body, parse_float=Decimal)
        lines = [
            Asked(one["line"], one["sku"], one["quantity"], one.get("unit"), one.get("site"))
            for one in body["lines"]
        ]
        needed_by = body.get("needed_by")
        cart = Cart(row.channel, lines, reference=body["reference"], needed_by=needed_by and when(needed_by))
        times = row.made_ms, row.until_ms, body.get("available_ms", row.made_ms)
        picks = [Pick(one.line, one.sku, one.site, one.amount) for one in held]
        return row.channel, self._answer(id_, cart, picks, _state(held), times)

    def _answered(self, kept: Kept) -> bytes | None:
        found = self._journal.answer(kept.key)
        if found is None:
            return None
        if found[0] != kept.digest:
            raise Overtaken("this Idempotency-Key was used for another request")
        return bytes(found[1])

    @staticmethod
    def _answer(id_: int, cart: Cart, picks: Sequence[Pick], state: str, times: Times) -> bytes:
        made, until, there = times
        lines = [
            _line(line)
            | {
                "from": [
                    {"site": pick.site, "sku": pick.sku, "quantity": number(pick.amount)}
                    for pick in picks
                    if pick.line == line.line
                ]
            }
            for line in cart.lines
        ]
        return _encode(
            {
                "id": f"{PROMISE}{id_}", "channel": cart.channel, "reference": cart.reference, "state": state,
                "made_at": moment(made), "expires_at": moment(until), "available_at": moment(there),
                "needed_by": cart.needed_by.isoformat() if cart.needed_by else None, "lines": lines,
            }
        )  # fmt: skip

    # -- taking back ---------------------------------------------------------

    async def release(self, id_: int, *, who: str) -> None:
        """Gives back what a promise still holds; once it holds nothing this changes nothing. Raises Overtaken."""
        held = [one for one in self._journal.reservations(id_) if one.state is _S.HELD]
        await self._end(held, _S.RELEASED, f"{who} gave promise {PROMISE}{id_} back")

    async def expire(self, limit: int) -> list[str]:
        """Gives back what promises hold whose time is over; gives the items."""
        held = self._journal.promises_over(self._clock.now_ms(), limit)
        await self._end(held, _S.EXPIRED, "promises have expired")
        return sorted({one.sku for one in held})

    async def _end(self, held: Sequence[Reservation], to: ReservationState, says: str) -> None:
        if not held:
            return
        changes, now = self._journal.changes(), self._clock.now_ms()
        channel = held[0].channel
        entry = _entry(channel, held[0].holder, says)
        changes.entry(entry, *(moved(one, one.moved(to)) for one in held))
        for one in held:
            changes.row(*given_back(one.sku, one.site, one.amount, now), touches=1)
        await self._journal.submit(changes)


def _state(held: Sequence[Reservation]) -> str:
    """What has become of a promise: held while anything is."""
    states = {one.state for one in held}
    for state, name in ((_S.HELD, "held"), (_S.EXPIRED, "expired")):
        if state in states:
            return name
    return "released"


def _sums(picks: Sequence[Pick]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for pick in picks:
        sums[pick.sku, pick.site] = sums.get((pick.sku, pick.site), 0) + pick.amount
    return dict(sorted(sums.items()))


def _in_words(picks: Sequence[Pick]) -> str:
    named = [f"{number(pick.amount)} {pick.sku} from {pick.site}" for pick in picks[:5]]
    return ", ".join(named) + (f" and {len(picks) - 5} more" if len(picks) > 5 else "")


def _line(line: Asked) -> dict[str, Any]:
    tree = {
        "line": line.line,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit": line.unit,
        "site": line.site,
    }
    return {name: value for name, value in tree.items() if value is not None}


def _kept(cart: Cart, who: str, key: str | None) -> Kept | None:
    if key is None:
        return None
    said = [cart.channel, cart.hold_s, cart.reference, [_line(line) for line in cart.lines]]
    asked = _encode([*said, cart.needed_by.isoformat()] if cart.needed_by else said)
    return Kept(f"promise/{who}/{key}", hashlib.sha256(asked).digest())


def _entry(channel: str, promise: int, says: str) -> Entry:
    return Entry(
        EntryKind.decided, system=channel, origin=channel, says=says,
        partition=partition_of(f"{PROMISE}{promise}"),
    )  # fmt: skip
