"""`crossdock stock`: what is known of an item's stock, and what may be promised of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from crossdock.cli import options
from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import FOUND, MISUSED, console, print_json, stop


@at_a_place
def stock(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The item.")],
    at: Place,
) -> None:
    """Says what every system has of an item, what is set aside, and what may be promised."""
    tree = _asked(sku, at.url, at.key) if at.url is not None else _stored(sku, at.site, at.database)
    if tree is None:
        stop(f"nobody ever told of stock of {sku}", fix="look at the code of the item", status=FOUND)
    if at.json:
        print_json(tree)
        return
    for line in _lines(tree):
        console().print(line, markup=False, highlight=False)


def _asked(sku: str, url: str, key: str | None) -> dict[str, Any] | None:
    from urllib.parse import quote

    from crossdock.cli.remote import Remote

    if key is None:
        stop(f"a key is needed to ask {url}", fix="give --key or CROSSDOCK_KEY", status=MISUSED)
    return Remote(url, key).get(f"/v1/stock/{quote(sku, safe='')}")


def _stored(sku: str, site: Any, database: str | None) -> dict[str, Any] | None:
    from crossdock.assembly import read_charter
    from crossdock.cli.reading import Store
    from crossdock.journal.sql.reads import Reads
    from crossdock.pipeline.renumbering import ITEM, Numbers
    from crossdock.pipeline.stockkeeping.measures import KitBook, Measures
    from crossdock.pipeline.stockkeeping.shown import stock_of

    settings = options.settings(site, database)
    policy = read_charter(settings.site)[0].stock
    if policy is None:
        stop("this site keeps no stock", fix="add a stock section to charter.yaml", status=FOUND)

    def read(connection: Any, _gates: object) -> dict[str, Any] | None:
        reads: Any = Reads(connection)
        reads.scope = 1
        numbers = Numbers(reads)
        numbers.refresh()
        now = numbers.now(ITEM, sku)
        measures = Measures(numbers.item)
        kits = KitBook(reads, measures)
        kits.refresh()
        packs = {
            name: measures.pack(now, one.unit, "EA") for name, one in policy.channels.items() if one.unit
        }
        at_ms = time.time_ns() // 1_000_000
        return stock_of(connection, now, policy, kits.kits, packs, at_ms, numbers.formers(ITEM, now))

    return Store(settings.database).read(read, read_charter(settings.site)[0])


def _lines(tree: dict[str, Any]) -> Iterator[str]:
    unit = tree["unit"]
    yield f"{tree['sku']}: {tree['available']} {unit} may be promised"
    if tree["formerly"]:
        yield f"  formerly {', '.join(tree['formerly'])}"
    for part in tree["kit"] or ():
        yield f"  made of {part['quantity']} {part['sku']}"
    for one in tree["sites"]:
        yield (
            f"  {one['site']} ({one['system']}, {one['figure']}): {one['available']} {unit}"
            f" = {one['promisable']} there - {one['reserved']} set aside - {one['buffer']} kept back,"
            + (" never told" if one["age_s"] is None else f" told {one['age_s']:.0f} s ago")
        )
        for coming in one.get("inbound", ()):
            how = "overdue" if coming["overdue"] else "counts" if coming["counts"] else "does not count"
            yield f"    {coming['quantity']} {unit} by {coming['expected_by']}, {coming['number']} ({how})"
    for one in tree["channels"]:
        has = one["has"]
        told = f", has {has['quantity']} {has['unit']} ({has['how']} {has['age_s']:.0f} s ago)" if has else ""
        yield f"  {one['channel']} may sell {one['may_sell']} {one['unit']}{told}"
    for one in tree["beliefs"]:
        lot = f" lot {one['lot']}" if one["lot"] else ""
        lot += f" until {one['expires_on']}" if one["expires_on"] else ""
        yield f"  {one['system']} {one['how']}: {one['quantity']} {one['unit']} {one['status']} at {one['site']}{lot}"
    for one in tree["reservations"]:
        whose = f"order {one['order']}" if one["order"] else f"promise {one['promise']}"
        yield f"  {one['state']}: {one['quantity']} {unit} at {one['site']} for {whose} of {one['channel']}"
