"""What goes on with stock by itself: promises and lots come of age, channels are told, orders wake when goods come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import structlog

from crossdock.charter.stock import ITSELF
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes
from crossdock.journal.contract import Fenced, Overtaken, StoreDown
from crossdock.journal.stock import LevelRow
from crossdock.journal.tenure import Hold
from crossdock.message.records import Entry, Transmission
from crossdock.message.states import EntryKind
from crossdock.pipeline.bound import Context
from crossdock.pipeline.stockkeeping.publish import Publisher
from crossdock.pipeline.stockkeeping.renaming import moved_stock
from crossdock.pipeline.stockkeeping.rows import NOWHERE, added, settled
from crossdock.pipeline.target import Target
from crossdock.stock.policy import ChannelPolicy

_log = structlog.get_logger("crossdock.stock")
#: Items looked at in one commit.
PAGE = 200
_TICK_S = 0.05
#: Where others write, too, each look is a question to another machine.
_SHARED_TICK_S = 0.2
_CLOCKS_EVERY_S = 1.0
_STORE_RETRY_S = 0.5


class StockWatch:
    """Looks after stock on the partitions held now."""

    def __init__(
        self,
        context: Context,
        targets: Mapping[str, Target],
        hold: Hold,
        stock_come: Callable[[str], None],
    ) -> None:
        """`stock_come` is told of items of which there is something to promise: who lacked it may find it now."""
        assert context.stock is not None, "this site keeps stock"
        self._room = context.stock
        self._context = context
        self._journal = context.journal
        self._clock = context.clock
        self._targets = targets
        self._hold = hold
        self._stock_come = stock_come
        self._publisher = Publisher(context.stock, context.journal, targets, context.charter.systems)
        self._clocks_s = float("-inf")

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            pause_s = _SHARED_TICK_S if self._context.tenure.shared else _TICK_S
            try:
                if await self._look():
                    pause_s = 0.0
            except (Overtaken, Fenced):
                pause_s = _TICK_S  # somebody else was faster; the next look sees what they did
            except StoreDown as down:
                _log.error("store down", says=str(down))
                pause_s = _STORE_RETRY_S
            except Exception:  # ends in the next look
                _log.exception("the stock watch stumbled")
                pause_s = _STORE_RETRY_S
            await self._clock.sleep(pause_s)

    async def _look(self) -> bool:
        """One round; True when there may be more to do at once."""
        now_s = self._clock.monotonic_s()
        if now_s - self._clocks_s >= _CLOCKS_EVERY_S:
            self._clocks_s = now_s
            self._room.kits.refresh()
            self._room.numbers.refresh()
            with suppress(Overtaken):  # another host gives them back; what follows is ours all the same
                await self._room.promises.expire(PAGE)
            await self._age()
            await self._rename()
        now_ms = self._clock.now_ms()
        due = self._journal.levels_due(now_ms, self._hold.partitions, PAGE)
        if due:
            await self._due(due, now_ms)
        more = len(due) >= PAGE
        for channel in self._publisher.channels:
            room = min(self._publisher.room_for(channel.name), PAGE)
            late = self._journal.told_due(channel.name, now_ms, self._hold.partitions, room) if room else []
            if late:
                await self._publish(late, [channel], now_ms)
                more = more or len(late) >= room
        return more

    # -- channels and orders -------------------------------------------------

    async def _due(self, skus: list[str], now_ms: int) -> None:
        """Levels have changed: channels are told, kits are looked at, orders that wait are looked at again."""
        kits = {kit for sku in skus for kit in self._room.kits.holding(sku)} - set(skus)
        ours = sorted(kit for kit in kits if self._hold.has(partition_of(kit)))
        levels = await self._publish(
            [*skus, *ours], self._publisher.channels, now_ms, settle=skus, elsewhere=kits - set(ours)
        )
        # An order waits under the number that its item had then.
        now = self._room.numbers.renamed
        lacking = [sku for sku in self._journal.skus_lacking() if now.get(sku, sku) in skus]
        for sku in sorted(lacking):
            names = (sku, now.get(sku, sku))
            if any(row.supply > row.reserved for (name, _), row in levels.items() if name in names):
                self._stock_come(sku)

    async def _publish(
        self,
        skus: list[str],
        channels: list[ChannelPolicy],
        now_ms: int,
        *,
        settle: Iterable[str] = (),
        elsewhere: Iterable[str] = (),
    ) -> Mapping[tuple[str, str], LevelRow]:
        changes, routed = self._journal.changes(), list[Transmission]()
        try:
            levels = self._publisher.publish(skus, channels, now_ms, changes, routed)
            wanted = set(settle)
            for row in levels.values():
                if row.sku in wanted:
                    changes.row(*settled(row.sku, row.site, row.changed))
            for kit in sorted(elsewhere):
                changes.row(*added(kit, NOWHERE, "EA", 0, 0, now_ms))
            await self._commit(changes)
        except Exception:  # ends in the next look; a figure that was never written must not stand in its lane
            for t in routed:
                self._targets[t.target].forget(t)
            raise
        for t in routed:
            self._targets[t.target].committed(t)
        return levels

    async def _commit(self, changes: Changes) -> None:
        if changes.rows or changes.entries:
            await self._journal.submit(changes)

    # -- numbers -------------------------------------------------------------

    async def _rename(self) -> None:
        """Stock and reservations under a number that an item had before go to the one that it has now."""
        for old, new in self._room.numbers.renamed.items():
            if not self._hold.has(partition_of(old)):
                continue
            changes = self._journal.changes()
            zone = self._context.charter.site.timezone
            if moved_stock(self._journal, self._room.policy, zone, old, new, self._clock.now_ms(), changes):
                await self._commit(changes)

    # -- lots ----------------------------------------------------------------

    async def _age(self) -> None:
        """Lots that have become too old are promised no more."""
        now_ms = self._clock.now_ms()
        aged = self._journal.stock_aged(now_ms, self._hold.partitions, PAGE)
        if not aged:
            return
        changes = self._journal.changes()
        for row in aged:
            changes.row("age_stock", row.hub, row.system, row.counted, touches=1)
            changes.row(*added(row.sku, row.site, row.unit, -row.counted, row.as_of_ms, now_ms))
        names = ", ".join(sorted({f"{row.sku} {row.lot or ''}".strip() for row in aged})[:10])
        changes.entry(Entry(EntryKind.decided, origin=ITSELF, says=f"too old to be promised: {names}"))
        await self._commit(changes)
