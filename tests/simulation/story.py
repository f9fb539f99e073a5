"""What must hold between documents: children behind their parents, items before their orders, nobody waits in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.journal.changes import unpacked_tree
from tests.simulation.parties import Effect
from tests.simulation.watch import must

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Those that wait are compared with what has come at least this often, in milliseconds; and some slack.
_COMPARED_MS = 12_000


def coherent(world: World) -> None:
    """Raises Broken for the first that is not."""
    _children(world)
    _items(world)
    _woken(world)
    _newest(world)


def _children(world: World) -> None:
    """A child has the ordering key of its root, and its effects come after those of the root."""
    strange = world.watch.rows(
        "SELECT m.id, m.document, m.key, h.key FROM messages m JOIN hubs h ON h.id = m.root"
        " WHERE m.root <> m.hub AND m.state = 2 AND m.key <> h.key"
    )
    must(not strange, f"children in lanes of their own: {strange[:3]}")
    orders: dict[str, str] = dict(
        world.watch.rows(
            "SELECT c.number, o.number FROM hubs c JOIN hubs o ON o.id = c.root"
            " WHERE c.document = 'cancellation' AND o.document = 'sales_order' AND NOT EXISTS (SELECT 1 FROM messages m"
            " JOIN ledger l ON l.message = m.id WHERE m.hub = o.id AND l.state IN (1, 5))"
        )
    )
    for name, party in world.parties.items():
        first: dict[tuple[str, str], Effect] = {}
        for effect in party.effects:
            first.setdefault((effect.document, effect.number), effect)
        for (document, number), effect in first.items():
            # The reference warehouse speaks of a cancellation by the number of its order.
            order = number if world.floor is party and number in orders.values() else orders.get(number, "")
            ordered = first.get(("sales_order", order))
            if document == "cancellation" and ordered and ordered.transmission < effect.transmission:
                must(ordered.at_s <= effect.at_s, f"{name} was told to cancel {order} before it had it")


def _items(world: World) -> None:
    """Where the charter refuses unknown items, no order went on before all its items were known."""
    if world.plan.items != "refuse":
        return
    known = dict(
        world.watch.rows("SELECT number, min(introduced) FROM hubs WHERE document = 'item' GROUP BY number")
    )
    routed = world.watch.rows(
        "SELECT m.id, m.tree, min(l.position) FROM messages m JOIN ledger l ON l.message = m.id AND l.kind = 4"
        " AND l.state = 2 WHERE m.document = 'sales_order' AND m.state = 2 GROUP BY m.id, m.tree"
    )
    for message, tree, position in routed:
        for line in unpacked_tree(tree)["lines"]:
            at = known.get(line["sku"])
            must(at is not None and at < position, f"m{message} went on, and {line['sku']} was known at {at}")


def _woken(world: World) -> None:
    """No message was given up for lack of something that had been there for a while."""
    if world.host.clock.leaps:
        return
    given_up: list[Any] = world.watch.rows(
        "SELECT l.message, l.at_ms, i.value, i.says FROM ledger l JOIN incidents i ON i.id = l.incident"
        " WHERE l.kind = 11 AND l.message IS NOT NULL AND l.says LIKE '%still waits for%'"
    )
    for message, at_ms, number, told in given_up:
        came = world.watch.rows(
            "SELECT min(l.at_ms) FROM hubs h JOIN ledger l ON l.position = h.introduced WHERE h.number = ?",
            number,
        )[0][0]
        in_time = came is None or at_ms - came < _COMPARED_MS
        must(in_time, f"m{message} was given up {at_ms - (came or 0)} ms after {number} had come: {told}")


def _newest(world: World) -> None:
    """No version went its way after a newer one of the same object, however long it had waited."""
    routed = world.watch.rows(
        "SELECT m.id, m.hub, m.system, m.version FROM ledger l JOIN messages m ON m.id = l.message"
        " WHERE l.kind = 4 AND l.state = 2 AND m.state = 2 GROUP BY m.id ORDER BY min(l.position)"
    )
    newest: dict[tuple[int, str], tuple[int, int]] = {}
    for id_, hub, system, version in routed:
        known, newer = newest.get((hub, system), (version, id_))
        must(version >= known, f"m{id_} went after m{newer}, a newer version of the same object")
        newest[hub, system] = max((known, newer), (version, id_))
