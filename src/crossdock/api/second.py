"""Where what two people must want is carried out: each verb with the part of the hub that does it."""

from __future__ import annotations

from typing import Any

from crossdock.access import acts
from crossdock.access.people import People
from crossdock.access.roles import Actor, Role
from crossdock.api.keybook import MAY_GIVE, KeyBook
from crossdock.control.operate import Operator, read
from crossdock.desk.desk import Desk
from crossdock.desk.supervision import Supervision
from crossdock.governance.approvals import Approvals
from crossdock.governance.subjects import Subject, Subjects
from crossdock.message.gate import GateMove
from crossdock.message.names import INCIDENT, id_of
from crossdock.message.whence import WHENCE
from crossdock.pipeline.restored import Restored

_INCIDENT_ACTS = ("fix", "retry", "resolve")


def carry_out(
    approvals: Approvals,
    *,
    desk: Desk,
    operator: Operator,
    people: People,
    restored: Restored | None,
    supervision: Supervision | None = None,
) -> None:
    """Says who carries out which verb."""

    def incident(act: str) -> None:
        async def carry(subject: str, body: Any, who: str, key: str) -> object:
            return await desk.act(id_of(INCIDENT, subject) or 0, act, body, who=who, key=key)

        approvals.carries(f"incident/{act}", carry)

    def gate(move: GateMove) -> None:
        async def carry(subject: str, body: Any, who: str, _: str) -> object:
            return await operator.act(subject, read(move.value, body), who=who)

        approvals.carries(f"gate/{move.value}", carry)

    def account(act: str) -> None:
        async def carry(subject: str, body: Any, who: str, _: str) -> object:
            return await acts.do(people, subject, act, body, Actor(who, WHENCE.get()))

        approvals.carries(f"people/{act}", carry)

    async def charter(*_: object) -> object:
        return None  # the approval itself is what the next start looks for

    async def ended(subject: str, _: Any, who: str, _key: str) -> object:
        assert restored is not None, "only a hub that restores is asked for this"
        await restored.end(subject, f"{subject} has sent again all that was lost", who)
        return None

    async def bulk(_: str, body: Any, who: str, _key: str) -> object:
        assert supervision is not None, "only a hub with a desk is asked for this"
        return await supervision.begin_bulk(body, who)

    async def replay(_: str, body: Any, who: str, _key: str) -> object:
        assert supervision is not None, "only a hub with a desk is asked for this"
        return await supervision.begin_replay(body, who)

    approvals.carries("desk/bulk", bulk)
    approvals.carries("desk/replay", replay)
    for act in _INCIDENT_ACTS:
        incident(act)
    for move in GateMove:
        gate(move)
    for act in acts.NAMES:
        account(act)
    approvals.carries("charter", charter)
    approvals.carries("restored/end", ended)


def carry_keys(approvals: Approvals, book: KeyBook) -> None:
    """Says who makes the keys that two people wanted made."""

    async def make(name: str, body: Any, who: str, _key: str) -> object:
        return {
            "name": name,
            "key": await book.make(body["role"], name, Actor(who, WHENCE.get()), MAY_GIVE[Role.ADMIN]),
        }

    async def rotate(wanted: str, body: Any, who: str, _key: str) -> object:
        by = Actor(who, WHENCE.get())
        return {
            "name": wanted,
            "key": await book.rotate(wanted, float(body["overlap_h"]), by, MAY_GIVE[Role.ADMIN]),
        }

    approvals.carries("keys/make", make)
    approvals.carries("keys/rotate", rotate)


def carry_erasures(approvals: Approvals, subjects: Subjects) -> None:
    """Says who erases what two people wanted erased."""

    async def erase(_: str, body: Any, who: str, _key: str) -> object:
        subject, reason = Subject.read(body)
        return await subjects.erase(subject, reason, who=who)

    approvals.carries("subject/erase", erase)
