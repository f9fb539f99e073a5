"""What decisions are about to ask, fetched for all of them in one round trip."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from crossdock.journal.contract import Ahead, StoreDown
from crossdock.journal.postgresql.arrays import Type, array, scalar
from crossdock.journal.postgresql.decoding import rows
from crossdock.journal.postgresql.wire import Command, Refused, Statement, Wire
from crossdock.journal.sql.rows import MESSAGE_COLUMNS

T = TypeVar("T")
_log = structlog.get_logger("crossdock.journal")
_TEXTS, _INTS, _INT = Type.TEXT.array_oid, Type.INT.array_oid, Type.INT.oid
_MESSAGE = ", ".join(f"m.{column.strip()}" for column in MESSAGE_COLUMNS.split(","))
_HUB = "h.id, h.root, h.key, h.home"
_OBJECTS = "unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS a(system, document, their_id, n)"
#: Each look-up by key stands behind a LIMIT or an OFFSET: the planner, which knows nothing of the tables when it
#: makes the plan, may then not turn the join around and compare every row of a table with all that is asked.
_KNOWN = (
    f"{_OBJECTS} CROSS JOIN LATERAL (SELECT hub FROM identity WHERE scope = $4 AND system = a.system"
    " AND document = a.document AND their_id = a.their_id LIMIT 1) i"
    " CROSS JOIN LATERAL (SELECT * FROM hubs WHERE id = i.hub LIMIT 1) h"
)
_NUMBERED = (
    "{} CROSS JOIN LATERAL (SELECT * FROM hubs WHERE document = a.document AND number = a.number"
    " ORDER BY id DESC LIMIT 1) h"
)
_NUMBERS = "unnest($1::text[], $2::text[]) WITH ORDINALITY AS a(document, number, n)"

FIND_OBJECTS = Statement(
    b"foresee_objects",
    f"SELECT a.n, {_HUB}, b.how, b.version, b.message, {_MESSAGE} FROM {_KNOWN}"
    " LEFT JOIN LATERAL (SELECT * FROM beliefs WHERE hub = h.id AND system = a.system LIMIT 1) b ON TRUE"
    " LEFT JOIN LATERAL (SELECT * FROM messages WHERE id = b.message LIMIT 1) m ON TRUE",
    (_TEXTS, _TEXTS, _TEXTS, _INT),
)
FIND_NUMBERS = Statement(
    b"foresee_numbers", f"SELECT a.n, {_HUB} FROM {_NUMBERED.format(_NUMBERS)}", (_TEXTS, _TEXTS)
)
FIND_ITEMS = Statement(
    b"foresee_items",
    f"SELECT a.n, {_MESSAGE} FROM unnest($1::text[]) WITH ORDINALITY AS a(number, n) CROSS JOIN LATERAL"
    " (SELECT id FROM hubs WHERE document = 'item' AND number = a.number ORDER BY id DESC LIMIT 1) h"
    " CROSS JOIN LATERAL (SELECT max(message) AS id FROM beliefs WHERE hub = h.id AND how = 1) t"
    " CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = t.id LIMIT 1) m",
    (_TEXTS,),
)
#: The ids of objects at all systems, of those that are named and of the roots of those that are looked up.
FIND_IDS = Statement(
    b"foresee_ids",
    f"WITH found AS (SELECT h.id, h.root FROM {_KNOWN} UNION ALL SELECT h.id, h.root FROM "
    + _NUMBERED.format(_NUMBERS.replace("$1", "$5").replace("$2", "$6"))
    + ") SELECT r.id, r.document, i.system, i.their_id FROM"
    " (SELECT id FROM found UNION SELECT root FROM found UNION SELECT unnest($7::bigint[])) w(id)"
    " CROSS JOIN LATERAL (SELECT id, document FROM hubs WHERE id = w.id LIMIT 1) r"
    " LEFT JOIN LATERAL (SELECT system, their_id FROM identity WHERE hub = r.id OFFSET 0) i ON TRUE",
    (_TEXTS, _TEXTS, _TEXTS, _INT, _TEXTS, _TEXTS, _INTS),
)
STATEMENTS = (FIND_OBJECTS, FIND_NUMBERS, FIND_ITEMS, FIND_IDS)


@dataclass(slots=True)
class Foreseen:
    """Answers by what was asked; None: looked up, and not there."""

    identity: dict[tuple[str, str, str], tuple[int, int, str, int] | None] = field(
        default_factory=dict[Any, Any]
    )
    number: dict[tuple[str, str], tuple[int, int, str, int] | None] = field(default_factory=dict[Any, Any])
    belief: dict[tuple[int, str], tuple[int, int, int] | None] = field(default_factory=dict[Any, Any])
    message: dict[int, tuple[Any, ...]] = field(default_factory=dict[Any, Any])
    item: dict[str, tuple[Any, ...] | None] = field(default_factory=dict[Any, Any])
    ids: dict[int, tuple[str, dict[str, str]]] = field(
        default_factory=dict[Any, Any]
    )  #: hub -> document, ids


class Foresight:
    """Asks for several callers at once; those that come meanwhile share the next round trip."""

    def __init__(self, connect: Callable[[], Awaitable[Wire]], scope: int) -> None:
        self._connect = connect
        self._scope = scope
        self._wire: Wire | None = None
        self._waiting: list[tuple[Ahead, Future[Foreseen]]] = []
        self._task: asyncio.Task[None] | None = None

    async def fetch(self, ahead: Ahead) -> Foreseen:
        """The answers; none at all while the database cannot be asked."""
        future: Future[Foreseen] = asyncio.get_running_loop().create_future()
        self._waiting.append((ahead, future))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._ask(), name="journal-foresight")
        return await future

    async def close(self) -> None:
        """Lets go of the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._drop()

    async def _ask(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            found = Foreseen()
            try:
                if self._wire is None:
                    self._wire = await self._connect()
                found = await _found(self._wire, [ahead for ahead, _ in asked], self._scope)
            except (StoreDown, Refused) as error:
                _log.warning("nothing could be foreseen", says=str(error))
                await self._drop()
            except Exception:  # ends in reads that each ask for themselves, and say what is wrong
                _log.exception("nothing could be foreseen")
                await self._drop()
            finally:
                for _, future in asked:
                    if not future.done():
                        future.set_result(found)

    async def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()


async def _found(wire: Wire, asked: Sequence[Ahead], scope: int) -> Foreseen:
    objects = _once(ahead.objects for ahead in asked)
    numbers = _once(ahead.numbers for ahead in asked)
    items = _once(ahead.items for ahead in asked)
    hubs = _once(ahead.hubs for ahead in asked)
    by_id, by_number = [*_texts(objects, 3), scalar(scope)], _texts(numbers, 2)
    commands: list[Command] = [(FIND_IDS, [*by_id, *by_number, array(hubs, Type.INT)])]
    if objects:
        commands.append((FIND_OBJECTS, by_id))
    if numbers:
        commands.append((FIND_NUMBERS, by_number))
    if items:
        commands.append((FIND_ITEMS, [array(items, Type.TEXT)]))
    results: Iterator[list[tuple[Any, ...]]] = map(rows, await wire.exchange(commands))
    found = Foreseen()
    found.ids.update((hub, ("", {})) for hub in hubs)
    _learn_ids(found, next(results))
    if objects:
        _learn_objects(found, objects, next(results))
    if numbers:
        found.number.update(dict.fromkeys(numbers))
        found.number.update(
            (numbers[int(n) - 1], (id_, root, key, home)) for n, id_, root, key, home in next(results)
        )
    if items:
        found.item.update(dict.fromkeys(items))
        found.item.update((items[int(row[0]) - 1], row[1:]) for row in next(results))
    return found


def _once(asked: Iterable[Iterable[T]]) -> list[T]:
    return list(dict.fromkeys(one for some in asked for one in some))


def _learn_ids(found: Foreseen, told: Iterable[tuple[Any, ...]]) -> None:
    for hub, document, system, their_id in told:
        if hub not in found.ids or not found.ids[hub][0]:
            found.ids[hub] = (document, {})
        if system is not None:
            found.ids[hub][1].setdefault(system, their_id)


def _learn_objects(
    found: Foreseen, objects: Sequence[tuple[str, str, str]], told: Iterable[tuple[Any, ...]]
) -> None:
    found.identity.update(dict.fromkeys(objects))
    for row in told:
        n, id_, root, key, home, how, version, message = row[:8]
        asked, content = objects[int(n) - 1], row[8:]
        found.identity[asked] = (id_, root, key, home)
        found.belief[id_, asked[0]] = None if how is None else (how, version, message)
        if content[0] is not None:
            found.message[message] = content


def _texts(asked: Sequence[tuple[str, ...]], width: int) -> list[bytes]:
    columns = list(zip(*asked, strict=True)) if asked else [()] * width
    return [array(column, Type.TEXT) for column in columns]
