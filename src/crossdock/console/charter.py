"""Charter: who owns what and who gets it, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from crossdock.charter.charter import Charter, ObjectRule
from crossdock.console.gate import Visit
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.desk.story import plain


@dataclass(frozen=True, slots=True)
class Cell:
    """What one system has to do with one kind of object."""

    role: str = ""  #: own | get | field | ""
    says: str = ""
    order: int = 0  #: of a reader: how many must have answered before it


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of object across all systems."""

    document: str
    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One way of one kind of object in the picture."""

    y: float
    x1: float
    x2: float
    after: bool


async def page(visit: Visit) -> Response:
    """The page."""
    charter = visit.shown.hub.charter
    systems = [name for name in charter.systems if visit.scope.has(name)]
    rows = [_row(rule, systems) for rule in charter.objects.values()]
    if visit.asked("as") == "csv":
        cells = ((row.name, *(cell.says for cell in row.cells)) for row in rows)
        return as_csv("charter", ("object", *systems), cells)
    return visit.page(
        "charter.html", rows=rows, systems=systems, charter=charter, picture=_picture(rows, systems),
        says=say("charter.says", count=len(rows), objects=len(rows), systems=len(systems)), owners=_owners(charter),
    )  # fmt: skip


def _row(rule: ObjectRule, systems: Sequence[str]) -> Row:
    afters = {reader.system: reader.after for reader in rule.readers}

    def cell(system: str) -> Cell:
        fields = [path for path, owner in rule.fields.items() if owner == system]
        if system in rule.owners:
            return Cell("own", say("charter.owns"))
        if fields:
            return Cell("field", say("charter.owns_fields", fields=", ".join(fields)))
        if system in afters:
            after = afters[system]
            return Cell(
                "get",
                say("charter.gets_after", system=after) if after else say("charter.gets"),
                1 if after else 0,
            )
        return Cell()

    return Row(rule.document, plain(rule.document), [cell(system) for system in systems])


def _picture(rows: Sequence[Row], systems: Sequence[str]) -> dict[str, object]:
    """Systems as columns, kinds of object as lines from their owner to who gets them."""
    pitch, top, left, row_height = 150.0, 44.0, 170.0, 34.0
    xs = {name: left + 60 + number * pitch for number, name in enumerate(systems)}
    arrows: list[Arrow] = []
    dots: list[tuple[float, float, str]] = []
    labels: list[tuple[float, str]] = []
    for number, row in enumerate(rows):
        y = top + 20 + number * row_height
        labels.append((y, row.name))
        by_name = dict(zip(systems, row.cells, strict=True))
        owner = next((name for name, cell in by_name.items() if cell.role == "own"), None)
        for name, cell in by_name.items():
            if cell.role:
                dots.append((xs[name], y, cell.role))
            if cell.role == "get" and owner is not None:
                away = 9.0 if xs[name] > xs[owner] else -9.0
                arrows.append(Arrow(y, xs[owner] + away, xs[name] - away, bool(cell.order)))
    return {
        "width": left + 60 + max(len(systems), 1) * pitch - 60, "height": top + 20 + len(rows) * row_height,
        "columns": list(xs.items()), "arrows": arrows, "dots": dots, "labels": labels,
    }  # fmt: skip


def _owners(charter: Charter) -> list[tuple[str, str]]:
    """Which role looks at which type of incident."""
    from crossdock.message.incident import TYPES

    return [
        (kind.says, charter.owners.get(name, kind.owner).removeprefix("role:").replace("_", " "))
        for name, kind in TYPES.items()
    ]
