"""Goods that come in: what is expected to requests, and what came, was sent back or counted to documents. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from crossdock.connectors.warehouse.faults import fault
from crossdock.connectors.warehouse.reader import EventReader, present, text, tree_of
from crossdock.connectors.warehouse.wire import Order, ReceivedLine, ReceivingTask
from crossdock.connectors.warehouse.writer import ADDRESS, PlainWriter, found_order, given, put, read
from crossdock.faults import Invalid, TryLater
from crossdock.formats import json
from crossdock.kit.connector import Answer, Ask, Content, Done, Draft, Exchange, Facts, Job, Tree

#: Kind of document -> the kind of receiving task.
KINDS = {"purchase_order": "purchase", "return_authorisation": "return", "stock_transfer": "transfer"}
#: Kind of receiving task -> the field of a goods receipt that names its document.
_FIELDS = {"purchase": "purchase_order", "transfer": "stock_transfer"}


class ReceivingWriter(PlainWriter):
    """A purchase, a leave to return or a transfer to a receiving task under its own number."""

    def ask(self, job: Job) -> Ask:
        """PUT /receiving/{number}. Raises Invalid, Unmapped."""
        tree, codes = job.tree, self.codes
        body: Tree = {"kind": KINDS[job.document]}
        put(body, "site", tree.get("to_site") or tree.get("site"), lambda code: codes.theirs("site", code))
        put(body, "order", tree.get("order"))
        sender: Tree = tree.get("supplier") or tree.get("customer") or {}
        if "id" in sender:
            body["sender"] = {name: sender[name] for name in ("id", "name") if name in sender}
        put(body, "expected_at", tree.get("expected_at") or tree.get("requested_at"))
        body["lines"] = [self._line(line) for line in given(tree, "lines")]
        return self.asking("PUT", _path(given(tree, "number")), job, body)

    def done(self, answer: Answer) -> Done:
        """The task's number, which is ours."""
        number = read(answer, ReceivingTask).number
        return Done(number, missing_id=number is None)

    def find(self, job: Job) -> Ask | None:
        """None: that a task is there does not say that it is there as we sent it."""
        del job

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Never asked: `find` gives no request."""
        del job, answer
        raise TryLater("receiving tasks are not looked up in the warehouse")

    def _line(self, line: Tree) -> Tree:
        told: Tree = {
            "line": line["line"], "sku": line["sku"], "quantity": line["quantity"],
            "unit": self.codes.theirs("unit", line["unit"]),
        }  # fmt: skip
        put(told, "order_line", line.get("order_line"))
        put(told, "lot", line.get("lot"))
        return told


class TransferWriter(ReceivingWriter):
    """A transfer: an order where the goods leave, then a receiving task where they come in.

    A warehouse with `sites` gets what is about its own; one without gets the receiving task only.
    """

    def step(self, job: Job, exchanges: Sequence[Exchange]) -> Ask | Done:
        """Order, task, end. Raises TryLater, InDoubt, Rejected, Invalid, Unmapped."""
        sites = tuple(self.tools.system.options.get("sites", ()))
        asks = [
            ask
            for site, ask in (("from_site", self._order), ("to_site", self.ask))
            if job.tree.get(site) in sites
        ]
        asks = asks or ([] if sites else [self.ask])
        if exchanges:
            answer = exchanges[-1].answer
            if not 200 <= answer.status < 300:
                raise fault(answer, self.tools.now())
        else:
            self.tools.reads()  # What an earlier document read is not read for this one.
        if len(exchanges) < len(asks):
            return asks[len(exchanges)](job)
        if not asks:
            return Done(says="about other sites")
        last = exchanges[-1].answer
        return self.done(last) if asks[-1] == self.ask else Done(read(last, Order).id)

    def _order(self, job: Job) -> Ask:
        tree, codes = job.tree, self.codes
        body: Tree = {"number": given(tree, "number"), "site": codes.theirs("site", given(tree, "from_site"))}
        body["ship_to"] = _place(tree, given(tree, "to_site"), "the transfer is made")
        put(body, "requested_at", tree.get("requested_at"))
        body["lines"] = [self._line(line) | {"order_line": line["line"]} for line in given(tree, "lines")]
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{job.key}.out"}
        return Ask("POST", "/orders", json.encode(body), headers)


class VendorReturnWriter(PlainWriter):
    """A return to a supplier to an order under its own number, out of the state of stock that each line names."""

    def ask(self, job: Job) -> Ask:
        """POST /orders, or PUT where the warehouse has an earlier version. Raises Invalid (`bad_address`), Unmapped."""
        tree, codes = job.tree, self.codes
        supplier: Tree = tree.get("supplier") or {}
        body: Tree = {"number": given(tree, "number")}
        put(body, "site", tree.get("site"), lambda code: codes.theirs("site", code))
        name = supplier.get("name") or supplier.get("id") or "the supplier"
        body["ship_to"] = _place(tree, name, "the supplier's address is kept")
        put(body, "reference", tree.get("purchase_order"))
        put(body, "notes", tree.get("note"))
        body["lines"] = [self._line(line) for line in given(tree, "lines")]
        if job.their_id is not None:
            return self.asking("PUT", _order_path(job), job, body)
        return self.asking("POST", "/orders", job, body)

    def done(self, answer: Answer) -> Done:
        """The warehouse's own id of the order."""
        order = read(answer, Order)
        return Done(order.id, missing_id=order.id is None)

    def find(self, job: Job) -> Ask | None:
        """GET /orders/{number}; None for a change: that it is there does not say in which version."""
        return None if job.their_id is not None else Ask("GET", _order_path(job), safe=True)

    def found(self, job: Job, answer: Answer) -> Done | None:
        """Done when the order is there. Raises TryLater."""
        order = found_order(answer, self.tools.now())
        return None if order is None else Done(order.id, missing_id=order.id is None)

    def _line(self, line: Tree) -> Tree:
        told: Tree = {
            "line": line["line"], "order_line": line["line"], "sku": line["sku"], "quantity": line["quantity"],
            "unit": self.codes.theirs("unit", line["unit"]),
        }  # fmt: skip
        put(told, "lot", line.get("lot"))
        put(told, "status", line.get("status"), lambda code: self.codes.theirs("stock_status", code))
        return told


class ReceiptReader(EventReader):
    """A `received` event to one goods receipt."""

    document = "goods_receipt"

    def facts(self, content: Content) -> Facts:
        """The receipt's number, in order with those of its task. Raises Unreadable (422)."""
        tree = tree_of(content)
        return Facts(id=text(tree, "receipt.number"), order_by=text(tree, "number"), parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One goods receipt. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        event = self.event(content)
        receipt = event.receipt
        if receipt is None or event.number is None:
            raise Invalid(
                "the event does not say what came, and for what", path="receipt", fix="send the receipt"
            )
        field = _FIELDS.get(event.kind or "", "purchase_order")
        tree = present(
            number=receipt.number, site=self.codes.ours("site", event.site), received_at=receipt.received_at,
            complete=True if receipt.complete else None, extra={"event_id": event.id},
            lines=[self._line(line) for line in receipt.lines], **{field: event.number},
        )  # fmt: skip
        return (Draft(self.document, tree, receipt.number, self.tools.reads(), (field, event.number)),)

    def _line(self, line: ReceivedLine) -> Tree:
        return present(
            line=line.line, purchase_line=line.task_line, order_line=line.order_line, sku=line.sku,
            quantity=line.quantity, ordered=line.ordered, unit=self.codes.ours("unit", line.unit), lot=line.lot,
            expires_on=line.expires_on, status=self.codes.ours("stock_status", line.status),
        )  # fmt: skip


class ReturnReader(EventReader):
    """A `returned` event to one return receipt."""

    document = "return_receipt"

    def facts(self, content: Content) -> Facts:
        """The receipt's number, in order with those of its leave. Raises Unreadable (422)."""
        tree = tree_of(content)
        return Facts(id=text(tree, "receipt.number"), order_by=text(tree, "number"), parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One return receipt. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        event = self.event(content)
        receipt = event.receipt
        if receipt is None or event.number is None:
            raise Invalid("the event does not say what came back", path="receipt", fix="send the receipt")
        tree = present(
            number=receipt.number, return_authorisation=event.number, order=event.sales_order,
            site=self.codes.ours("site", event.site), received_at=receipt.received_at, extra={"event_id": event.id},
            lines=[self._line(line) for line in receipt.lines],
        )  # fmt: skip
        parent = ("return_authorisation", event.number)
        return (Draft(self.document, tree, receipt.number, self.tools.reads(), parent),)

    def _line(self, line: ReceivedLine) -> Tree:
        return present(
            line=line.line, order_line=line.order_line, sku=line.sku, quantity=line.quantity,
            unit=self.codes.ours("unit", line.unit), lot=line.lot, outcome=line.outcome,
            status=self.codes.ours("stock_status", line.status),
        )  # fmt: skip


class CountReader(EventReader):
    """A `counted` event to one stock count."""

    document = "inventory_count"

    def facts(self, content: Content) -> Facts:
        """The count's number. Raises Unreadable (422)."""
        tree = tree_of(content)
        return Facts(id=text(tree, "count.number"), parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One stock count. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        event = self.event(content)
        if event.count is None:
            raise Invalid("the event does not say what was counted", path="count", fix="send the count")
        lines: list[Any] = [
            present(
                line=line.line, sku=line.sku, counted=line.counted, expected=line.expected, lot=line.lot,
                unit=self.codes.ours("unit", line.unit),
            )
            for line in event.count.lines
        ]  # fmt: skip
        tree = present(
            number=event.count.number, site=self.codes.ours("site", event.site), at=event.count.at, lines=lines,
            extra={"event_id": event.id},
        )  # fmt: skip
        return (Draft(self.document, tree, event.count.number, self.tools.reads()),)


class AdjustmentReader(EventReader):
    """An `adjusted` event to one correction of stock, its reason by the crosswalk where the charter says so."""

    document = "inventory_adjustment"

    def facts(self, content: Content) -> Facts:
        """The correction's number, in order with those of its item. Raises Unreadable (422)."""
        tree = tree_of(content)
        return Facts(id=text(tree, "adjustment.number"), order_by=text(tree, "adjustment.sku"), parsed=tree)

    def read(self, content: Content) -> Sequence[Draft]:
        """One correction. Raises Invalid, Unmapped."""
        self.tools.reads()  # What an earlier document read is not read for this one.
        event, codes = self.event(content), self.codes
        one = event.adjustment
        if one is None:
            raise Invalid(
                "the event does not say what was corrected", path="adjustment", fix="send the correction"
            )
        tree = present(
            number=one.number, sku=one.sku, site=codes.ours("site", one.site), location=one.bin, lot=one.lot,
            status=codes.ours("stock_status", one.status), owner=one.owner, quantity=one.quantity,
            unit=codes.ours("unit", one.unit), reason=codes.ours("reason", one.reason), at=one.at,
            extra={"event_id": event.id},
        )  # fmt: skip
        return (Draft(self.document, tree, one.number, self.tools.reads()),)


def _place(tree: Tree, name: str, kept: str) -> Tree:
    """Where goods of our own go: the warehouse wants a name, a town and a country. Raises Invalid (`bad_address`)."""
    place: Tree = {"name": name, **(tree.get("ship_to") or {})}
    for field in ("city", "country"):
        if not place.get(field):
            raise Invalid(
                f"the warehouse needs the {field} of {name}", path=f"ship_to.{field}", fix=f"give it where {kept}",
                type="bad_address",
            )  # fmt: skip
    return {part: place[part] for part in ADDRESS if part in place}


def _order_path(job: Job) -> str:
    return f"/orders/{quote(given(job.tree, 'number'), safe='')}"


def _path(number: str) -> str:
    return f"/receiving/{quote(number, safe='')}"
