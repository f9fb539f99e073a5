"""What a cancellation took back before it was sent, by the store's rows and the parties' own memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World

_CANCELS = "('cancellation', 'warehouse_order_cancel')"
_ORDERS = "('sales_order', 'warehouse_order')"
_CLOSED = 9
#: A cancellation of the same order that went its way.
_CANCELLED = (
    f"EXISTS (SELECT 1 FROM messages c WHERE c.document IN {_CANCELS} AND c.state = 2 AND c.root = {{root}})"
)

#: The place in the ledger where a message was routed.
_ROUTED = "(SELECT min(position) FROM ledger l WHERE l.message = {} AND l.kind = 4 AND l.state = 2)"


def withdrawn(world: World) -> set[int]:
    """Transmissions that were closed because of a cancellation, and that no party ever heard of."""
    rows = world.watch.rows(
        f"SELECT t.id FROM transmissions t WHERE t.state = {_CLOSED}"
        f" AND t.document IN {_CANCELS[:-1]}, {_ORDERS[1:]} AND {_CANCELLED.format(root='t.root')}"
    )
    heard = {effect.transmission for party in world.parties.values() for effect in party.effects}
    return {id_ for (id_,) in rows} - heard


def woken_never(world: World) -> set[int]:
    """Messages of orders that still waited when they were cancelled."""
    rows = world.watch.rows(
        f"SELECT m.id FROM messages m WHERE m.state = 6 AND m.document IN {_ORDERS}"
        f" AND {_CANCELLED.format(root='m.root')}"
    )
    return {id_ for (id_,) in rows}


def needs_not_hear(world: World, message: int, target: str) -> bool:
    """Whether a cancellation had nothing to cancel at a target: the order had no effect there before it.

    A person may have had a later version shipped all the same: that one came after.
    """
    rows = world.watch.rows(
        f"SELECT t.id FROM transmissions t JOIN messages m ON m.id = ? AND t.root = m.root"
        f" WHERE m.document IN {_CANCELS} AND t.target = ? AND t.document IN {_ORDERS}"
        f" AND {_ROUTED.format('t.message')} < {_ROUTED.format('m.id')}",
        message, target,
    )  # fmt: skip
    asked = {id_ for (id_,) in rows}
    return not any(effect.transmission in asked for effect in world.parties[target].effects)
