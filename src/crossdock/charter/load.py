"""A site's folder to a checked charter, or to the list of all that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crossdock.charter.charter import Charter, Checks, Intake, ItemCheck, Site, System
from crossdock.charter.desk import read_desk
from crossdock.charter.flow_reading import check_blackouts
from crossdock.charter.objects import check_agreement, check_documents, read_objects
from crossdock.charter.orders import check_made, check_reports, read_orders
from crossdock.charter.partners import read_partners
from crossdock.charter.people import read_four_eyes, read_retention, read_single_sign_on
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry, read_sheet
from crossdock.charter.site_files import CHARTER_FILE, check_files, digest, read_files
from crossdock.charter.sourcing import read_sourcing
from crossdock.charter.stock import LEVEL, read_stock
from crossdock.charter.systems import Connectors, read_systems
from crossdock.charter.values import nearest
from crossdock.charter.watch_reading import read_watch
from crossdock.faults import Misconfigured

FORMAT = 1  #: of charter.yaml

#: What the desk sorts trouble by. Source: the outside contract, GET /v1/incidents.
INCIDENT_TYPES = (
    "poison", "invalid", "duplicate_conflict", "unknown_sku", "unknown_unit", "unmapped_code", "bad_address",
    "bad_transition", "not_owned", "rejected", "in_doubt", "throttled", "overdue", "backorder", "part_fulfilled",
    "stock_variance", "lot_missing", "lot_expired", "negative_stock", "price_missing",
    "mass_change", "silence",
)  # fmt: skip


def load(site_dir: Path, *, connectors: Connectors, documents: Collection[str] | None = None) -> Charter:
    """The charter of a site.

    `documents` are the kinds of documents that exist (None: any name will do). Raises Misconfigured for
    the first mistake, and says how many more there are.
    """
    charter, problems = _read(site_dir, connectors, documents)
    if not problems:
        assert charter is not None, "a charter without mistakes is a charter"
        return charter
    first, more = problems[0], len(problems) - 1
    rest = f" (and {more} more: see `crossdock check`)" if more else ""
    raise Misconfigured(
        first.says, file=first.file, line=first.line, path=first.path, fix=f"{first.fix}{rest}".strip()
    )


def check(
    site_dir: Path, *, connectors: Connectors, documents: Collection[str] | None = None
) -> list[Misconfigured]:
    """Everything that is wrong with a site, sorted by file and line; empty when it can run."""
    return _read(site_dir, connectors, documents)[1]


def _read(
    site_dir: Path, connectors: Connectors, documents: Collection[str] | None
) -> tuple[Charter | None, list[Misconfigured]]:
    problems: list[Misconfigured] = []
    files = read_files(site_dir, problems)
    reading = Reading(CHARTER_FILE, problems)
    entry = read_sheet(files[CHARTER_FILE], CHARTER_FILE, problems) if CHARTER_FILE in files else None
    values = reading.section(entry, "", "") if entry else None
    if values is None:
        return None, problems
    if values["crossdock"] not in (FORMAT, None):
        reading.refuse("crossdock", f"this hub reads format {FORMAT} only", f"write `crossdock: {FORMAT}`")
    charter = _charter(reading, values, connectors, documents, files)
    order = {CHARTER_FILE: ""}
    problems.sort(key=lambda problem: (order.get(problem.file, problem.file), problem.line))
    return charter, problems


def _charter(
    reading: Reading,
    values: Values,
    connectors: Connectors,
    documents: Collection[str] | None,
    files: dict[str, str],
) -> Charter:
    partners = read_partners(files, reading.problems, documents)
    systems = read_systems(reading, values["systems"], connectors, partners)
    rules = read_objects(reading, values["objects"])
    if documents is not None:
        check_documents(reading, systems, rules, documents)
    named = {path.removeprefix("systems.") for path in reading.paths("systems")}
    check_agreement(reading, systems, rules, connectors, named, own=(LEVEL,) if values["stock"] else ())
    check_files(reading, files, systems, connectors)
    checks = _section(reading, values, "checks")
    site, intake = _section(reading, values, "site"), _section(reading, values, "intake")
    if "timezone" in site and isinstance(site["timezone"], str):
        del site["timezone"]  # the default, which Site knows as a zone
    stock = read_stock(reading, values["stock"], systems, connectors, rules)
    home = Site(**site)
    charter = Charter(
        version=digest(files),
        site=home,
        systems=systems,
        objects=rules,
        checks=_checks(checks) if checks else Checks(),
        network_allow=_section(reading, values, "network").get("allow", ()),
        owners=_owners(reading, values["owners"] or {}),
        desk=read_desk(reading, values["desk"], INCIDENT_TYPES),
        intake_max_bytes=intake.pop("max_bytes", 10_000_000),
        intake=Intake(**intake),
        orders=read_orders(reading, values["orders"]),
        files=files,
        partners=partners,
        stock=stock,
        sourcing=read_sourcing(reading, values["sourcing"], stock, home.timezone, systems, rules),
        four_eyes=read_four_eyes(reading, values["four_eyes"]),
        single_sign_on=read_single_sign_on(reading, values["single_sign_on"]),
        retention=read_retention(reading, values["retention"]),
        watch=read_watch(reading, values["watch"], systems, home.timezone),
    )
    check_made(reading, systems, {rule.document: rule.owner for rule in rules.values()})
    for system in systems.values():
        check_reports(reading, f"systems.{system.name}.reports", system.reports)
        _check_address(reading, system, charter)
        zone = system.timezone or charter.site.timezone
        check_blackouts(reading, system.blackouts, zone, f"systems.{system.name}.blackouts")
    return charter


def _checks(values: Values) -> Checks:
    return Checks(
        ItemCheck(values["item_known"]),
        values["wait_s"],
        Decimal(str(values["over_receipt_percent"])),
        tuple(values["adjustment_reasons"]),
        ItemCheck(values["address"]),
        ItemCheck(values["price"]),
    )


def _section(reading: Reading, values: Values, name: str) -> Values:
    entry: Entry | None = values[name]
    return (reading.section(entry, name, name) if entry else None) or {}


def _owners(reading: Reading, owners: dict[str, Any]) -> dict[str, str]:
    for type_ in owners:
        if type_ not in INCIDENT_TYPES:
            fix = nearest(type_, INCIDENT_TYPES, "a type")
            reading.refuse(f"owners.{type_}", f'there is no incident type "{type_}"', fix)
    return owners


def _check_address(reading: Reading, system: System, charter: Charter) -> None:
    """A private address would be refused at the socket: better now than at the first order."""
    try:
        address = ip_address(urlsplit(system.url or "").hostname or "")
    except ValueError:
        return
    if not address.is_global and not any(address in network for network in charter.network_allow):
        length = 32 if address.version == 4 else 128
        reading.refuse(
            f"systems.{system.name}.url",
            f"{address} is a private address",
            f'list it: `network: {{allow: ["{address}/{length}"]}}`',
        )
