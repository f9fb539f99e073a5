"""What the charter says about one Tryton."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from crossdock.faults import Misconfigured
from crossdock.kit.connector import Field, Tools

CROSSWALKS = frozenset({"unit", "ship_method", "site"})

FIELDS = (
    Field("database", required=True, says="Name of the Tryton database."),
    Field("web_shop", says="Web shop that orders are entered under; needed to create sales orders."),
    Field("package_type", default="Carton", says="Package type for the packages of a shipment."),
    Field("quarantine_location", says="Code of the location for goods that somebody must look at, "
          "such as one of the warehouse's waste locations."),
    Field("scrap_location", says="Code of the location for goods that are thrown away."),
    Field("short_receipts", default="close", says="close: what a warehouse says will not come any more is no longer "
          "expected; keep: it stays expected until somebody cancels it in Tryton."),
    Field("crosswalks", type="list", default=(), says="Code tables to use: unit, ship_method, site."),
    Field("overlap_s", type="integer", default=60, says="Seconds that each poll reads again, for slow transactions."),
    Field("page_rows", type="integer", default=100, says="Records read at once."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one Tryton, checked."""

    database: str
    web_shop: str | None = None
    package_type: str = "Carton"
    quarantine_location: str | None = None
    scrap_location: str | None = None
    closes_short: bool = True
    crosswalks: frozenset[str] = frozenset()
    overlap_s: int = 60
    page_rows: int = 100

    @classmethod
    def of(cls, tools: Tools) -> Settings:
        """The settings of the system that the tools are for. Raises Misconfigured."""
        options = tools.system.options
        database = options.get("database")
        if not isinstance(database, str) or not database:
            raise Misconfigured(
                "Tryton needs the name of its database", path="database", fix="write database: NAME"
            )
        shop, quarantine, scrap = (
            options.get(name) for name in ("web_shop", "quarantine_location", "scrap_location")
        )
        return cls(
            database=database,
            web_shop=None if shop is None else str(shop),
            package_type=str(options.get("package_type", "Carton")),
            quarantine_location=None if quarantine is None else str(quarantine),
            scrap_location=None if scrap is None else str(scrap),
            closes_short=_choice(options.get("short_receipts", "close"), "short_receipts", ("close", "keep"))
            == "close",
            crosswalks=_crosswalks(options.get("crosswalks", ())),
            overlap_s=_within(options.get("overlap_s", 60), "overlap_s", 0, 3_600),
            page_rows=_within(options.get("page_rows", 100), "page_rows", 1, 1_000),
        )


def _choice(value: object, name: str, words: Sequence[str]) -> str:
    if value not in words:
        raise Misconfigured(f"{name}: {value}", path=name, fix=f"write {' or '.join(words)}")
    return str(value)


def _crosswalks(value: object) -> frozenset[str]:
    names = (
        frozenset(map(str, cast(Sequence[object], value)))
        if isinstance(value, list | tuple)
        else frozenset({""})
    )
    if unknown := sorted(names - CROSSWALKS):
        raise Misconfigured(
            f"no crosswalk {unknown[0]!r} is used here",
            path="crosswalks",
            fix=f"list any of {', '.join(sorted(CROSSWALKS))}",
        )
    return names


def _within(value: object, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Misconfigured(
            f"{name} is not a number from {least} to {most}", path=name, fix=f"write {least} to {most}"
        )
    return value
