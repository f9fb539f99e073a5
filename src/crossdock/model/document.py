"""What every business document has: its kind, its class, its number, its parent, its lines."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from crossdock.faults import Invalid
from crossdock.model.codes.units import UNITS
from crossdock.model.fields import Code, LineId, UnitCode

EXTRA_SAYS = "Whatever the model has no field for; passed on as it is."


class DocumentClass(Enum):
    """How repeats and revisions of a document count."""

    COMMAND = "command"  #: asks for something: every one counts, in order
    EVENT = "event"  #: something happened: every one counts
    STATE = "state"  #: how something stands: the latest wins, older ones end superseded


class Part(BaseModel):
    """A piece of a document: frozen, and without fields the model does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class Measured(Part):
    """So much of an item, in a unit."""

    sku: Code = Field(description="The item.")
    unit: UnitCode = Field(description="Unit of the quantities here: one the hub knows or the item declares.")


class Line(Measured):
    """One line of a document about items."""

    line: LineId = Field(description="The line's own name, unique in its document where an order is meant.")


class Document(Part):
    """A business document of the canonical model."""

    kind: ClassVar[str]
    document_class: ClassVar[DocumentClass]

    extra: dict[str, Any] | None = Field(None, description=EXTRA_SAYS)

    @abstractmethod
    def own_number(self) -> str:
        """What the document is known by among those of its kind."""

    def parent(self) -> tuple[str, str] | None:
        """Kind and number of the document that this one belongs to, if any."""
        return None

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """Every part that names an item and a unit, with its path."""
        return iter(())

    def rules(self) -> None:
        """What must hold between fields. Raises Invalid with the path."""

    def check_units(self, declares: Callable[[str, str], bool]) -> None:
        """Whether each unit is the hub's own or declared by its item. Raises Invalid (`unknown_unit`)."""
        for path, part in self.measured():
            if part.unit not in UNITS and not declares(part.sku, part.unit):
                raise unknown_unit(part.unit, f"{path}.unit" if path else "unit")


def unknown_unit(unit: str, path: str) -> Invalid:
    """The fault for a unit that nobody declared."""
    near = unit.strip().upper()
    fix = f"write {near}" if near in UNITS else "declare it as a pack of the item, or map it by a crosswalk"
    return Invalid(f"unknown unit {unit}", path=path, value=unit, fix=fix, type="unknown_unit")


def in_lines(lines: Iterable[Measured], path: str = "lines") -> Iterator[tuple[str, Measured]]:
    """Each line with its path."""
    for index, line in enumerate(lines):
        yield f"{path}[{index}]", line
