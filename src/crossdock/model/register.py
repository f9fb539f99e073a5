"""The kinds of document, and how a plain tree becomes one and back.

    document = read("sales_order", tree, zone=ZoneInfo("Europe/Amsterdam"))
    tree_of(document) == tree

A tree is what JSON can say, with int and `decimal.Decimal` for numbers. Reading is the one gate:
what came through it keeps every rule of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from crossdock.model.document import Document, DocumentClass, Part
from crossdock.model.documents.billing import BillingEvent, Invoice
from crossdock.model.documents.inventory import (
    InventoryAdjustment,
    InventoryBalance,
    InventoryCount,
    StockLevel,
    StockTransfer,
)
from crossdock.model.documents.item import Item, KitComposition, Price
from crossdock.model.documents.party import Party
from crossdock.model.documents.progress import OrderHold, OrderStatus, TransportStatus
from crossdock.model.documents.purchase import DespatchAdvice, GoodsReceipt, PurchaseOrder
from crossdock.model.documents.renumbering import NumberChange
from crossdock.model.documents.response import Acknowledgement, OrderResponse
from crossdock.model.documents.returns import ReturnAuthorisation, ReturnReceipt, ReturnToVendor
from crossdock.model.documents.sales import Cancellation, Reservation, SalesOrder
from crossdock.model.documents.shipment import Shipment
from crossdock.model.documents.warehouse import (
    Location,
    PickStatus,
    WarehouseOrder,
    WarehouseOrderCancel,
    Wave,
)
from crossdock.model.refusal import refusal, unknown_kind

_CLASSES: tuple[type[Document], ...] = (
    Item, KitComposition, Price, Party, Location,
    SalesOrder, OrderResponse, Cancellation, Reservation,
    WarehouseOrder, WarehouseOrderCancel, Wave, PickStatus, Shipment,
    InventoryBalance, InventoryAdjustment, InventoryCount, StockTransfer, StockLevel,
    PurchaseOrder, DespatchAdvice, GoodsReceipt,
    ReturnAuthorisation, ReturnReceipt, ReturnToVendor,
    OrderHold, TransportStatus, OrderStatus,
    Invoice, BillingEvent, Acknowledgement, NumberChange,
)  # fmt: skip
_KINDS: dict[str, type[Document]] = {each.kind: each for each in _CLASSES}

#: Whether an item (by its code) declares a unit as one of its packs.
Declares = Callable[[str, str], bool]


def _nothing_declared(sku: str, unit: str) -> bool:  # noqa: ARG001
    return False


def kinds() -> Mapping[str, type[Document]]:
    """Every kind of document with its class."""
    return MappingProxyType(_KINDS)


def class_of(kind: str) -> DocumentClass:
    """How repeats and revisions of this kind count. Raises Invalid for a kind that does not exist."""
    return _class(kind).document_class


def read(
    kind: str, tree: object, *, zone: ZoneInfo | None = None, declares: Declares = _nothing_declared
) -> Document:
    """The document in a plain tree.

    `zone` is for times that have none of their own; `declares` is asked for units that are not the
    hub's own. Raises Invalid for the first thing that is wrong, with its path.
    """
    cls = _class(kind)
    try:
        document = cls.model_validate(tree, context=zone)
    except ValidationError as error:
        raise refusal(error, cls) from None
    document.rules()
    document.check_units(declares)
    return document


def tree_of(part: Part) -> dict[str, Any]:
    """The document as a plain tree: numbers with their digits, times as ISO 8601, nothing that is absent."""
    plan = _plan(type(part))
    tree = {name: value for name, value in part.__dict__.items() if value is not None}
    for name, plain in plan:
        if name not in tree:
            continue
        value = tree[name]
        if value == ():
            del tree[name]
        else:
            tree[name] = plain(value)
    return tree


def number_of(document: Document) -> str:
    """What the document is known by among those of its kind."""
    return document.own_number()


def parent_of(document: Document) -> tuple[str, str] | None:
    """Kind and number of the document that this one belongs to: a shipment to its order."""
    return document.parent()


def skus_of(document: Document) -> Iterator[tuple[str, str, str]]:
    """Path of the item code, item code and unit of every part that names an item."""
    for path, part in document.measured():
        yield (f"{path}.sku" if path else "sku"), part.sku, part.unit


def _class(kind: str) -> type[Document]:
    cls = _KINDS.get(kind)
    if cls is None:
        raise unknown_kind(kind, _KINDS)
    return cls


Plain = Callable[[Any], Any]
_PLANS: dict[type[Part], tuple[tuple[str, Plain], ...]] = {}


def _plan(cls: type[Part]) -> tuple[tuple[str, Plain], ...]:
    """The fields of a class whose values are not plain by themselves, and how they become so."""
    plan = _PLANS.get(cls)
    if plan is None:
        plan = tuple(
            (name, plain)
            for name, field in cls.model_fields.items()
            if (plain := _plain(field.annotation)) is not None
        )
        _PLANS[cls] = plan
    return plan


def _plain(annotation: Any) -> Plain | None:
    """How values of one annotation become plain; None when they are."""
    leaves = set(_leaves(annotation))
    holds_part = any(isinstance(leaf, type) and issubclass(leaf, Part) for leaf in leaves)
    if get_origin(annotation) is tuple:
        return _trees if holds_part else list
    if holds_part:
        return tree_of
    return _iso if leaves & {datetime, date} else None


def _leaves(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _leaves(annotation.__origin__)
    elif members := get_args(annotation):
        for member in members:
            yield from _leaves(member)
    else:
        yield annotation


def _trees(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [tree_of(part) for part in parts]


def _iso(moment: datetime | date) -> str:
    text = moment.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
