"""Control numbers that a person lets go on elsewhere: never given twice unheard, and told in the ledger."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.api.app import App
from crossdock.api.keys import digest_of, new_key
from crossdock.control.numbering import MOST, Numbering, Order, read
from crossdock.faults import Invalid
from crossdock.formats.edi.profile import Party, Profile, Standard
from crossdock.journal.open import storage_of
from crossdock.journal.sql.audit import verify
from crossdock.journal.sql.keyring import StoredKey, add_key
from tests.cli.console import Said, crossdock
from tests.connectors.edi.trade import drop, hub_of, order, sent, site, table, until
from tests.journal.places import Place
from tests.stories import stories

PAIR = Profile("retailer", Standard.X12, Party("US"), Party("THEM"))


async def test_a_sequence_goes_on_with_a_number_and_never_below_what_was_given(place: Place) -> None:
    async with stories(place.database) as told:
        numbering = Numbering(told.journal, {"retailer": PAIR})
        first = await numbering.begin("retailer", Order(1000, None, "moved from another system"), who="anna")
        assert [(one.kind, one.last, one.next) for one in first] == [
            ("interchange", 999, 1000), ("group", 999, 1000),
        ]  # fmt: skip
        with pytest.raises(Invalid, match="the interchange number 500 was given to retailer already"):
            await numbering.begin("retailer", Order(500, "interchange", "a slip"), who="anna")
        with pytest.raises(Invalid, match="999 was given"):
            await numbering.begin("retailer", Order(999, None, "a slip"), who="anna")
        assert [one.next for one in numbering.standing("retailer")] == [1000, 1000]
        lowered = await numbering.begin(
            "retailer", Order(500, "interchange", "they began anew", force=True), who="bo"
        )
        assert [one.next for one in lowered] == [500, 1000]
        assert [one.next for one in await numbering.begin("retailer", Order(MOST, None, "at its end"), who="bo")] == [
            MOST, MOST,
        ]  # fmt: skip
    assert verify(storage_of(place.database)) is None


async def test_an_edifact_partner_has_interchange_numbers_only(place: Place) -> None:
    async with stories(place.database) as told:
        numbering = Numbering(told.journal, {"p": Profile("p", Standard.EDIFACT, Party("A"), Party("B"))})
        assert [one.kind for one in await numbering.begin("p", Order(7, None, "why not"), who="bo")] == [
            "interchange"
        ]
        with pytest.raises(Invalid, match="no group numbers"):
            await numbering.begin("p", Order(7, "group", "why not"), who="bo")


async def test_whoever_sets_a_number_while_others_do_never_undoes_theirs(place: Place) -> None:
    async with stories(place.database) as told:
        numbering = Numbering(told.journal, {"retailer": PAIR})
        wishes = [
            numbering.begin("retailer", Order(n, "group", "together"), who="bo") for n in range(10, 60, 10)
        ]
        done = await asyncio.gather(*wishes, return_exceptions=True)
        assert all(isinstance(one, Invalid) or not isinstance(one, BaseException) for one in done)
        assert numbering.standing("retailer")[1].next == 50, "the highest wish; no lower one came after it"
    assert verify(storage_of(place.database)) is None


@pytest.mark.parametrize(
    ("body", "path"),
    [({"next": 0, "reason": "x"}, "next"), ({"next": MOST + 1, "reason": "x"}, "next"), ({"next": True}, "next"),
     ({"next": 5}, "reason"), ({"next": 5, "reason": " "}, "reason"),
      ({"next": 5, "reason": "x", "kind": "set"}, "kind"),    ({"next": 5, "reason": "x", "force": 1}, "force"),
     ({"next": 5, "reason": "x", "more": 1}, "more"), ([], "")],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_refused_with_its_field(body: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(body)
    assert refused.value.path == path


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    running = App(hub_of(site(tmp_path), listen="127.0.0.1:0"))
    await running.start()
    yield running
    await running.stop()


def keyed(app: App, role: str = "operator") -> tuple[str, ...]:
    """How a command reaches the hub."""
    key = new_key()
    add_key(storage_of(app.hub.settings.database), StoredKey(digest_of(key), "olga", role, None, 1, None))
    return ("--url", app.server.url, "--key", key)


async def command(*words: object) -> Said:
    return await asyncio.to_thread(crossdock, "edi", "partner", "number", *words)


async def test_the_next_interchange_has_the_number_that_was_set_at_the_terminal(
    tmp_path: Path, app: App
) -> None:
    at = keyed(app)
    drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 1)
    assert (
        "threepl interchange: 2 is next, given or passed over up to 1" in (await command("threepl", *at)).out
    )
    done = await command("threepl", "--next", 4711, "--reason", "they count from 4711", *at)
    assert done.code == 0 and "threepl group: 4711 is next" in done.out
    drop(tmp_path, "retailer", "b.edi", order("PO-2", 8))
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 2)
    second = sent(tmp_path, "threepl", "940")[1]
    assert re.search(r"\*000004711\*.*~GS\*OW\*PINECREST\*NORTHGATE\*\d+\*\d+\*4711\*", second)
    low = await command("threepl", "--next", 3, "--reason", "a slip", *at)
    assert low.code == 1 and "was given to threepl already" in low.err and "force" in low.err
    again = await command(
        "threepl", "--next", 3, "--kind", "interchange", "--reason", "they lost all", "--force", *at
    )
    assert again.code == 0, again.err
    drop(tmp_path, "retailer", "c.edi", order("PO-3", 9))
    await until(lambda: len(sent(tmp_path, "threepl", "940")) == 3)
    assert (
        "*000000003*" in sent(tmp_path, "threepl", "940")[2]
        and "*4712*X*" in sent(tmp_path, "threepl", "940")[2]
    )
    told = [
        str(row[0]) for row in table(app.hub, "SELECT says FROM ledger WHERE kind = 12 ORDER BY position")
    ]
    assert (
        "olga lets the interchange numbers for threepl go on with 4711 instead of 2: they count from 4711"
        in told
    )
    assert verify(storage_of(app.hub.settings.database)) is None


async def test_wrong_use_and_a_reader_change_nothing(app: App) -> None:
    at = keyed(app)
    assert (await command("threepl", "--next", 9, *at)).code == 2
    assert "is no EDI partner" in (await command("nobody", *at)).err
    refused = await command("threepl", "--next", 9, "--reason", "x", *keyed(app, "observer"))
    assert refused.code == 1 and "may not act" in refused.err
    assert (await command("threepl", "--json", *at)).tree["items"][0]["next"] == 1
