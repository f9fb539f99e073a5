"""The states of an order: one list for each thing that goes its own way."""

from __future__ import annotations

from enum import Enum


class Word(Enum):
    """Members that are looked up in tables and sets all the time."""

    #: Each member is there once; the language's own way to a hash is a call in Python.
    __hash__ = object.__hash__


class Fulfilment(Word):
    """How far the goods of a release are."""

    RECEIVED = "received"  #: the order is here
    VALIDATED = "validated"  #: it was checked: items, units, ownership
    RELEASED = "released"  #: a warehouse was asked to ship it
    ACKNOWLEDGED = "acknowledged"  #: the warehouse said that it will
    BACKORDERED = "backordered"  #: the warehouse lacks stock and waits for it
    ALLOCATED = "allocated"  #: stock is set aside for it
    PICKING = "picking"  #: somebody walks; from here a cancellation may come too late
    PICKED = "picked"  #: taken from the shelf
    PACKED = "packed"  #: in cartons with labels
    PART_SHIPPED = "part_shipped"  #: some of it left, the rest is still to come
    SHIPPED = "shipped"  #: all of it left that ever will
    DELIVERED = "delivered"  #: the receiver has it
    REFUSED = "refused"  #: the warehouse will not do it


class Billing(Word):
    """Whether what left may be charged, and was."""

    NOT_READY = "not_ready"  #: nothing left, or the contents of a package may still change
    INVOICE_READY = "invoice_ready"  #: something left that nobody has charged
    INVOICED = "invoiced"  #: all that left is charged
    CREDITED = "credited"  #: money was given back


class Hold(Word):
    """Why an order may not be released; each kind is set and lifted by itself."""

    CLEAR = "clear"  #: nothing of this kind holds it
    SET = "set"  #: it is not released until this is lifted


class Cancellation(Word):
    """What became of the wish that a release be not fulfilled."""

    NONE = "none"  #: nobody wished it
    REQUESTED = "requested"  #: asked for, and not answered yet
    ACCEPTED = "accepted"  #: nothing more leaves
    REFUSED = "refused"  #: it came too late: the goods go, or went, their way


class Amendment(Word):
    """What became of a change after the release."""

    NONE = "none"  #: nothing was changed after the release
    REQUESTED = "requested"  #: the revision is on its way to the warehouse
    ACCEPTED = "accepted"  #: the warehouse works by the revision
    REFUSED = "refused"  #: too late, or not allowed: the warehouse works by what it had


class Return(Word):
    """What became of goods that come back."""

    NONE = "none"  #: nothing comes back
    AUTHORISED = "authorised"  #: the customer may send it back
    RECEIVED = "received"  #: the warehouse has it and said in which state
    CREDITED = "credited"  #: the customer has the money back


#: Any state of any of the tables.
State = Fulfilment | Billing | Hold | Cancellation | Amendment | Return


class HoldKind(Word):
    """The kinds of hold."""

    FRAUD = "fraud"  #: the payment is looked at
    CREDIT = "credit"  #: the customer's limit is used up
    EDIT_WINDOW = "edit_window"  #: the customer may still change the order


class Told(Word):
    """What a document tells of an order. Values are the words that `reports` and the trace use."""

    VALIDATED = "validated"  #: the hub has checked the order
    RELEASED = "released"  #: the order went to a warehouse
    ACKNOWLEDGED = "acknowledged"  #: the warehouse took it
    BACKORDERED = "backordered"  #: the warehouse lacks stock
    ALLOCATED = "allocated"  #: stock is set aside
    PICKING = "picking"  #: picking began
    PICKED = "picked"  #: picking ended
    PACKED = "packed"  #: packing ended
    PART_SHIPPED = "part_shipped"  #: some left, more follows
    SHIPPED = "shipped"  #: all left
    DELIVERED = "delivered"  #: a shipment arrived
    REFUSED = "refused"  #: the warehouse will not take the release
    FINAL = "final"  #: the package contents of a shipment are final
    INVOICED = "invoiced"  #: a shipment was charged
    CREDITED = "credited"  #: money was given back
    HOLD_SET = "hold_set"  #: a reason not to release
    HOLD_LIFTED = "hold_lifted"  #: that reason is gone
    CANCEL_REQUESTED = "cancel_requested"  #: it shall not be fulfilled
    CANCEL_ACCEPTED = "cancelled"  #: the warehouse stopped, or never had it
    CANCEL_REFUSED = "cancel_refused"  #: the warehouse went on
    AMEND_REQUESTED = "amend_requested"  #: a revision after the release
    AMEND_ACCEPTED = "amended"  #: the warehouse took the revision
    AMEND_REFUSED = "amend_refused"  #: the revision came too late
    RETURN_AUTHORISED = "return_authorised"  #: goods may come back
    RETURN_RECEIVED = "return_received"  #: goods came back


#: What a warehouse, or a carrier behind it, can be said to report, in the order in which it happens.
REPORTABLE = (
    Told.ACKNOWLEDGED, Told.ALLOCATED, Told.PICKING, Told.PICKED, Told.PACKED, Told.SHIPPED, Told.DELIVERED,
)  # fmt: skip
