"""What the console lists, read from either store, and found by the index that holds it."""

from __future__ import annotations

from crossdock.journal.sql import beliefs, desk_list, interchanges, orders, partners, people, tail
from crossdock.journal.sql.connection import Connection
from crossdock.model import register
from tests.journal.places import Place
from tests.stories import stories

KINDS, SYSTEMS = list(register.kinds()), ["shop", "wms", "erp"]


async def test_an_object_is_found_by_its_number_its_beginning_and_the_hubs_own_names(place: Place) -> None:
    async with stories(place.database) as told:
        await told.everything()

        def read(c: Connection) -> None:
            hub, number = c.execute("SELECT id, number FROM hubs ORDER BY id LIMIT 1").fetchone()
            assert hub in [one.hub for one in orders.found_by_number(c, number, KINDS, SYSTEMS)]
            assert hub in [one.hub for one in orders.found_by_number(c, number[:2], KINDS, SYSTEMS)]
            named = orders.found_by_name(c, f"h{hub}")
            assert isinstance(named, orders.Found) and named.number == number
            capture, theirs = c.execute("SELECT id, their_id FROM captures ORDER BY id LIMIT 1").fetchone()
            assert orders.found_by_name(c, f"c{capture}") is not None
            assert ("shop", "sales_order") in orders.untranslated(c, theirs, KINDS, SYSTEMS)
            assert orders.found_by_number(c, "nothing at all", KINDS, SYSTEMS) == []
            done = people.acts(c, 0, 50)
            assert done and people.acts(c, 0, 50, about=done[0]["who"])[0] == done[0]
            assert people.acts(c, 0, 50, about="nobody_did_this") == []

        await told.journal.view(read)


async def test_lists_hold_what_is_new_and_what_waits(place: Place) -> None:
    async with stories(place.database) as told:
        await told.everything()

        def read(c: Connection) -> None:
            hubs, following = orders.newest(c, ("sales_order",), 0, 50)
            assert hubs == sorted(hubs, reverse=True) and following is None
            assert [row.hub for row in orders.rows_of(c, hubs)] == hubs
            waits, _ = orders.waiting(c, orders.OPEN, None, 0, 50)
            counted = c.execute(
                "SELECT count(DISTINCT hub) FROM transmissions WHERE state IN (1, 2, 3, 4, 5, 8)"
            )
            assert len(waits) == counted.fetchone()[0]
            assert orders.waiting(c, orders.OPEN, "nobody", 0, 50) == ([], None)
            assert beliefs.sites_of(c) == []
            assert tail.last_heard(c, "shop") is not None
            assert tail.last_heard(c, "nobody") is None
            position, events = tail.events_after(c, 0)
            assert position == tail.last_position(c) and any(event.came for event in events)

        await told.journal.view(read)


async def test_incidents_come_by_their_clock_page_by_page_and_within_a_reach(place: Place) -> None:
    async with stories(place.database) as told:
        await told.everything()

        def read(c: Connection) -> None:
            whole, following = desk_list.page(c, desk_list.Wanted())
            assert whole and following is None
            assert [one.due_ms for one in whole] == sorted(one.due_ms for one in whole)
            first, more = desk_list.page(c, desk_list.Wanted(), 1)
            assert first == whole[:1]
            if more is not None:
                due, id_ = (int(part) for part in more.split("."))
                assert desk_list.page(c, desk_list.Wanted(after=(due, id_)))[0] == whole[1:]
            assert sum(one[3] for one in desk_list.counts(c, None, 0)) == len(whole)
            assert desk_list.counts(c, ["nobody"], 0) == []
            assert not desk_list.is_seen(c, int(whole[0].id[1:]), ["nobody"])

        await told.journal.view(read)


def asked_of_every_one(connection: Connection, systems: list[str]) -> tuple[str, list[object]]:
    """Incidents of some systems, or that hold something that came from one of them: found the slow way."""
    named = connection.dialect
    listed = named.listed(sorted(systems))
    return (
        f"({named.among.format('i.system')} OR EXISTS (SELECT 1 FROM members m"
        " LEFT JOIN captures c ON m.kind = 1 AND c.id = m.id LEFT JOIN messages d ON m.kind = 2 AND d.id = m.id"
        " LEFT JOIN transmissions t ON m.kind IN (3, 4) AND t.id = m.id"
        f" WHERE m.incident = i.id AND {named.among.format('coalesce(t.origin, d.system, c.system)')}))"
    ), [listed, listed]


async def test_the_incidents_of_a_system_are_those_it_is_about_and_those_that_hold_something_of_it(
    place: Place,
) -> None:
    async with stories(place.database) as told:
        await told.everything(partners=True)

        def read(c: Connection) -> None:
            known = [
                row[0]
                for row in c.execute("SELECT DISTINCT origin FROM ledger WHERE origin <> ''").fetchall()
            ]
            held = 0
            for systems in [*([one] for one in known), known[:2], known]:
                for state in (1, 2):
                    among, values = asked_of_every_one(c, systems)
                    rows = c.execute(
                        f"SELECT id, system FROM incidents i WHERE state = {state} AND {among}", values
                    )
                    one_by_one = dict(rows.fetchall())
                    held += sum(system not in systems for system in one_by_one.values())
                    wanted = desk_list.Wanted(systems=systems, ended=state == 2)
                    found, _ = desk_list.page(c, wanted, 1_000)
                    assert {int(one.id[1:]) for one in found} == set(one_by_one)
                    order = [-int(one.id[1:]) if state == 2 else one.due_ms for one in found]
                    assert order == sorted(order)
                    if state == 1:
                        assert sum(one[3] for one in desk_list.counts(c, systems, 0)) == len(one_by_one)
            assert held, "control: some hold what came from another system than their own"
            assert desk_list.page(c, desk_list.Wanted(system=known[0], systems=known[1:])) == ([], None)

        await told.journal.view(read)


async def test_the_plans_of_the_lists_name_their_indexes(place: Place) -> None:
    if place.kind != "sqlite":
        return
    async with stories(place.database) as told:
        await told.everything()
        queries: list[str] = []
        await told.journal.view(lambda c: _overheard(c, queries))
        plans = " ".join(
            row[3]
            for query in queries
            for row in place.rows(f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?"))
        )
        assert "SCAN hubs" not in plans.replace("SCAN hubs USING", "")
        for index in (
            "incidents_due",
            "transmissions_open",
            "captures_desk",
            "hubs_number",
            "incidents_number",
        ):
            assert index in plans


def _overheard(connection: Connection, queries: list[str]) -> None:
    class Ear:
        dialect = connection.dialect

        def execute(self, sql: str, parameters: object = ()) -> object:
            queries.append(sql)
            return connection.execute(sql, parameters)  # type: ignore[arg-type]

    ear: Connection = Ear()  # type: ignore[assignment]
    desk_list.page(ear, desk_list.Wanted())
    orders.waiting(ear, (8,), None, 0, 50)
    orders.found_by_number(ear, "x", KINDS, SYSTEMS)
    tail.last_heard(ear, "shop")
    orders.not_understood(ear, ["sales_order"], ["shop"], 10)
    desk_list.meant(ear, "SO", ["shop"], 5)


async def test_what_went_to_a_partner_is_read_from_either_store(place: Place) -> None:
    async with stories(place.database) as told:
        await told.everything()
        scope = told.journal.scope

        def read(c: Connection) -> None:
            came = partners.received(c, "shop", None, 500)
            assert came and [one.message for one in came] == sorted(
                (one.message for one in came), reverse=True
            )
            last = came[-1]
            assert partners.received(c, "shop", last.message, 500) == []
            assert last.message in [one.message for one in partners.made_of(c, last.capture)]
            found = interchanges.came(c, last.capture)
            assert found is not None and found.system == "shop" and found.body
            assert partners.unsent(c, "wms", 50) or partners.unsent(c, "erp", 50)
            assert interchanges.last_seen(c, "shop") is not None
            assert partners.counts(c, scope, "wms", 0)["waiting"] == 0
            assert partners.awaited(c, scope, ["wms", "erp"], 5) == ([], [])
            assert partners.sent(c, scope, "wms", range(1, 7), (1 << 40, 5), 5) == []
            assert interchanges.left(c, scope, 1 << 40, 1) is None
            assert interchanges.numbers(c, scope) == {}

        await told.journal.view(read)
