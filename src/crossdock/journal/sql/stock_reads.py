"""What the rules of stock ask a store: small reads of what is committed."""

from __future__ import annotations

from collections.abc import Collection

from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.resend_reads import ResendReads
from crossdock.journal.sql.rows import MESSAGE_COLUMNS, read_message
from crossdock.journal.stock import BeliefRow, ComingRow, LevelRow, PromiseRow, ToldRow
from crossdock.message.records import Message
from crossdock.stock.reservation import Reservation, ReservationState

LEVEL = "sku, site, unit, supply, reserved, as_of_ms, changed"
BELIEF = "hub, system, sku, site, status, lot, expires_on, owner, place, unit, gross, net, as_of_ms, message, counted"
RESERVATION = "id, sku, site, channel, holder, line, amount, state, lot, made_ms, until_ms, passed_ms"
#: Lots of one item at one site that are looked at.
LOTS_MAX = 1_000
_COMING = "hub, sku, site, root, number, unit, amount, at_ms"
#: Announcements of one item that are looked at, the earliest first.
COMING_MAX = 1_000
_TOLD = "channel, sku, hub, amount, unit, how, at_ms"
_KITS = "FROM hubs h JOIN beliefs b ON b.hub = h.id WHERE h.document = 'kit_composition' AND b.how = 1"


def read_reservation(row: tuple[object, ...]) -> Reservation:
    """A reservation from the columns of RESERVATION."""
    *front, state, lot, made_ms, until_ms, passed_ms = row
    return Reservation(*front, ReservationState(state), lot, made_ms, until_ms, passed_ms)  # type: ignore[arg-type]


def reservations_of(connection: Connection, holder: int) -> list[Reservation]:
    """Everything that was ever set aside for one order or promise."""
    rows = connection.execute(
        f"SELECT {RESERVATION} FROM reservations WHERE holder = ? ORDER BY id", (holder,)
    )
    return [read_reservation(row) for row in rows]


class StockReads(ResendReads):
    """Small reads on a connection of their own, which sees only what is durable."""

    def levels(self, skus: Collection[str]) -> list[LevelRow]:
        """The levels of some items at all sites."""
        among, listed = self._among("sku", sorted(skus))
        rows = self._reader.execute(
            f"SELECT {LEVEL} FROM stock_levels WHERE scope = ?{among} ORDER BY sku, site",
            (self.scope, *listed),
        )
        return [LevelRow(*row) for row in rows]

    def coming(self, skus: Collection[str]) -> list[ComingRow]:
        """What is announced of some items and has not come, the earliest first."""
        among, listed = self._among("sku", sorted(skus))
        rows = self._reader.execute(
            f"SELECT {_COMING} FROM stock_coming WHERE amount > 0{among} ORDER BY at_ms, hub, sku, site LIMIT ?",
            (*listed, COMING_MAX),
        )
        return [ComingRow(*row) for row in rows]

    def coming_of(self, root: int) -> list[ComingRow]:
        """What a purchase announced, with what has come by now as nothing."""
        query = f"SELECT {_COMING} FROM stock_coming WHERE root = ? ORDER BY hub, sku, site"
        return [ComingRow(*row) for row in self._reader.execute(query, (root,))]

    def stock_belief(self, hub: int, system: str) -> BeliefRow | None:
        """What a system told of one balance."""
        row = self._reader.execute(
            f"SELECT {BELIEF} FROM stock_beliefs WHERE hub = ? AND system = ?", (hub, system)
        ).fetchone()
        return BeliefRow(*row) if row else None

    def stock_beliefs_of(self, sku: str) -> list[BeliefRow]:
        """Every figure that was told of an item."""
        rows = self._reader.execute(f"SELECT {BELIEF} FROM stock_beliefs WHERE sku = ? ORDER BY hub", (sku,))
        return [BeliefRow(*row) for row in rows]

    def reservations_of(self, sku: str) -> list[Reservation]:
        """What is set aside of an item and still counts."""
        query = f"SELECT {RESERVATION} FROM reservations WHERE sku = ? AND state IN (1, 2) ORDER BY id"
        return [read_reservation(row) for row in self._reader.execute(query, (sku,))]

    def lots(self, sku: str, site: str) -> list[BeliefRow]:
        """What can be promised of each lot of an item at a site, as its warehouse told it."""
        rows = self._reader.execute(
            f"SELECT {BELIEF} FROM stock_beliefs WHERE sku = ? AND site = ? AND lot IS NOT NULL AND counted > 0"
            " ORDER BY hub LIMIT ?",
            (sku, site, LOTS_MAX),
        )
        return [BeliefRow(*row) for row in rows]

    def lots_held(self, sku: str, site: str) -> dict[str, int]:
        """How much of each lot of an item is set aside at a site."""
        rows = self._reader.execute(
            "SELECT lot, sum(amount) FROM reservations WHERE sku = ? AND site = ? AND state IN (1, 2)"
            " AND lot IS NOT NULL GROUP BY lot",
            (sku, site),
        )
        return {lot: int(amount) for lot, amount in rows}

    def lot_expiry(self, sku: str, lot: str) -> str | None:
        """The last day of a lot, as a warehouse told it."""
        row = self._reader.execute(
            "SELECT max(expires_on) FROM stock_beliefs WHERE sku = ? AND lot = ?", (sku, lot)
        ).fetchone()
        return row[0]

    def held_by(self, channel: str, skus: Collection[str]) -> dict[str, int]:
        """How much of some items is set aside for one channel."""
        among, listed = self._among("sku", sorted(skus))
        rows = self._reader.execute(
            f"SELECT sku, sum(amount) FROM reservations WHERE channel = ? AND state IN (1, 2){among} GROUP BY sku",
            (channel, *listed),
        )
        return {sku: int(amount) for sku, amount in rows}

    def reservations(self, holder: int) -> list[Reservation]:
        """Everything that was ever set aside for one order or promise."""
        return reservations_of(self._reader, holder)

    def reservations_passing(self, sku: str, site: str) -> list[Reservation]:
        """What a warehouse has taken, and its figures have not shown yet."""
        rows = self._reader.execute(
            f"SELECT {RESERVATION} FROM reservations WHERE sku = ? AND site = ? AND state IN (1, 2) AND state = 2"
            " ORDER BY id",
            (sku, site),
        )
        return [read_reservation(row) for row in rows]

    def promise(self, id_: int) -> PromiseRow | None:
        """One promise."""
        row = self._reader.execute(
            "SELECT id, channel, body, made_ms, until_ms FROM promises WHERE id = ?", (id_,)
        ).fetchone()
        return PromiseRow(*row) if row else None

    def promises_over(self, now_ms: int, limit: int) -> list[Reservation]:
        """Reservations of promises whose time is over."""
        rows = self._reader.execute(
            f"SELECT {RESERVATION} FROM reservations WHERE state = 1 AND until_ms IS NOT NULL AND until_ms <= ?"
            " ORDER BY until_ms, id LIMIT ?",
            (now_ms, limit),
        )
        return [read_reservation(row) for row in rows]

    def stock_aged(self, now_ms: int, partitions: Collection[int], limit: int) -> list[BeliefRow]:
        """Figures of lots that have become too old and are still counted."""
        within, listed = self._within("partition", partitions)
        rows = self._reader.execute(
            f"SELECT {BELIEF} FROM stock_beliefs WHERE good_until_ms IS NOT NULL AND counted > 0"
            f" AND good_until_ms <= ?{within} ORDER BY good_until_ms, hub LIMIT ?",
            (now_ms, *listed, limit),
        )
        return [BeliefRow(*row) for row in rows]

    def levels_due(self, now_ms: int, partitions: Collection[int], limit: int) -> list[str]:
        """Items whose levels have changed since channels were told of them, the longest due first."""
        within, listed = self._within("partition", partitions)
        rows = self._reader.execute(
            f"SELECT sku FROM stock_levels WHERE due_ms IS NOT NULL AND due_ms <= ?{within} ORDER BY due_ms LIMIT ?",
            (now_ms, *listed, limit),
        )
        return list(dict.fromkeys(row[0] for row in rows))

    def told(self, skus: Collection[str]) -> list[ToldRow]:
        """What channels have of some items."""
        among, listed = self._among("sku", sorted(skus))
        rows = self._reader.execute(f"SELECT {_TOLD} FROM stock_told WHERE TRUE{among}", listed)
        return [ToldRow(*row) for row in rows]

    def told_due(self, channel: str, now_ms: int, partitions: Collection[int], limit: int) -> list[str]:
        """Items of which a channel is to be told, the longest due first."""
        within, listed = self._within("partition", partitions)
        rows = self._reader.execute(
            f"SELECT sku FROM stock_told WHERE channel = ? AND due_ms IS NOT NULL AND due_ms <= ?{within}"
            " ORDER BY due_ms LIMIT ?",
            (channel, now_ms, *listed, limit),
        )
        return [row[0] for row in rows]

    def kits(self) -> list[Message]:
        """What every kit is made of, as was last told."""
        rows = self._reader.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id IN (SELECT max(b.message) {_KITS} GROUP BY h.number)"
        )
        return [read_message(row) for row in rows]

    def kits_version(self) -> int:
        """A number that rises with every kit that is told."""
        return int(self._reader.execute(f"SELECT coalesce(max(b.message), 0) {_KITS}").fetchone()[0])

    def skus_lacking(self) -> list[str]:
        """The items that orders on the desk wait for."""
        rows = self._reader.execute(
            "SELECT DISTINCT value FROM incidents WHERE state = 1 AND type = 'backorder' AND value IS NOT NULL"
        )
        return [row[0] for row in rows]

    def messages_lacking_stock(self, sku: str, limit: int, after: int = 0) -> list[tuple[int, int]]:
        """(message, partition) of orders beyond an id on the desk that wait for an item, the oldest first."""
        return self._reader.execute(
            "SELECT g.id, g.partition FROM incidents i JOIN members m ON m.incident = i.id"
            " JOIN messages g ON g.id = m.id WHERE i.state = 1 AND m.kind = 2 AND g.state = 5"
            " AND i.type = 'backorder' AND i.value = ? AND g.id > ? ORDER BY g.id LIMIT ?",
            (sku, after, limit),
        ).fetchall()
