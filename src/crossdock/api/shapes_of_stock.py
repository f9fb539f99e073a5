"""The shapes of the answers about stock, for the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field


class InboundGoods(BaseModel):
    """Goods that are announced to a site and have not come, in the base unit."""

    number: str = Field(description="The purchase order or advice.")
    quantity: float
    expected_by: str
    overdue: bool = Field(description="They should have come by now: nothing is promised of them.")
    counts: bool = Field(description="Whether a promise for that day may be given of them.")


class SiteStock(BaseModel):
    """An item at one site, in its base unit."""

    site: str
    system: str = Field(description="The system whose figures count there.")
    figure: str = Field(description="gross or net")
    promisable: float = Field(description="What is there in a state that may be promised.")
    reserved: float = Field(description="What is set aside and not yet taken off by the figures themselves.")
    buffer: float
    available: float = Field(description="What may still be promised; never less than 0.")
    as_of: str | None = Field(description="Null: it is only expected there, and nobody told a figure yet.")
    age_s: float | None
    inbound: list[InboundGoods]


class Figure(BaseModel):
    """The last figure that a channel was sent, or told us itself."""

    quantity: int
    unit: str
    how: str = Field(description="sent or told")
    at: str
    age_s: float


class ChannelStock(BaseModel):
    """An item as one channel may sell it."""

    channel: str
    available: float = Field(description="In the base unit.")
    may_sell: int = Field(description="In whole units of its own.")
    unit: str
    has: Figure | None


class StockBelief(BaseModel):
    """What one system is known to have, in the base unit."""

    system: str
    site: str
    status: str
    lot: str | None
    expires_on: str | None
    owner: str | None
    place: str | None
    quantity: float
    net: float | None
    unit: str
    counted: float = Field(description="What of it may be promised.")
    how: str = Field(description="told, acknowledged or observed")
    as_of: str = Field(description="The moment of which the system spoke.")
    at: str = Field(description="When we heard it.")
    age_s: float


class OpenReservation(BaseModel):
    """Stock set aside; with a number of an order or of a promise."""

    id: str
    site: str
    channel: str
    order: str | None
    promise: str | None
    hub_id: str | None
    line: str
    quantity: float
    state: str = Field(description="held, or passing: taken, and the figures do not show it yet")
    made_at: str
    until: str | None


class KitPart(BaseModel):
    """So much of an item in one kit."""

    sku: str
    quantity: float


class StockItem(BaseModel):
    """Everything that is known of the stock of an item."""

    sku: str = Field(description="The item's number today, whatever number was asked for.")
    formerly: list[str] = Field(description="The numbers that it had before.")
    unit: str
    at: str
    available: float | None = Field(description="Over all sites; to a system's key what it may sell itself.")
    kit: list[KitPart] | None
    sites: list[SiteStock]
    channels: list[ChannelStock]
    beliefs: list[StockBelief]
    reservations: list[OpenReservation]


class CartLine(BaseModel):
    """So much of one item."""

    line: int | str | None = Field(None, description="Its name; absent: its number in the list.")
    sku: str
    quantity: float
    unit: str | None = Field(None, description="Absent: the item's base unit.")
    site: str | None = Field(None, description="Only from there.")


class CartIn(BaseModel):
    """What a channel wants to be promised."""

    channel: str | None = Field(None, description="The system that sells; needed with an operator's key.")
    lines: list[CartLine]
    hold_s: float | None = Field(
        None, description="How long it must hold; absent: stock.promise_s of the charter."
    )
    reference: str | None = Field(None, description="The channel's own name of the cart.")
    needed_by: str | None = Field(
        None,
        description="A day or moment: what is expected by then counts, where `inbound_days` of the site says so.",
    )


class From(BaseModel):
    """Where stock was set aside."""

    site: str
    sku: str
    quantity: float


class PromisedLine(CartLine):
    """A line and where its stock is; of a kit the components."""

    from_: list[From] = Field(alias="from")


class Promise(BaseModel):
    """Stock set aside for a cart."""

    id: str
    channel: str
    reference: str | None
    state: str = Field(description="held, released (given back, or turned into an order) or expired")
    made_at: str
    expires_at: str
    available_at: str = Field(
        description="When all of it is there: at once, or as the last goods are expected."
    )
    needed_by: str | None
    lines: list[PromisedLine]


class Lacking(BaseModel):
    """An item that is not there."""

    sku: str
    wanted: float
    available: float


class NotThere(BaseModel):
    """A problem document with what is lacking."""

    type: str
    title: str
    status: int
    detail: str
    fix: str | None = None
    short: list[Lacking]
