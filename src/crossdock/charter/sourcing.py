"""The `sourcing` section: order routing as the site has decided it, and whether that fits its sites and systems."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import time
from decimal import Decimal
from zoneinfo import ZoneInfo

from crossdock.charter.blackouts import WEEKDAYS
from crossdock.charter.charter import ObjectRule, System
from crossdock.charter.orders import HUB_OWNER
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.stock.policy import Policy
from crossdock.stock.sourcing.calendar import Workdays
from crossdock.stock.sourcing.policy import (
    EVERYWHERE,
    Backorder,
    Method,
    Rule,
    SourceSite,
    Sourcing,
    Split,
    Supplier,
    Zone,
)

#: What a site is asked to ship, and what a supplier is.
RELEASE, PURCHASE = "warehouse_order", "purchase_order"
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_HOLIDAY = re.compile(r"([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def read_sourcing(
    reading: Reading,
    entry: Entry | None,
    stock: Policy | None,
    zone: ZoneInfo,
    systems: Mapping[str, System],
    rules: Mapping[str, ObjectRule],
) -> Sourcing | None:
    """How orders are routed, as far as it could be read; None where the hub does not do it."""
    values = reading.section(entry, "sourcing", "sourcing") if entry is not None else None
    if values is None:
        return None
    if stock is None:
        reading.refuse("sourcing", "orders are routed by stock, and none is kept", "add a `stock` section")
        return None
    zones = _zones(reading, values["zones"])
    named = {one.name for one in zones}
    sites = {name: SourceSite(name, zone, work=Workdays(name)) for name in stock.sites}
    for name, section, path in reading.named(values["sites"], "sourcing.sites"):
        found = reading.section(section, "sourcing_site", path)
        if _is_known(reading, path, name, stock.sites, "a site") and found is not None:
            sites[name] = _site(reading, name, found, path, zone, named)
    for name, site in stock.sites.items():
        _check_release(reading, name, systems.get(site.system), rules.get(RELEASE))
    return Sourcing(
        _rules(reading, values["rules"], sites, systems), sites, zones,
        _methods(reading, values["methods"], sites), _suppliers(reading, values["suppliers"], systems),
        _substitutes(reading, values["substitutes"]), frozenset(values["pallet_units"]),
    )  # fmt: skip


def _is_known(reading: Reading, path: str, name: str, among: Collection[str], what: str) -> bool:
    if name not in among:
        reading.refuse(path, f'there is no {what.removeprefix("a ")} "{name}"', nearest(name, among, what))
    return name in among


def _known(
    reading: Reading, path: str, names: Iterable[str], among: Collection[str], what: str
) -> tuple[str, ...]:
    return tuple(name for name in names if _is_known(reading, path, name, among, what))


def _rules(
    reading: Reading, entry: Entry | None, sites: Collection[str], systems: Collection[str]
) -> tuple[Rule, ...]:
    found: list[Rule] = []
    for name, section, path in reading.named(entry, "sourcing.rules"):
        values = reading.section(section, "sourcing_rule", path)
        if values is None:
            continue
        found.append(
            Rule(
                name,
                frozenset(_known(reading, f"{path}.systems", values["systems"], systems, "a system")),
                frozenset(values["order_types"]),
                frozenset(values["customers"]),
                frozenset(values["countries"]),
                _known(reading, f"{path}.sites", values["sites"], sites, "a site"),
                Split(values["split"]),
                values["parts_max"],
                Decimal(str(values["split_penalty"])),
                Decimal(str(values["late_penalty"])),
                Backorder(values["backorder"]),
                values["ship_complete"],
                values["substitute"],
                values["refused"] == "reroute",
            )
        )
    return tuple(found)


def _zones(reading: Reading, entry: Entry | None) -> tuple[Zone, ...]:
    found: list[Zone] = []
    for name, section, path in reading.named(entry, "sourcing.zones"):
        values = reading.section(section, "sourcing_zone", path)
        if values is not None:
            found.append(Zone(name, frozenset(values["countries"]), tuple(values["postcodes"])))
    return tuple(found)


def _site(
    reading: Reading, name: str, values: Values, path: str, zone: ZoneInfo, zones: Collection[str]
) -> SourceSite:
    for one in values["costs"]:
        if one != EVERYWHERE:
            _is_known(reading, f"{path}.costs.{one}", one, zones, "a zone")
    return SourceSite(
        name,
        values["timezone"] or zone,
        {one: Decimal(str(cost)) for one, cost in values["costs"].items()},
        frozenset(values["refuses"]),
        _time(reading, f"{path}.cut_off", values["cut_off"]),
        _work(reading, name, values, path),
        tuple(one for text in values["waves"] if (one := _time(reading, f"{path}.waves", text)) is not None),
        values["lots"] == "fefo",
    )


def _methods(reading: Reading, entry: Entry | None, sites: Collection[str]) -> dict[str, Method]:
    found: dict[str, Method] = {}
    for name, section, path in reading.named(entry, "sourcing.methods"):
        values = reading.section(section, "sourcing_method", path)
        if values is None:
            continue
        cut_offs: dict[str, time] = {}
        for site, text in values["cut_offs"].items():
            at = _time(reading, f"{path}.cut_offs.{site}", text)
            if _is_known(reading, f"{path}.cut_offs.{site}", site, sites, "a site") and at is not None:
                cut_offs[site] = at
        collects = _known(reading, f"{path}.sites", values["sites"], sites, "a site")
        refuses = frozenset(values["refuses"])
        work = _work(reading, name, values, path)
        found[name] = Method(name, frozenset(collects), refuses, cut_offs, work)
    return found


def _suppliers(reading: Reading, entry: Entry | None, systems: Mapping[str, System]) -> tuple[Supplier, ...]:
    found: list[Supplier] = []
    for name, section, path in reading.named(entry, "sourcing.suppliers"):
        values = reading.section(section, "sourcing_supplier", path)
        if values is None or values["system"] is None:
            continue
        if _is_known(reading, f"{path}.system", values["system"], systems, "a system"):
            system = systems[values["system"]]
            if system.flow_out(PURCHASE) is None:
                says = f"{system.name} takes no {PURCHASE}"
                fix = f"add `out: [{{document: {PURCHASE}, ..}}]` to {system.name}"
                reading.refuse(f"{path}.system", says, fix)
        skus, types = frozenset(values["skus"]), frozenset(values["order_types"])
        found.append(Supplier(name, values["system"], skus, types))
    return tuple(found)


def _substitutes(reading: Reading, entry: Entry | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, section, path in reading.named(entry, "sourcing.substitutes"):
        values = reading.section(section, "sourcing_substitute", path)
        if values is not None and values["by"] is not None:
            found[name] = tuple(values["by"])
            if name in found[name]:
                reading.refuse(f"{path}.by", f"{name} would be sent instead of itself", "name another item")
    return found


def _check_release(reading: Reading, site: str, system: System | None, rule: ObjectRule | None) -> None:
    """The hub asks each site's system to ship; that system must be able to take it."""
    if rule is None or rule.owner != HUB_OWNER:
        fix = f"write `{RELEASE}: {{owner: {HUB_OWNER}, readers: [..]}}` under objects"
        reading.refuse("sourcing", f"the hub itself must own {RELEASE}", fix)
    elif system is not None and all(reader.system != system.name for reader in rule.readers):
        says = f"{system.name} does not read {RELEASE}, and ships from {site}"
        reading.refuse(f"objects.{RELEASE}.readers", says, f"add {system.name} to the readers")


def _work(reading: Reading, who: str, values: Values, path: str) -> Workdays:
    for day in values["holidays"]:
        if not _HOLIDAY.fullmatch(day):
            reading.refuse(f"{path}.holidays", f'"{day}" is no day', "write `2026-12-25`, or `12-25`")
    for day in values["days"]:
        _is_known(reading, f"{path}.days", day, WEEKDAYS, "a weekday")
    days = frozenset(WEEKDAYS.index(day) for day in values["days"] if day in WEEKDAYS)
    return Workdays(who, days or frozenset(range(7)), frozenset(values["holidays"]))


def _time(reading: Reading, path: str, text: str | None) -> time | None:
    if text is None:
        return None
    if not _TIME.fullmatch(text):
        reading.refuse(path, f'"{text}" is no time of day', 'write it as "16:00"')
        return None
    return time.fromisoformat(text)
