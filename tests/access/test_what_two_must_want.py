"""Which acts on accounts, and on a store that was restored, two people must want: asked before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from crossdock.access import acts
from crossdock.access.roles import Actor
from crossdock.api.keys import Keys, digest_of
from crossdock.api.refusals import add_handlers
from crossdock.api.restored import add_restored
from crossdock.faults import Invalid
from crossdock.message.four_eyes import Asked, Kind
from tests.api.wire import ask

BODIES: dict[str, dict[str, Any]] = {"add": {"role": "viewer"}, "role": {"role": "admin"}}


@dataclass
class Two:
    """Two people must want everything that they are asked about."""

    asked: list[tuple[Kind, str]] = field(default_factory=list[tuple[Kind, str]])

    async def must_agree(
        self, kind: Kind, verb: str, subject: str, body: Any, *, who: str, says: Callable[[], str]
    ) -> None:
        self.asked.append((kind, verb))
        raise Asked({"id": "p1", "says": says()})


class Everybody:
    """Accounts that note what is done to them."""

    def __init__(self, *names: str) -> None:
        self.eyes, self.names, self.done = Two(), names, list[str]()

    async def all(self) -> tuple[str, ...]:
        return self.names

    def __getattr__(self, act: str) -> Any:
        async def done(*_: Any, **__: Any) -> None:
            self.done.append(act)
            raise Invalid("far enough")

        return done


@pytest.mark.parametrize("act", acts.NAMES)
async def test_every_act_on_an_account_waits_for_a_second_but_for_locking_somebody_out(act: str):
    people = Everybody("root")
    with pytest.raises(Invalid if act == "disable" else Asked):
        await acts.do(cast("Any", people), "anna", act, BODIES.get(act, {}), Actor("root", "x"))
    assert people.eyes.asked == ([] if act == "disable" else [(Kind.PEOPLE, f"people/{act}")])
    assert people.done == (["disable"] if act == "disable" else [])


async def test_who_makes_the_first_account_has_nobody_to_ask():
    people = Everybody()
    with pytest.raises(Invalid):
        await acts.do(cast("Any", people), "anna", "add", BODIES["add"], Actor("root", "x"))
    assert (people.eyes.asked, people.done) == ([], ["add"])


@pytest.mark.parametrize("role", ["operator", "admin"])
async def test_a_restore_is_over_only_once_a_second_agrees(role: str):
    ended, eyes, app = list[str](), Two(), FastAPI()

    async def end(system: str, *_: str) -> None:
        ended.append(system)

    one = SimpleNamespace(system="shop", backup_ms=0, since_ms=0, ended_id=None)
    add_handlers(app)
    keys = Keys(lambda: [(digest_of("k"), "ann", role, None)], lambda: 0.0)
    add_restored(app, keys, cast("Any", SimpleNamespace(all=[one], end=end)), cast("Any", None), eyes)
    reply = await ask(app, "POST", "/v1/restored/shop/end", {}, key="k")
    assert (eyes.asked, ended) == ([(Kind.RESTORED, "restored/end")], [])
    assert reply.status == 202
