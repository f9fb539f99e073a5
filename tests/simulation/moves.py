"""The ledger read from its first entry: every move of every capture, message and transmission is a legal one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.simulation.watch import Broken

if TYPE_CHECKING:
    from tests.simulation.world import World

#: From a state to those that may follow, said once more and not taken from the code; 0: not made yet.
_CAPTURE: Mapping[int, frozenset[int]] = {0: frozenset({1}), 1: frozenset({2, 3}), 3: frozenset({1, 4})}
_MESSAGE: Mapping[int, frozenset[int]] = {
    0: frozenset({1, 2, 3, 5}), 1: frozenset({1, 2, 3, 5, 6}), 5: frozenset({1, 2, 3, 5, 6}),
}  # fmt: skip
_TRANSMISSION: Mapping[int, frozenset[int]] = {
    # 9 from what was never on the wire: withdrawn by a cancellation
    0: frozenset({1, 2, 3, 9}),
    1: frozenset({2, 3, 7, 8, 9}),
    2: frozenset({1, 7, 9}),
    3: frozenset({1, 2, 4, 5, 6, 7, 8}),
    4: frozenset({2, 3, 7, 8, 9}),
    5: frozenset({4, 5, 6, 7, 8}),
    8: frozenset({1, 6, 7, 9}),
}
_TABLES = {"capture": _CAPTURE, "message": _MESSAGE, "transmission": _TRANSMISSION}
_ACCEPTED, _TRANSLATED, _DUE = 1, 3, 5


def legal(world: World) -> None:
    """Raises Broken for the first move that nobody may make, and where the rows say other than the ledger."""
    stands: dict[tuple[str, int], int] = {}
    rows = world.watch.rows(
        "SELECT position, kind, capture, message, transmission, state, detail FROM ledger ORDER BY position"
    )
    for position, kind, capture, message, transmission, state, detail in rows:
        told: list[tuple[str, int, int]] = []
        if kind == _TRANSLATED:
            if stands.get(("capture", capture)) == 1:
                told.append(("capture", capture, 2))
            told.append(("message", message, state))
        elif transmission is not None and state is not None:
            told.append(("transmission", transmission, state))
        elif message is not None and state is not None:
            told.append(("message", message, state))
        elif capture is not None and state is not None:
            told.append(("capture", capture, state))
        if detail and '"moves"' in detail:
            told += [(what, id_, to) for what, id_, to in json.loads(detail)["moves"]]
        for what, id_, to in told:
            before = stands.get((what, id_), 0)
            if before != to and to not in _TABLES[what].get(before, frozenset()):
                raise Broken(f"entry {position} moves {what} {id_} from state {before} to {to}")
            stands[what, id_] = to
    for what in _TABLES:
        for id_, state in world.watch.rows(f"SELECT id, state FROM {what}s"):
            if stands.get((what, id_)) != state:
                raise Broken(f"{what} {id_} is in state {state}, the ledger says {stands.get((what, id_))}")
