"""The moves of an order's states as data: who makes each, what it needs, what it sets off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.model.lifecycle.words import (
    Amendment,
    Billing,
    Cancellation,
    Fulfilment,
    Hold,
    Return,
    State,
    Told,
    Word,
)  # fmt: skip


class Need(Word):
    """What must hold beside the state, so that a move is made."""

    NO_HOLD = "no_hold"  #: no hold is set
    NOT_CANCELLED = "not_cancelled"  #: its cancellation is neither asked for nor accepted
    ARRIVED = "arrived"  #: every shipment that is known has arrived
    CHARGED = "charged"  #: every final shipment has an invoice
    INVOICE_KNOWN = "invoice_known"  #: the invoice that is credited is known
    STILL_OPEN = "still_open"  #: not all of it has left
    SOMETHING_LEFT = "something_left"  #: a shipment of it is known, where any system tells of shipments


#: Needs that a later document may still meet; without the others a word is impossible.
MAY_COME = frozenset(
    {Need.NO_HOLD, Need.ARRIVED, Need.CHARGED, Need.INVOICE_KNOWN, Need.SOMETHING_LEFT}
)  # fmt: skip


class Trigger(Word):
    """What the hub does once a move is made."""

    RELEASE = "release"  #: the warehouse gets the order
    SEND_CANCEL = "send_cancel"  #: what was not sent is withdrawn, what was is cancelled at the warehouse
    SEND_REVISION = "send_revision"  #: the warehouse gets the revision
    FREE_STOCK = "free_stock"  #: what was set aside for it can be promised again
    PASS_SHIPMENT = "pass_shipment"  #: the ERP gets the shipment and may charge it
    PASS_RETURN = "pass_return"  #: the ERP gets the receipt of the return and may credit it
    TELL = "tell"  #: whoever reads `order_status` is told


@dataclass(frozen=True, slots=True)
class Move:
    """One row: in `before`, once `told` is heard, the state is `after`.

    `implied` rows may be made unheard, when a later word proves that they were made.
    """

    before: State
    told: Told
    after: State
    owner: str
    needs: tuple[Need, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    implied: bool = True


_F, _B, _C, _T = Fulfilment, Billing, Cancellation, Told
_TELL, _FREE, _RELEASE = (Trigger.TELL,), (Trigger.FREE_STOCK, Trigger.TELL), Trigger.RELEASE
_HUB, _WMS, _CARRIER, _SHOP, _ERP = "hub", "warehouse", "carrier", "seller", "ERP"

FULFILMENT: tuple[Move, ...] = (
    Move(_F.RECEIVED, _T.VALIDATED, _F.VALIDATED, _HUB),
    Move(_F.VALIDATED, _T.RELEASED, _F.RELEASED, _HUB, (Need.NO_HOLD, Need.NOT_CANCELLED), (_RELEASE,)),
    Move(_F.RELEASED, _T.ACKNOWLEDGED, _F.ACKNOWLEDGED, _WMS),
    Move(_F.RELEASED, _T.REFUSED, _F.REFUSED, _WMS, (), _FREE, implied=False),
    Move(_F.ACKNOWLEDGED, _T.REFUSED, _F.REFUSED, _WMS, (), _FREE, implied=False),
    Move(_F.REFUSED, _T.RELEASED, _F.RELEASED, _HUB, (Need.NOT_CANCELLED,), (_RELEASE,)),
    Move(_F.ACKNOWLEDGED, _T.BACKORDERED, _F.BACKORDERED, _WMS, (), _TELL, implied=False),
    Move(_F.ACKNOWLEDGED, _T.ALLOCATED, _F.ALLOCATED, _WMS),
    Move(_F.BACKORDERED, _T.ALLOCATED, _F.ALLOCATED, _WMS, (), _TELL),
    Move(_F.ALLOCATED, _T.BACKORDERED, _F.BACKORDERED, _WMS, (), _TELL, implied=False),
    Move(_F.ALLOCATED, _T.PICKING, _F.PICKING, _WMS),
    Move(_F.PICKING, _T.BACKORDERED, _F.BACKORDERED, _WMS, (), _TELL, implied=False),
    Move(_F.PICKING, _T.PICKED, _F.PICKED, _WMS),
    Move(_F.PICKED, _T.PACKED, _F.PACKED, _WMS),
    Move(_F.PACKED, _T.PART_SHIPPED, _F.PART_SHIPPED, _WMS, (), _TELL, implied=False),
    Move(_F.PACKED, _T.SHIPPED, _F.SHIPPED, _WMS, (), _TELL),
    Move(_F.PART_SHIPPED, _T.SHIPPED, _F.SHIPPED, _WMS, (), _TELL, implied=False),
    Move(_F.PART_SHIPPED, _T.DELIVERED, _F.PART_SHIPPED, _CARRIER, implied=False),
    Move(_F.SHIPPED, _T.DELIVERED, _F.DELIVERED, _CARRIER, (Need.ARRIVED,), _TELL, implied=False),
)

BILLING: tuple[Move, ...] = (
    Move(_B.NOT_READY, _T.FINAL, _B.INVOICE_READY, _WMS, (), (Trigger.PASS_SHIPMENT,)),
    Move(_B.INVOICE_READY, _T.INVOICED, _B.INVOICED, _ERP, (Need.CHARGED,), _TELL, implied=False),
    Move(_B.INVOICE_READY, _T.CREDITED, _B.CREDITED, _ERP, (Need.INVOICE_KNOWN,), _TELL, implied=False),
    Move(_B.INVOICED, _T.CREDITED, _B.CREDITED, _ERP, (Need.INVOICE_KNOWN,), _TELL, implied=False),
)  # fmt: skip

#: One such table for each kind of hold.
HOLD: tuple[Move, ...] = (
    Move(Hold.CLEAR, _T.HOLD_SET, Hold.SET, _SHOP, implied=False),
    Move(Hold.SET, _T.HOLD_LIFTED, Hold.CLEAR, _SHOP, (), (Trigger.RELEASE,), implied=False),
)

CANCELLATION: tuple[Move, ...] = (
    Move(_C.NONE, _T.CANCEL_REQUESTED, _C.REQUESTED, _SHOP, (), (Trigger.SEND_CANCEL,)),
    Move(_C.REFUSED, _T.CANCEL_REQUESTED, _C.REQUESTED, _SHOP, (Need.STILL_OPEN,), (Trigger.SEND_CANCEL,),
         implied=False),
    Move(_C.REQUESTED, _T.CANCEL_ACCEPTED, _C.ACCEPTED, _WMS, (Need.STILL_OPEN,),
         (Trigger.FREE_STOCK, Trigger.TELL), implied=False),
    Move(_C.REQUESTED, _T.CANCEL_REFUSED, _C.REFUSED, _WMS, (), _TELL, implied=False),
    # Goods that left have left, whatever was answered before.
    Move(_C.REQUESTED, _T.SHIPPED, _C.REFUSED, _WMS, (), _TELL, implied=False),
    Move(_C.ACCEPTED, _T.SHIPPED, _C.REFUSED, _WMS, (), _TELL, implied=False),
)  # fmt: skip

_A = Amendment
AMENDMENT: tuple[Move, ...] = (
    Move(_A.NONE, _T.AMEND_REQUESTED, _A.REQUESTED, _SHOP, (Need.NOT_CANCELLED,), (Trigger.SEND_REVISION,)),
    Move(_A.ACCEPTED, _T.AMEND_REQUESTED, _A.REQUESTED, _SHOP, (Need.NOT_CANCELLED,), (Trigger.SEND_REVISION,),
         implied=False),
    Move(_A.REFUSED, _T.AMEND_REQUESTED, _A.REQUESTED, _SHOP, (Need.NOT_CANCELLED,), (Trigger.SEND_REVISION,),
         implied=False),
    Move(_A.REQUESTED, _T.AMEND_ACCEPTED, _A.ACCEPTED, _WMS, (), _TELL, implied=False),
    Move(_A.REQUESTED, _T.AMEND_REFUSED, _A.REFUSED, _WMS, (), _TELL, implied=False),
)  # fmt: skip

RETURN: tuple[Move, ...] = (
    Move(Return.NONE, _T.RETURN_AUTHORISED, Return.AUTHORISED, _SHOP, (Need.SOMETHING_LEFT,)),
    Move(Return.AUTHORISED, _T.RETURN_RECEIVED, Return.RECEIVED, _WMS, (), (Trigger.PASS_RETURN, Trigger.TELL),
         implied=False),
    Move(Return.RECEIVED, _T.CREDITED, Return.CREDITED, _ERP, (), _TELL, implied=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of an order, side by side."""

    fulfilment: Sequence[Move] = FULFILMENT
    billing: Sequence[Move] = BILLING
    hold: Sequence[Move] = HOLD
    cancellation: Sequence[Move] = CANCELLATION
    amendment: Sequence[Move] = AMENDMENT
    returned: Sequence[Move] = RETURN


TABLES = Tables()
