"""The book of keys: which of them two people must want, however they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crossdock.access.roles import Actor
from crossdock.access.roles import Role as PersonRole
from crossdock.api.keybook import MAY_GIVE, KeyBook
from crossdock.api.keys import Role, digest_of
from crossdock.message.four_eyes import Asked, Kind
from tests.stories import stories

BOSS, GIVES = Actor("boss", "console"), MAY_GIVE[PersonRole.ADMIN]


@dataclass
class Two:
    """Two people must want everything that they are asked about, but for what is let through."""

    lets: bool = True
    asked: list[str] = field(default_factory=list[str])

    async def must_agree(
        self, kind: Kind, verb: str, subject: str, body: Any, *, who: str, says: Callable[[], str]
    ) -> None:
        assert (kind, who) == (Kind.PEOPLE, "boss"), (verb, subject, body, says())
        self.asked.append(verb)
        if not self.lets:
            raise Asked({"id": "p1", "says": says()})


@pytest.mark.parametrize("role", GIVES)
async def test_a_key_of_a_person_needs_two_and_one_of_a_system_does_not(tmp_path: Path, role: Role):
    async with stories(tmp_path / "hub.db") as told:
        eyes = Two()
        book = KeyBook(told.journal, told.clock.now_ms, ["shop"], eyes)
        key = await book.make(role.value, "shop", BOSS, GIVES)
        await book.rotate(digest_of(key).hex()[:12], 24.0, BOSS, GIVES)
        assert eyes.asked == ([] if role is Role.SYSTEM else ["keys/make", "keys/rotate"])


@pytest.mark.parametrize("role", [one for one in GIVES if one is not Role.SYSTEM])
async def test_no_key_is_written_before_the_second_wants_it(tmp_path: Path, role: Role):
    async with stories(tmp_path / "hub.db") as told:
        eyes = Two()
        book = KeyBook(told.journal, told.clock.now_ms, [], eyes)
        known = digest_of(await book.make(role.value, "robot", BOSS, GIVES)).hex()[:12]
        eyes.lets = False
        for asked in (
            book.make(role.value, "other", BOSS, GIVES),
            book.rotate(known, 24.0, BOSS, GIVES),
        ):
            with pytest.raises(Asked):
                await asked
        rows = await told.journal.view(lambda c: c.execute("SELECT name, revoked_ms FROM keys").fetchall())
        assert [tuple(row) for row in rows] == [("robot", None)]
