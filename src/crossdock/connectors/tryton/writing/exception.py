"""The wizard by which Tryton is told what becomes of goods that were cancelled: ignored or asked for anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from crossdock.connectors.tryton.wire import call, method_of, result
from crossdock.kit.connector import Ask, Exchange


def ignored(
    database: str, model: str, record: int, moves: Sequence[int], exchanges: Sequence[Exchange], company: int
) -> Ask:
    """The next step of the wizard of `purchase` or `sale` that lets cancelled moves be.

    It is opened anew in each dialogue; a wizard left open does nothing.
    """
    wizard = f"wizard.{model}.handle.shipment.exception"
    about = {"active_model": f"{model}.{model}", "active_id": record, "active_ids": [record]}
    session = _session(exchanges, f"{wizard}.create")
    if session is None:
        return call(database, f"{wizard}.create", company=company, about=about)
    chosen = {"ask": {"recreate_moves": [], "ignore_moves": list(moves), "domain_moves": list(moves)}}
    return call(
        database, f"{wizard}.execute", session, chosen, "handle", company=company, safe=False, about=about
    )


def _session(exchanges: Sequence[Exchange], method: str) -> int | None:
    for exchange in reversed(exchanges):
        if method_of(exchange.ask) == method:
            opened: Any = result(exchange.ask, exchange.answer)
            return int(cast(list[Any], opened)[0])
    return None
