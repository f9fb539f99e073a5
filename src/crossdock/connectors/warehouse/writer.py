"""Orders, cancellations and items to requests of the reference warehouse API. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from crossdock.connectors.warehouse.codes import Codes
from crossdock.connectors.warehouse.faults import fault
from crossdock.connectors.warehouse.wire import Item, Order
from crossdock.faults import InDoubt, Invalid, TryLater
from crossdock.formats import json
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Tools, Tree, Unclear

__all__ = ["CancelWriter", "ItemWriter", "OrderWriter", "PlainWriter", "found_order", "given", "put", "read"]

T = TypeVar("T")
PASSED_ON = ("reference", "backorder_of", "priority", "requested_at", "notes")
ADDRESS = ("name", "company", "street", "street2", "postcode", "city", "region", "country", "phone", "email")


class PlainWriter(ABC):
    """One request, answered once; the warehouse dedupes on the key, so that it may be sent again."""

    unclear = Unclear.RESEND
    settle_s = 2.0

    def __init__(self, tools: Tools) -> None:
        self.codes = Codes(tools)
        self.tools = tools

    @abstractmethod
    def ask(self, job: Job) -> Ask:
        """The request. Raises Invalid, Unmapped."""

    @abstractmethod
    def done(self, answer: Answer) -> Done:
        """What a success says."""

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """The request, then its end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        if not exchanges:
            self.tools.reads()  # What an earlier document read is not read for this one.
            return self.ask(job)
        answer = exchanges[-1].answer
        if not 200 <= answer.status < 300:
            raise fault(answer, self.tools.now())
        return self.done(answer)

    def asking(self, method: str, path: str, job: Job, tree: Tree) -> Ask:
        """A request under the key of this round."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": job.key}
        return Ask(method, path, json.encode(tree), headers)


class OrderWriter(PlainWriter):
    """A warehouse order, or a sales order where the site releases none, to an order in the warehouse."""

    def ask(self, job: Job) -> Ask:
        """POST /orders, or PUT where the warehouse has an earlier version. Raises Invalid (`bad_address`), Unmapped."""
        tree, codes = job.tree, self.codes
        released = job.document == "warehouse_order"
        body: Tree = {"number": given(tree, "number")}
        # Without a release the sales order's own number leads back from every event.
        put(body, "sales_order", tree.get("order") if released else body["number"])
        put(body, "site", tree.get("site"), lambda code: codes.theirs("site", code))
        put(body, "customer", _customer(tree))
        body["ship_to"] = _address(tree)
        put(body, "ship_method", tree.get("ship_method"), lambda code: codes.theirs("ship_method", code))
        body.update({name: tree[name] for name in PASSED_ON if name in tree})
        body["lines"] = [self._line(line, released=released) for line in given(tree, "lines")]
        if job.their_id is not None:
            return self.asking("PUT", _order_path(body["number"]), job, body)
        return self.asking("POST", "/orders", job, body)

    def done(self, answer: Answer) -> Done:
        """The warehouse's own id of the order."""
        order = read(answer, Order)
        return Done(order.id, missing_id=order.id is None)

    def find(self, job: Job) -> Ask | None:
        """GET /orders/{number}; None for a change: that the order is there does not say in which version."""
        return (
            None
            if job.their_id is not None
            else Ask("GET", _order_path(given(job.tree, "number")), safe=True)
        )

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the order is there. Raises TryLater."""
        order = found_order(answer, self.tools.now())
        return None if order is None else Done(order.id, missing_id=order.id is None)

    def _line(self, line: Tree, *, released: bool) -> Tree:
        told: Tree = {
            "line": line["line"],
            "sku": line["sku"],
            "quantity": line["quantity"],
            "unit": self.codes.theirs("unit", line["unit"]),
        }
        put(told, "order_line", line.get("order_line") if released else line["line"])
        put(told, "lot", line.get("lot"))
        return told


class CancelWriter(PlainWriter):
    """The wish to stop an order, by its release (`warehouse_order_cancel`) or its sales order (`cancellation`)."""

    def ask(self, job: Job) -> Ask:
        """POST /orders/{number}/cancel, of some lines where it names them. Raises Invalid, Unmapped."""
        body: Tree = {}
        put(body, "reason", job.tree.get("reason"))
        if job.tree.get("lines"):
            body["lines"] = [self._line(line) for line in job.tree["lines"]]
        return self.asking("POST", f"{_order_path(_cancelled(job))}/cancel", job, body)

    def _line(self, line: Tree) -> Tree:
        told: Tree = {"order_line": line["line"], "sku": line["sku"]}
        if line.get("quantity") is not None:
            told |= {"quantity": line["quantity"], "unit": self.codes.theirs("unit", line["unit"])}
        return told

    def done(self, answer: Answer) -> Done:
        """Cancelled; the order that is answered gives the cancellation no id."""
        read(
            answer, Order
        )  # its id is the order's, and a second cancellation of it would seem to be the first
        return Done(says="cancelled before picking")

    def find(self, job: Job) -> Ask | None:
        """GET /orders/{number}; None where only lines were cancelled: what is left does not tell who took it off."""
        return None if job.tree.get("lines") else Ask("GET", _order_path(_cancelled(job)), safe=True)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the order is cancelled. Raises TryLater."""
        order = found_order(answer, self.tools.now())
        return None if order is None or order.status != "cancelled" else self.done(answer)


class ItemWriter(PlainWriter):
    """An item to what the warehouse has to know of it."""

    def ask(self, job: Job) -> Ask:
        """PUT /items/{sku}. Raises Unmapped."""
        tree, codes = job.tree, self.codes
        body: Tree = {"unit": codes.theirs("unit", given(tree, "unit"))}
        body.update(
            {name: tree[name] for name in ("name", "gtin", "weight_kg", "lot_tracked") if name in tree}
        )
        packs = [
            {"unit": codes.theirs("unit", pack["unit"]), "quantity": pack["factor"]}
            for pack in tree.get("packs", ())
        ]
        if packs:
            body["packs"] = packs
        return self.asking("PUT", _item_path(given(tree, "sku")), job, body)

    def done(self, answer: Answer) -> Done:
        """The warehouse's own code of the item, which is ours."""
        sku = read(answer, Item).sku
        return Done(sku, missing_id=sku is None)

    def find(self, job: Job) -> Ask | None:
        """None: that an item is there does not say that it is there as we sent it."""
        return None

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Never asked: `find` gives no request."""
        raise TryLater("items are not looked up in the warehouse")


def read(answer: Answer, shape: type[T]) -> T:
    """What a success holds. Raises InDoubt when it cannot be read."""
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InDoubt("the warehouse's answer cannot be read: nobody knows whether it was done") from None


def found_order(answer: Answer, now_s: float) -> Order | None:
    """The order that a look-up found; None when there is none. Raises TryLater when the answer does not tell."""
    if answer.status == 404:
        return None
    if answer.status != 200:
        refusal = fault(answer, now_s)
        wait_s = refusal.wait_s if isinstance(refusal, TryLater) else None
        raise TryLater(f"the look-up was answered {answer.status}", wait_s=wait_s)
    try:
        return read(answer, Order)
    except InDoubt as unclear:
        raise TryLater(unclear.says) from None


def _cancelled(job: Job) -> str:
    """The number that the order has in the warehouse."""
    return given(job.tree, "order" if job.document == "cancellation" else "number")


def _order_path(number: str) -> str:
    return f"/orders/{quote(number, safe='')}"


def _item_path(sku: str) -> str:
    return f"/items/{quote(sku, safe='')}"


def _customer(tree: Tree) -> Tree | None:
    customer: Mapping[str, Any] = tree.get("customer", {})
    if "id" not in customer:
        return None
    return {name: customer[name] for name in ("id", "name") if name in customer}


def _address(tree: Tree) -> Tree:
    """Where to ship to: the warehouse wants a name, a town and a country. Raises Invalid (`bad_address`)."""
    given: Mapping[str, Any] = tree.get("ship_to", {})
    address = {name: given[name] for name in ADDRESS if name in given}
    customer: Mapping[str, Any] = tree.get("customer", {})
    if "name" not in address:
        put(address, "name", address.get("company") or customer.get("name"))
    for name in ("name", "city", "country"):
        if not address.get(name):
            raise Invalid(
                f"the warehouse needs the {name} of the address",
                path=f"ship_to.{name}",
                fix=f"give the {name} where the address is kept",
                type="bad_address",
            )
    return address


def given(tree: Tree, name: str) -> Any:
    """A field that every such document has. Raises Invalid."""
    if name not in tree:
        raise Invalid(f"the {name} is missing", path=name, fix=f"map the {name} where the document is read")
    return tree[name]


def put(tree: Tree, name: str, value: Any, change: Callable[[Any], Any] | None = None) -> None:
    """Sets a field, unless there is nothing to set."""
    if value is not None:
        tree[name] = value if change is None else change(value)
