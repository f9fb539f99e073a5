"""What every dialogue with Tryton does: calls, looks at how things stand, and what earlier answers gave."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.connectors.tryton.wire import Row, call, method_of, rows
from crossdock.faults import Rejected
from crossdock.kit.connector import Ask, Exchange

EXCHANGES_MAX = 40  #: of one dialogue; more means that Tryton does not move


def refuse_endless(exchanges: Sequence[Exchange]) -> None:
    """Raises Rejected where Tryton answers and nothing moves on."""
    if len(exchanges) >= EXCHANGES_MAX:
        raise Rejected("the record does not move on in Tryton", fix="look at it in Tryton, then retry")


def asked(exchanges: Sequence[Exchange], method: str) -> bool:
    """Whether a method was called."""
    return any(method_of(exchange.ask) == method for exchange in exchanges)


def latest(exchanges: Sequence[Exchange], method: str) -> list[Row]:
    """What the last call of a method gave; nothing where it was not called."""
    for exchange in reversed(exchanges):
        if method_of(exchange.ask) == method:
            return rows(exchange.ask, exchange.answer)
    return []


def search(database: str, model: str, domain: Sequence[object], fields: Sequence[str]) -> Ask:
    """All matching records by id."""
    return call(database, f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], fields)


def change(database: str, method: str, *params: object, company: int | None) -> Ask:
    """A call that changes something."""
    return call(database, method, *params, company=company, safe=False)
