"""One number that takes the place of another: an item renamed or superseded, a customer merged into another."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from crossdock.faults import Invalid
from crossdock.model.document import Document, DocumentClass
from crossdock.model.fields import Code, Text
from crossdock.model.moments import When


class NumberChange(Document):
    """The word of whoever keeps numbers that one of them gives way to another; what went by the old one stays known."""

    kind: ClassVar[str] = "number_change"
    document_class: ClassVar[DocumentClass] = DocumentClass.COMMAND

    number: Code = Field(description="The change's number.")
    object: Literal["item", "party"] = Field(description="What has the numbers.")
    how: Literal["rename", "supersede", "merge"] = Field(
        description="`rename`: the same thing under another number. `supersede`: another item is sold in its place,"
        " stock stays what it is. `merge`: two parties are one."
    )
    old: Code = Field(description="The number that gives way.")
    new: Code = Field(description="The number that takes its place.")
    reason: Text | None = Field(None, description="Why.")
    at: When | None = Field(None, description="When.")

    def own_number(self) -> str:
        """The change's number."""
        return self.number

    def rules(self) -> None:
        """The numbers differ; items are renamed or superseded, parties renamed or merged."""
        if self.old == self.new:
            raise Invalid(
                "a number cannot take its own place", path="new", value=self.new, fix="name another number"
            )
        if self.how == ("merge" if self.object == "item" else "supersede"):
            fix = "write rename or supersede" if self.object == "item" else "write rename or merge"
            raise Invalid(
                f"no {self.object} can be changed by {self.how}", path="how", value=self.how, fix=fix
            )
