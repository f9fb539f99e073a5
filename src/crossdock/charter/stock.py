"""The `stock` section: whose figures count, who may promise how much, and whether that fits the systems."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from crossdock.charter.charter import ObjectRule, System
from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.systems import Connectors
from crossdock.charter.values import nearest
from crossdock.stock.policy import ChannelPolicy, Figure, Policy, Short, SitePolicy

#: What tells the hub how much is there, and what tells a channel how much it may sell.
BALANCE, LEVEL = "inventory_balance", "stock_level"
#: The hub as the sender of what it makes itself.
ITSELF = "crossdock"


def read_stock(
    reading: Reading,
    entry: Entry | None,
    systems: Mapping[str, System],
    connectors: Connectors,
    rules: Mapping[str, ObjectRule],
) -> Policy | None:
    """What may be promised, as far as it could be read; None where no stock is kept."""
    values = reading.section(entry, "stock", "stock") if entry is not None else None
    if values is None:
        return None
    sites = _sites(reading, values["sites"], systems, connectors)
    channels = _channels(reading, values["channels"], systems, sites)
    if not sites:
        reading.refuse("stock.sites", "no site is named", "name one: `AMS: {system: wms}`")
    if LEVEL in rules:
        reading.refuse(
            f"objects.{LEVEL}",
            "what may be sold is the hub's own word",
            "write `publish: true` under stock.channels",
        )
    if ITSELF in systems:
        reading.refuse(f"systems.{ITSELF}", "this name is the hub's own", "give the system another name")
    return Policy(sites, channels, values["promise_s"], values["promise_max_s"], values["settle_s"])


def _sites(
    reading: Reading, entry: Entry | None, systems: Mapping[str, System], connectors: Connectors
) -> dict[str, SitePolicy]:
    sites: dict[str, SitePolicy] = {}
    for name, section, path in reading.named(entry, "stock.sites"):
        values = reading.section(section, "stock_site", path)
        if values is None or values["system"] is None:
            continue
        system = systems.get(values["system"])
        if system is None:
            says = f'there is no system "{values["system"]}"'
            reading.refuse(f"{path}.system", says, nearest(values["system"], systems, "a system"))
        elif not _tells(system, connectors):
            says = f"{system.name} does not tell what it has in stock"
            reading.refuse(
                f"{path}.system", says, f"add `in: [{{document: {BALANCE}, ..}}]` to {system.name}"
            )
        sites[name] = SitePolicy(
            name,
            values["system"],
            Figure(values["figure"]),
            Decimal(str(values["buffer"])),
            {sku: Decimal(amount) for sku, amount in values["buffers"].items()},
            values["left_days"],
            values["inbound_days"],
        )
    return sites


def _tells(system: System, connectors: Connectors) -> bool:
    if system.flow_in(BALANCE) is not None:
        return True
    known = connectors.get(system.connector)
    return known is not None and any(one.document == BALANCE for one in known.documents_in)


def _channels(
    reading: Reading, entry: Entry | None, systems: Mapping[str, System], sites: Mapping[str, SitePolicy]
) -> dict[str, ChannelPolicy]:
    channels: dict[str, ChannelPolicy] = {}
    for name, section, path in reading.named(entry, "stock.channels"):
        values = reading.section(section, "stock_channel", path)
        if values is None:
            continue
        system = systems.get(name)
        if system is None:
            reading.refuse(path, f'there is no system "{name}"', nearest(name, systems, "a system"))
        elif values["publish"] and system.flow_out(LEVEL) is None:
            fix = f"add `out: [{{document: {LEVEL}, ..}}]` to {name}"
            reading.refuse(f"{path}.publish", f"{name} has no `out` flow for {LEVEL}", fix)
        for site in values["sites"]:
            if site not in sites:
                reading.refuse(f"{path}.sites", f'there is no site "{site}"', nearest(site, sites, "a site"))
        if values["share"] is not None and values["share"] > 1:
            reading.refuse(f"{path}.share", "a share is at most 1", "write 1, or leave the key out")
        known = tuple(site for site in values["sites"] if site in sites)
        channels[name] = ChannelPolicy(
            name, known or tuple(sites), Decimal(str(values["buffer"])), _decimal(values["share"]),
            _decimal(values["at_most"]), values["unit"], values["split"], Short(values["short"]), values["publish"],
        )  # fmt: skip
    return channels


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
