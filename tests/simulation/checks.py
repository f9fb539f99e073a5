"""What must hold once everything has come to rest."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crossdock.journal.changes import unpacked
from crossdock.journal.sql.audit import verify
from crossdock.journal.sqlite.storage import SqliteStorage
from crossdock.pipeline.order import LEVELS
from tests.simulation import goods, moves, story, withdrawal
from tests.simulation.parties import Effect
from tests.simulation.senders import Told
from tests.simulation.site import STATES
from tests.simulation.watch import must

if TYPE_CHECKING:
    from tests.simulation.world import World

DONE, SUPERSEDED, DESK, CLOSED, HELD = 6, 7, 8, 9, 2

#: Longer than anything that was sent and not answered is still on its way.
_SETTLED_S = 10.0


def everything(world: World) -> str:
    """Every check; the digest over the heads of all chains. Raises Broken."""
    _nothing_odd(world)
    _at_rest(world)
    _door(world)
    _once(world)
    _in_order(world)
    _desk(world)
    _known(world)
    goods.agree(world)
    story.coherent(world)
    moves.legal(world)
    return _audited(world)


def _nothing_odd(world: World) -> None:
    quarrels = [quarrel for party in world.parties.values() for quarrel in party.quarrels]
    found = [*world.defects, *world.loop.defects, *world.host.defects, *quarrels]
    for process in world.loop.graveyard:
        found += [
            f"{task.get_name()} {task.get_coro()} failed: {task.exception()!r}"
            for task in process.tasks
            if _unheard(task)
        ]
    must(not found, "; ".join(found[:3]))


def _unheard(task: Any) -> bool:
    """A task that failed, and nobody asked."""
    return task.done() and not task.cancelled() and task._log_traceback


def _at_rest(world: World) -> None:
    """Convergence: nothing is under way."""
    busy = world.watch.rows(
        "SELECT 'capture', id, state FROM captures WHERE state = 1 UNION ALL"
        " SELECT 'message', id, state FROM messages WHERE state = 1 UNION ALL"
        " SELECT 'transmission', id, state FROM transmissions WHERE state IN (1, 3, 4, 5)"
    )
    busy = [one for one in busy if one[2] != 5 or not _behind(world, one[1])]
    must(not busy, f"still under way: {busy[:5]}")
    world._balanced()


def _behind(world: World, doubted: int) -> list[Any]:
    """Whether one in doubt stands behind one that waits for a person: its doubt is settled in its turn."""
    return world.watch.rows(
        "SELECT 1 FROM transmissions a JOIN transmissions b ON a.target = b.target AND a.key = b.key"
        " WHERE a.id = ? AND b.state IN (2, 8)", doubted,
    )  # fmt: skip


# -- the door --------------------------------------------------------------------


def _door(world: World) -> None:
    """P1 and P2 from the senders' side: what was answered is there, once, and the answers agree."""
    bodies = _bodies(world)
    marks = Counter((system, document, mark) for system, document, _, mark, _ in bodies.values())
    repeats = Counter(
        dict(world.watch.rows("SELECT capture, count(*) FROM ledger WHERE kind = 2 GROUP BY capture"))
    )
    for told in world.couriers.told:
        _answers(told)
        where = f"{told.system} {told.document} {told.id} {told.mark}"
        if told.wants == "unreadable":
            must({s for s, *_ in told.answers} == {422}, f"{where}: {told.answers[:2]}")
            continue
        capture = told.accepted
        statuses = {status for status, *_ in told.answers}
        must(statuses <= {202, 409}, f"{where} was answered {statuses}")
        if told.wants in {"echo", "not owned", "event"}:
            continue
        count = marks[told.system, told.document, told.mark]
        must(count == (0 if capture is None else 1), f"{where}: {count} captures, answered {statuses}")
        if capture is not None:
            must(capture in bodies, f"{where}: accepted as c{capture}, which is not there")
            must(bodies[capture][3] == told.mark, f"{where}: c{capture} is another content")
            must(
                repeats[capture] < told.arrived,
                f"{where}: {repeats[capture]} repeats of {told.arrived} requests",
            )
    for told in world.couriers.told:
        if told.wants == "new" and told.accepted is None:
            rivals = [t for t in world.couriers.told if _same_place(t, told) and t.accepted is not None]
            must(
                rivals, f"{told.system} {told.document} {told.id} was refused and nothing stood in its place"
            )
    for capture, posted in world.watch.answered_202.items():
        must(capture in bodies, f"c{capture} was answered 202 and is not there")
        if bodies[capture][1] == "inventory_balance" and world.floor is not None:
            continue  # a level comes bare from one door and wrapped from the other
        must(
            _content(json.loads(posted)) == _content(bodies[capture][4]), f"c{capture} holds another content"
        )


def _answers(told: Told) -> None:
    """Every repeat got the same answer, byte for byte, and only a repeat was called one."""
    accepted = [(body, duplicate) for status, body, duplicate in told.answers if status == 202]
    must(len({body for body, _ in accepted}) <= 1, f"{told.id}: two answers to one document: {accepted[:2]}")
    firsts = sum(not duplicate for _, duplicate in accepted)
    must(firsts <= 1, f"{told.id} was accepted {firsts} times as new")
    if told.wants == "conflict" and told.answers:
        must(not accepted, f"{told.id} {told.mark} contradicts what was accepted, and was accepted")


def _same_place(one: Told, other: Told) -> bool:
    same = (one.system, one.document, one.id) == (other.system, other.document, other.id)
    return (same and one.version == other.version) or (one.key is not None and one.key == other.key)


def _bodies(world: World) -> dict[int, tuple[str, str, str, str, Any]]:
    """Capture -> system, document, their id, mark, tree."""
    found: dict[int, tuple[str, str, str, str, Any]] = {}
    for id_, system, document, their_id, codec, data in world.watch.rows(
        "SELECT c.id, c.system, c.document, c.their_id, p.codec, p.data FROM captures c"
        " JOIN payloads p ON p.id = c.payload"
    ):
        tree = json.loads(unpacked(codec, data))
        found[id_] = (system, document, their_id, _mark(tree), tree)
    return found


def _mark(tree: dict[str, Any]) -> str:
    return str(tree.get("mark") or (tree.get("extra") or {}).get("mark") or "")


def _content(tree: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name != "sentAt"}


# -- once, in order ----------------------------------------------------------------


def _once(world: World) -> None:
    """P2, P4 and P5 by the parties' own memory: each accepted thing has one effect at each reader, or a reason."""
    effects: defaultdict[int, list[Effect]] = defaultdict(list)
    for name, party in world.parties.items():
        for effect in party.effects:
            must(effect.transmission, f"{name} got {effect.number} without a key")
            effects[effect.transmission].append(effect)
    sends: defaultdict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for id_, message, target, state in world.watch.rows(
        "SELECT id, message, target, state FROM transmissions"
    ):
        sends[message][target].append((id_, state))
    marks = _marks(world)
    for message, system, document, state in _messages(world):
        if state != 2:  # only what was routed is sent
            must(message not in sends, f"m{message} is in state {state} and was sent")
            continue
        readers = world.plan.readers(document, system)
        if system == "erp" and document == "sales_order":
            readers = []  # an echo, or refused
        spared = {name for name in set(readers) - set(sends[message]) if document == "cancellation"}
        must(
            set(sends[message]) == set(readers) - spared
            and all(withdrawal.needs_not_hear(world, message, name) for name in spared),
            f"m{message} {document} went to {sorted(sends[message])}",
        )
        for target in sends[message]:
            for id_, sent_state in sends[message][target]:
                _one(world, f"t{id_} to {target}", document, sent_state, effects.pop(id_, []), marks[message])
    must(not effects, f"effects of what was never routed: {sorted(effects)[:5]}")
    alone = world.watch.rows(
        "SELECT id FROM transmissions a WHERE state = ? AND NOT EXISTS (SELECT 1 FROM transmissions b"
        " WHERE b.target = a.target AND b.hub = a.hub AND b.id > a.id)", SUPERSEDED,
    )  # fmt: skip
    must(not alone, f"t{alone[:3]} were superseded and nothing newer of the same object went there")


def _one(world: World, name: str, document: str, state: int, effects: list[Effect], mark: str) -> None:
    keys = {effect.key for effect in effects}
    must(len(keys) <= 1, f"{name}: effects under {sorted(keys)}")
    idle = document == "cancellation" and world.floor is not None  #: that order may have ended by itself
    if state == DONE and not (idle and not effects):
        must(len(effects) == 1, f"{name} is done and had {len(effects)} effects")
    elif state in {SUPERSEDED, HELD}:
        must(len(effects) <= (1 if document in STATES else 0), f"{name} in state {state} had an effect")
    else:
        must(len(effects) <= 1, f"{name} in state {state} had {len(effects)} effects")
    for effect in effects:
        must(not mark or effect.mark == mark, f"{name} carried {effect.mark} and not {mark}")


def _messages(world: World) -> Iterator[tuple[int, str, str, int]]:
    """Every message; those that were superseded must have a reason, and each capture has one that counts."""
    yield from world.watch.rows("SELECT id, system, document, state FROM messages ORDER BY id")
    counts = world.watch.rows(
        "SELECT c.id, c.state, c.late, count(m.id), sum(m.state <> 3) FROM captures c LEFT JOIN messages m"
        " ON m.capture = c.id AND m.document <> 'order_status' GROUP BY c.id"  # the hub's own word beside it
    )
    for capture, state, late, made, standing in counts:
        if state == 2:
            must(made >= 1, f"c{capture} was translated into nothing")
            if not standing:
                must(late or _overtaken(world, capture), f"c{capture} is superseded by nothing")
            else:
                must(standing == 1 and not late, f"c{capture}: {standing} messages, late {late}")
        else:
            must(made == 0, f"c{capture} in state {state} has messages")


def _overtaken(world: World, capture: int) -> list[Any]:
    """A newer version of the same document that went its way."""
    return world.watch.rows(
        "SELECT 1 FROM captures a JOIN captures b ON a.system = b.system AND a.document = b.document"
        " AND a.their_id = b.their_id AND b.version > a.version JOIN messages m ON m.capture = b.id AND m.state = 2"
        " WHERE a.id = ?", capture,
    )  # fmt: skip


def _marks(world: World) -> dict[int, str]:
    """Message -> the mark of its capture."""
    bodies = _bodies(world)
    pairs = world.watch.rows("SELECT id, capture FROM messages")
    return {message: bodies[capture][3] for message, capture in pairs}


def _in_order(world: World) -> None:
    """P3: in each lane effects happen in the order of the transmissions, and those in the order of acceptance."""
    keys = dict(world.watch.rows("SELECT id, key FROM transmissions"))
    gone = {id_ for (id_,) in world.watch.rows("SELECT id FROM transmissions WHERE state = 7")}
    for name, party in world.parties.items():
        last: dict[str, int] = {}
        for effect in party.effects:
            key = keys[effect.transmission]
            # What a newer state waited for was waited for by the wall clock, and somebody set that forward.
            if effect.transmission in gone and world.host.clock.leapt_since(effect.at_s - _SETTLED_S) > 0:
                continue
            before = last.get(key, 0)
            must(
                before <= effect.transmission,
                f"{name}: t{effect.transmission} had its effect after t{before} of the same lane",
            )
            last[key] = effect.transmission
    _accepted_order(world)
    _late(world)


def _accepted_order(world: World) -> None:
    """Documents of one system and one key that met no obstacle are routed as they were accepted.

    Systems take turns, and so do the levels and the other documents of one: between them nothing but versions says
    what comes first. Where two hosts share the work,
    so do documents that come with keys of their own and find that of their root only when they are decided.
    """
    delayed = (
        "SELECT capture FROM ledger WHERE kind IN (3, 4, 11) AND message IS NOT NULL AND state IN (1, 5)"
    )
    again = "SELECT capture FROM ledger WHERE kind = 11 AND capture IS NOT NULL AND message IS NULL"
    rows = world.watch.rows(
        f"SELECT t.target, t.key, m.system, {'c.partition' if world.hosts else '0'}, m.document, t.id, m.capture"
        " FROM transmissions t JOIN messages m ON m.id = t.message JOIN captures c ON c.id = m.capture"
        f" WHERE m.capture NOT IN ({delayed}) AND m.capture NOT IN ({again}) ORDER BY t.id"
    )
    last: dict[tuple[Any, ...], int] = {}
    for *lane, document, id_, capture in rows:
        lane.append(document in LEVELS)
        before = last.get(tuple(lane), 0)
        must(before <= capture, f"t{id_} to {lane[0]}: c{capture} was routed after c{before} of the same key")
        last[tuple(lane)] = capture


def _late(world: World) -> None:
    """What came after a newer version is late, and nothing else is."""
    newest: dict[tuple[str, str, str], int] = {}
    rows = world.watch.rows("SELECT id, system, document, their_id, version, late FROM captures ORDER BY id")
    for id_, system, document, their_id, version, late in rows:
        known = newest.get((system, document, their_id))
        must(
            bool(late) == (known is not None and version < known), f"c{id_}: version {version} after {known}"
        )
        must(known != version, f"c{id_}: version {version} of {document} {their_id} twice")
        newest[system, document, their_id] = max(version, known or version)


# -- the desk, what is known ---------------------------------------------------------


def _desk(world: World) -> None:
    """All that waits for a person is in an open incident with an owner; what was closed, a person closed."""
    tables = (("captures", 3, 1), ("messages", 5, 2), ("transmissions", DESK, 3), ("transmissions", HELD, 4))
    for table, state, kind in tables:
        alone = world.watch.rows(
            f"SELECT id FROM {table} r WHERE r.state = {state} AND NOT EXISTS (SELECT 1 FROM members m JOIN incidents i"
            f" ON i.id = m.incident WHERE m.kind = {kind} AND m.id = r.id AND i.state = 1 AND i.owner <> '')"
        )
        must(not alone, f"{table} {alone[:3]} in state {state} wait for nobody")
    for table, state, kind in (("captures", 4, 1), ("messages", 6, 2), ("transmissions", CLOSED, 3)):
        closed = world.watch.rows(
            f"SELECT r.id, m.incident FROM {table} r LEFT JOIN members m ON m.kind = {kind} AND m.id = r.id"
            f" WHERE r.state = {state}"
        )
        by_hand = {id_ for id_, incident in closed if incident in world.operator.abandoned}
        cancelled = {"transmissions": withdrawal.withdrawn, "messages": withdrawal.woken_never}.get(table)
        strange = {id_ for id_, _ in closed} - by_hand - (cancelled(world) if cancelled else set[int]())
        must(not strange, f"{table} {sorted(strange)[:3]} were closed and nobody did it")
    empty = world.watch.rows(
        "SELECT id, type FROM incidents i WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.incident = i.id)"
        " AND state = 1"
    )
    must(not empty, f"open incidents that hold nothing: {empty[:3]}")
    for t in world.watch.nameless:
        told = world.watch.rows("SELECT 1 FROM members m WHERE m.kind = 3 AND m.id = ?", t)
        done = world.watch.rows(
            "SELECT 1 FROM ledger WHERE transmission = ? AND kind = 7 AND state = ?", t, DONE
        )
        must(told or not done, f"t{t} was taken without an id, and no incident says so")


def _known(world: World) -> None:
    """Beliefs and ids are those of the last word: told by senders, acknowledged by targets."""
    wrong = world.watch.rows(
        "SELECT m.hub, m.system, max(m.id), b.message FROM messages m LEFT JOIN beliefs b ON b.hub = m.hub"
        " AND b.system = m.system WHERE m.state = 2 GROUP BY m.hub, m.system"
        " HAVING b.message IS NULL OR (b.how <> 2 AND b.message <> max(m.id)) "
    )
    wrong = [row for row in wrong if not _woken_late(world, row[0], row[1])]
    must(not wrong, f"beliefs of senders that are not their last word: {wrong[:3]}")
    wrong = world.watch.rows(
        "SELECT t.hub, t.target, max(t.id), b.transmission FROM transmissions t LEFT JOIN beliefs b"
        " ON b.hub = t.hub AND b.system = t.target WHERE t.state = 6 GROUP BY t.hub, t.target"
        " HAVING b.hub IS NULL OR (b.how = 2 AND b.transmission <> max(t.id))"
    )
    must(not wrong, f"beliefs of targets that are not their last acknowledgement: {wrong[:3]}")
    ids = world.watch.rows(
        "SELECT t.id, t.target, t.document, t.number, i.their_id FROM transmissions t LEFT JOIN identity i"
        " ON i.hub = t.hub AND i.system = t.target WHERE t.state = 6"
    )
    for t, target, document, number, their_id in ids:
        if t in world.watch.nameless or document in STATES or their_id is not None:
            continue
        told = world.parties[target].id_of(document, number)
        by_hand = world.watch.rows("SELECT 1 FROM members WHERE kind = 3 AND id = ?", t)
        must(told is None or by_hand, f"t{t}: {target} called {number} {told}, and nobody noted it")


def _woken_late(world: World, hub: int, system: str) -> list[Any]:
    """Messages that waited, so that an older one was routed after a newer one."""
    return world.watch.rows(
        "SELECT 1 FROM ledger l JOIN messages m ON m.id = l.message WHERE m.hub = ? AND m.system = ?"
        " AND l.kind IN (4, 11) AND l.state IN (1, 5) LIMIT 1", hub, system,
    )  # fmt: skip


# -- the ledger ----------------------------------------------------------------------


def _audited(world: World) -> str:
    heads: list[str] = []
    finding = verify(SqliteStorage(world.host.store), head=heads.append)
    must(finding is None, f"the audit finds: {finding}")
    return heads[0]
