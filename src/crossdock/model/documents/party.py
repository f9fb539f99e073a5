"""Parties and where they are: customers, suppliers, carriers, 3PL clients."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from crossdock.faults import Invalid
from crossdock.model.codes.countries import WITHOUT_POSTCODE
from crossdock.model.document import Document, DocumentClass, Part
from crossdock.model.fields import Code, Country, Gln, PersonalText, Several, Text

Role = Literal["customer", "supplier", "carrier", "client", "warehouse", "company"]


class Address(Part):
    """A place that goods or papers are sent to."""

    name: PersonalText | None = Field(None, description="Who is addressed there.")
    company: PersonalText | None = Field(None, description="The company, where `name` is a person.")
    street: PersonalText | None = Field(None, description="Street and house number.")
    street2: PersonalText | None = Field(None, description="Second line: building, floor, care of.")
    postcode: PersonalText | None = Field(None, description="Postcode as its country writes it.")
    city: PersonalText | None = Field(None, description="Town.")
    region: Text | None = Field(None, description="State, province or county.")
    country: Country | None = Field(None, description="Country, ISO 3166-1 alpha-2.")
    phone: PersonalText | None = Field(None, description="Telephone.")
    email: PersonalText | None = Field(None, description="E-mail.")
    gln: Gln | None = Field(None, description="Global Location Number.")

    def refuse_bad(self, path: str) -> None:
        """Raises Invalid (`bad_address`) for what no carrier can deliver to."""
        for name, value in (("street", self.street), ("city", self.city)):
            if value is not None and not value.strip():
                raise bad_address(f"the {name} is blank", f"{path}.{name}", value)
        if self.postcode is None or (not self.postcode and self.country in WITHOUT_POSTCODE):
            return
        # Formats per country are the carrier's to judge; this is what no country writes.
        if not self.postcode.replace(" ", "").replace("-", "").isalnum() or len(self.postcode) > 12:
            raise bad_address("this is no postcode", f"{path}.postcode", self.postcode)


class PostalAddress(Address):
    """An address of a party with what it is for."""

    id: Code | None = Field(None, description="The address's own id at its owner.")
    use: Literal["ship_to", "bill_to", "ship_from", "office", "any"] | None = Field(
        None, description="What the address is for."
    )


class Contact(Part):
    """A person at a party."""

    name: PersonalText | None = Field(None, description="Name.")
    email: PersonalText | None = Field(None, description="E-mail.")
    phone: PersonalText | None = Field(None, description="Telephone.")
    role: Text | None = Field(None, description="What they answer for.")


class PartyRef(Part):
    """A party as another document names it."""

    id: Code | None = Field(None, description="The party's id.")
    name: PersonalText | None = Field(None, description="Its name.")
    email: PersonalText | None = Field(None, description="E-mail for this document.")
    phone: PersonalText | None = Field(None, description="Telephone for this document.")
    gln: Gln | None = Field(None, description="Global Location Number.")


class Party(Document):
    """A customer, supplier, carrier or client, as its owner knows it."""

    kind: ClassVar[str] = "party"
    document_class: ClassVar[DocumentClass] = DocumentClass.STATE

    id: Code = Field(description="The party's id.")
    name: PersonalText = Field(description="Its name.")
    roles: Several[Role] = Field((), description="What it is to us.")
    addresses: Several[PostalAddress] = Field((), description="Its addresses.")
    contacts: Several[Contact] = Field((), description="Its people.")
    language: Code | None = Field(None, description="Language for papers, such as `nl`.")
    tax_id: Code | None = Field(None, description="VAT or tax number.")
    gln: Gln | None = Field(None, description="Global Location Number.")
    status: Literal["active", "inactive", "blocked"] | None = Field(
        None, description="Whether it may be served."
    )

    def own_number(self) -> str:
        """The party's id."""
        return self.id

    def rules(self) -> None:
        """Addresses must be deliverable."""
        for index, address in enumerate(self.addresses):
            address.refuse_bad(f"addresses[{index}]")


def bad_address(says: str, path: str, value: object) -> Invalid:
    """The fault for an address that no carrier can deliver to."""
    return Invalid(says, path=path, value=value, fix="ask the customer for the address", type="bad_address")
