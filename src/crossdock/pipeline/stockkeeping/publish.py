"""What channels may sell, told to them: the newest figure only, no faster than each takes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crossdock.charter.charter import System
from crossdock.charter.stock import ITSELF, LEVEL
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Journal
from crossdock.journal.stock import LevelRow, ToldRow
from crossdock.kit.connector import Read
from crossdock.message.names import moment
from crossdock.message.records import Entry, Message, Transmission
from crossdock.message.states import EntryKind, MessageState
from crossdock.pipeline.report import reads_json
from crossdock.pipeline.stockkeeping import offer
from crossdock.pipeline.stockkeeping.rows import NOWHERE, OURS, told_due, told_row
from crossdock.pipeline.stockkeeping.stockroom import Stockroom
from crossdock.pipeline.target import Target
from crossdock.stock.amount import whole
from crossdock.stock.kit import skus as parts_of
from crossdock.stock.policy import ChannelPolicy

#: Figures on their way to a channel for each request that it takes at once; beyond, they wait and are coalesced.
AHEAD = 4


class Publisher:
    """Makes the stock levels of channels."""

    def __init__(
        self, room: Stockroom, journal: Journal, targets: Mapping[str, Target], systems: Mapping[str, System]
    ) -> None:
        self._room = room
        self._systems = systems
        self._journal = journal
        self._targets = targets
        self.channels = [channel for channel in room.policy.channels.values() if channel.publish]

    def room_for(self, channel: str) -> int:
        """How many more figures a channel is sent now; the others wait in the store, where only the newest counts."""
        at_once = self._systems[channel].limits.concurrency
        return max(AHEAD * at_once - self._targets[channel].lanes.counts[ITSELF], 0)

    def publish(
        self,
        skus: Collection[str],
        channels: Sequence[ChannelPolicy],
        now_ms: int,
        changes: Changes,
        routed: list[Transmission],
    ) -> Mapping[tuple[str, str], LevelRow]:
        """Writes a message for every figure that a channel does not have; gives the levels that they rest on."""
        kits, policy = self._room.kits.kits, self._room.policy
        needed = {part for sku in skus for part in parts_of(sku, kits)} | set(skus)
        levels = {(row.sku, row.site): row for row in self._journal.levels(needed)}
        told = {(row.channel, row.sku): row for row in self._journal.told(skus)} if channels else {}
        for channel in channels:
            left = self.room_for(channel.name)
            held = self._journal.held_by(channel.name, needed) if channel.share is not None else {}
            for sku in skus:
                known = told.get((channel.name, sku))
                base = next(
                    (r.unit for (name, at), r in levels.items() if name == sku and at != NOWHERE), "EA"
                )
                unit, factor = self._room.measures.pack(sku, channel.unit, base)
                amount = whole(offer.sellable(sku, levels, held, channel, policy, kits), factor)
                if known is not None and (known.amount, known.unit) == (amount, unit):
                    changes.row(*told_due(None, channel.name, sku))
                elif left > 0:
                    left -= 1
                    self._tell(sku, channel.name, amount, unit, known, levels, now_ms, changes, routed)
                elif known is not None:
                    changes.row(*told_due(now_ms, channel.name, sku))
                else:
                    self._later(sku, channel.name, unit, now_ms, changes)
        return levels

    def _later(self, sku: str, channel: str, unit: str, now_ms: int, changes: Changes) -> None:
        """A channel that was never told of an item is told when there is room."""
        row = ToldRow(channel, sku, self._journal.next_id(), -1, unit, OURS, now_ms)
        says = f"{channel} will be told of {sku}"
        changes.entry(
            Entry(EntryKind.decided, system=channel, origin=ITSELF, says=says, partition=partition_of(sku)),
            told_row(row, due_ms=now_ms),
        )

    def _tell(
        self,
        sku: str,
        channel: str,
        amount: int,
        unit: str,
        known: ToldRow | None,
        levels: Mapping[tuple[str, str], LevelRow],
        now_ms: int,
        changes: Changes,
        routed: list[Transmission],
    ) -> None:
        hub = known.hub if known is not None else self._journal.next_id()
        new = known is None or known.amount < 0
        rest = [row for (name, _), row in levels.items() if name in parts_of(sku, self._room.kits.kits)]
        message = Message(
            id=self._journal.next_id(), capture=0, system=ITSELF, document=LEVEL, their_id=sku, number=sku, hub=hub,
            root=hub, key=f"h{hub}", version=sum(row.changed for row in rest),
            tree={"sku": sku, "quantity": amount, "unit": unit, "as_of": moment(now_ms)}, state=MessageState.ROUTED,
            partition=partition_of(sku),
        )  # fmt: skip
        says = f"{channel} may sell {amount} {unit} of {sku}"
        changes.add_message(message, _entry(EntryKind.translated, message, says))
        rows: list[Row] = [changes.hub(message, shared=False)] if new else []
        rows.append(told_row(ToldRow(channel, sku, hub, amount, unit, OURS, now_ms), due_ms=None))
        decided = _entry(EntryKind.decided, message, f"goes to {channel}")
        decided.reads = reads_json([Read(f"stock {row.sku} {row.site}", str(row.changed)) for row in rest])
        changes.entry(decided, *rows)
        t = Transmission(
            id=self._journal.next_id(), message=message.id, target=channel, origin=ITSELF, document=LEVEL, number=sku,
            hub=hub, root=hub, key=message.key, due_ms=now_ms, partition=message.partition,
        )  # fmt: skip
        due = _entry(EntryKind.due, message, f"{LEVEL} {sku}")
        due.system, due.transmission, due.state = channel, t.id, None
        routed.append(t)
        self._targets[channel].admit(t, message, changes, due)


def _entry(kind: EntryKind, message: Message, says: str) -> Entry:
    return Entry(
        kind, system=ITSELF, origin=ITSELF, message=message.id, root=message.root, state=message.state.value, says=says,
        partition=partition_of(message.key),
    )  # fmt: skip
