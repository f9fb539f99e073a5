"""What is loaded, for whom, and how its cells are meant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from crossdock.charter.charter import Charter
from crossdock.connectors.files.flows import Form
from crossdock.connectors.files.loading import MEDIA_TYPE, Load, LoadForm
from crossdock.faults import Misconfigured
from crossdock.formats import json
from crossdock.model import register

#: The content type of one part, as the door takes it.
CONTENT_TYPE = MEDIA_TYPE
#: What people call documents, and what stands in their rows unless a column says otherwise.
ALIASES: dict[str, tuple[str, Mapping[str, str]]] = {
    "customer": ("party", {"roles[0]": "customer"}),
    "supplier": ("party", {"roles[0]": "supplier"}),
    "stock_level": ("inventory_balance", {"status": "available"}),
    "inventory_balance": ("inventory_balance", {"status": "available"}),
    "order": ("sales_order", {}),
}
_ENDINGS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".xlsx": "xlsx", ".json": "json", ".ndjson": "ndjson",
    ".jsonl": "ndjson", ".xml": "xml",
}  # fmt: skip
_STEP_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for; None and empty: as the charter's own flow says, or the usual."""

    system: str
    document: str
    path: Path
    format: str | None = None
    map: str | None = None
    id: str | None = None
    constants: Mapping[str, str] = field(
        default_factory=dict[str, str]
    )  #: column -> value where a row has none
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])  #: of LoadForm, by name


@dataclass(frozen=True, slots=True)
class Plan:
    """A load that can be done."""

    load: Load
    path: Path
    system: str
    constants: Mapping[str, str]


def plan(wish: Wish, charter: Charter) -> Plan:
    """The load that a wish means. Raises Misconfigured: no such system, flow or file, or another owns these."""
    document, usual = ALIASES.get(wish.document, (wish.document, {}))
    system = charter.systems.get(wish.system)
    if system is None:
        known = ", ".join(charter.systems)
        raise Misconfigured(
            f"the charter has no system {wish.system}", path="--system", fix=f"one of: {known}"
        )
    if document not in register.kinds():
        raise Misconfigured(
            f"there is no document {wish.document}",
            path="--document",
            fix="such as item, customer, stock_level",
        )
    flow, rule = system.flow_in(document), charter.objects.get(document)
    if flow is None:
        raise Misconfigured(
            f"{wish.system} sends no {document}", path=f"systems.{wish.system}.in",
            fix=f"add `- {{document: {document}, id: …}}` to it, or load it as another system's",
        )  # fmt: skip
    if rule is not None and wish.system not in rule.owners:
        raise Misconfigured(
            f"{document} belongs to {rule.owner}", path="--system", fix=f"load it as --system {rule.owner}"
        )
    form, map_, id_ = _form(wish, cast("Form | None", flow.file)), wish.map, wish.id
    if flow.file is not None:
        map_, id_ = map_ or flow.map, id_ or flow.id
    if document == "inventory_balance":
        # Not the hub's clock: the same file loaded again must say the same.
        told = datetime.fromtimestamp(int(_stat(wish.path)), UTC)
        usual = {**usual, "as_of": told.isoformat().replace("+00:00", "Z")}
    constants = {**({} if map_ else usual), **wish.constants}
    digest = _digest(wish.path, [document, wish.system, map_, id_, constants, _plain(form)])
    return Plan(Load(document, wish.path.name, digest, form, map_, id_), wish.path, wish.system, constants)


def _form(wish: Wish, declared: Form | None) -> Form:
    """The form that the flow of a `files` system declares, else the usual one; what a person says goes before it."""
    ending = wish.path.suffix.lower()
    if declared is not None and not wish.format:
        base = LoadForm(
            **{name: getattr(declared, name) for name in LoadForm.__slots__ if name != "rows_max"}
        )
    else:
        base = LoadForm(format=wish.format or _ENDINGS.get(ending, ""))
        if base.format == "tsv":
            base = replace(base, delimiter="\t")
    if not base.format:
        raise Misconfigured(
            f"nobody knows what {ending or 'this'} is", path="PATH", fix="say it by --format csv"
        )
    return replace(base, **wish.form)


def _plain(form: Form) -> list[Any]:
    return [getattr(form, name) for name in LoadForm.__slots__]


def _stat(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be read: {error.strerror}", path="PATH", fix="name a file"
        ) from None


def _digest(path: Path, how: list[Any]) -> str:
    sum_ = hashlib.sha256(json.encode(how))
    try:
        with path.open("rb") as file:
            while step := file.read(_STEP_BYTES):
                sum_.update(step)
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be read: {error.strerror}", path="PATH", fix="name a file"
        ) from None
    return sum_.hexdigest()
