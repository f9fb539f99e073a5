"""What the pipeline does with the connector, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossdock.connectors.tryton.connector import CONNECTOR
from crossdock.connectors.tryton.wire import method_of
from crossdock.faults import Unmapped
from crossdock.kit.connector import Answer, Ask, Done, Draft, Exchange, Job, Tools, Tree, Writer
from crossdock.kit.http import Client

STEPS_MAX = 30


def tools_for(system: object) -> Tools:
    """Tools without crosswalks."""

    def no_row(name: str, value: object) -> str:
        raise Unmapped(f"no row for {value}", crosswalk=name, value=value, path=name, fix="add a row")

    return Tools(system, no_row, no_row, lambda name: "", lambda: 1_795_341_600.0, lambda: ())


async def lead(writer: Writer, job: Job, client: Client) -> tuple[Done, list[Exchange]]:
    """A whole dialogue; gives its end and what was said."""
    said: list[Exchange] = []
    while len(said) <= STEPS_MAX:
        step = writer.step(job, said)
        if isinstance(step, Done):
            return step, said
        said.append(Exchange(step, await answer(step, client)))
    raise AssertionError(f"no end after {STEPS_MAX} steps: {changes(said)}")


async def answer(ask: Ask, client: Client) -> Answer:
    """One request over the hub's client."""
    response = await client.send(ask.method, ask.path, body=ask.body, headers=ask.headers)
    return Answer(response.status, response.body, response.headers)


def changes(said: Sequence[Exchange]) -> list[str]:
    """The calls that changed something."""
    return [method_of(exchange.ask).removeprefix("model.") for exchange in said if not exchange.ask.safe]


class Feed:
    """A poll with its cursor."""

    def __init__(self, document: str, tools: Tools, client: Client) -> None:
        self._document = document
        self._tools = tools
        self._client = client
        self._poller = CONNECTOR.poller(document, tools)
        self.cursor: str | None = None
        self.captures: list[Any] = []

    async def news(self) -> list[Draft]:
        """All drafts since the last call."""
        drafts: list[Draft] = []
        more = True
        while more:
            page = await self._poller.poll(self.cursor, self._client)
            self.cursor, more = page.cursor, page.more
            self.captures += page.found
            for found in page.found:
                drafts += CONNECTOR.reader(found.document, self._tools).read(found.content)
        return drafts


def shipment_of(release: Tree, quantities: dict[str, Any], **more: Any) -> Tree:
    """What a warehouse reports of a release: per line a quantity, or a list of (lot, quantity)."""
    lines: list[Tree] = []
    for line in release["lines"]:
        shipped = quantities.get(line["line"], line["quantity"])
        for lot, quantity in shipped if isinstance(shipped, list) else [(None, shipped)]:
            lines.append(
                {"line": line["line"], "sku": line["sku"], "quantity": quantity, "unit": line["unit"]}
            )
            if lot:
                lines[-1]["lot"] = lot
    return {
        "number": f"WS-{release['number']}", "warehouse_order": release["number"], "order": release["order"],
        "site": release["site"], "complete": True, "lines": lines, **more,
    }  # fmt: skip


def job_of(document: str, tree: Tree, **more: Any) -> Job:
    """A document on its way to Tryton."""
    return Job(document, tree, str(tree["number"]), "t1.1", **more)


def order(number: str, lines: list[Tree]) -> Tree:
    """An order of a web shop, to an address that the customer has not had before."""
    return {
        "number": number,
        "customer": {"id": "C-1003", "name": "De Theekamer"},
        "ship_method": "PARCEL",
        "ship_to": {
            "name": "Back door", "street": "Steeg 9", "postcode": "3511 AC", "city": "Utrecht", "country": "NL",
        },
        "lines": lines,
    }  # fmt: skip
