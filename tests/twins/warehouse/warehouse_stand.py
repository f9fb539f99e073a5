"""A warehouse in this process, and the API document that its every answer is held against."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

from crossdock.twins.clock import EPOCH, Clock
from crossdock.twins.dials import turned
from crossdock.twins.door import Reply, Request
from crossdock.twins.warehouse.floor.feed import JSON
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.opening import Opening, OpeningBin, OpeningItem
from crossdock.twins.warehouse.warehouse import Warehouse

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "warehouse-api.yaml"


class ApiDocument:
    """Holds requests and replies against the OpenAPI document."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = YAML(typ="safe").load(DOCUMENT)
        resource = Resource(contents=self.tree, specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:api", resource)
        self._paths = [
            (re.compile("^" + re.sub(r"\{[^}]*\}", "[^/]+", path) + "$"), path) for path in self.tree["paths"]
        ]

    def errors(self, schema: dict[str, Any], value: object) -> list[str]:
        """What the value breaks in a schema of the document."""
        absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
        validator = Draft202012Validator(absolute, registry=self._registry, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def check(self, request: Request, reply: Reply) -> None:
        """Fails unless reply, and the request where it was taken, are as the document says."""
        path = "/" + "/".join(quote(part, safe="") for part in request.parts)
        template = next(template for pattern, template in self._paths if pattern.match(path))
        operation = self.tree["paths"][template].get(request.method.lower())
        if operation is None:
            assert reply.status == 405, f"{request.method} {template} is not in the document"
            return
        described = operation["responses"].get(str(reply.status))
        assert described is not None, f"{request.method} {template} answers {reply.status}, undocumented"
        if "$ref" in described:
            described = self.tree["components"]["responses"][described["$ref"].rpartition("/")[2]]
        for name in described.get("headers", {}):
            assert name in reply.headers, f"{reply.status} without {name}"
        content = described["content"]
        assert reply.content_type in content, f"{reply.status} as {reply.content_type}"
        assert self.errors(content[reply.content_type]["schema"], decoded(reply.body)) == []
        if reply.status < 300 and request.body:
            wanted = operation["requestBody"]["content"]["application/json"]["schema"]
            assert self.errors(wanted, decoded(request.body)) == []


def decoded(body: bytes) -> Any:
    """JSON with decimals."""
    return json.loads(body, parse_float=Decimal)


@dataclass
class Stand:
    """A warehouse with simulated time, asked without network; each answer is checked against the document."""

    warehouse: Warehouse
    document: ApiDocument
    asked: int = 0
    replies: list[Reply | None] = field(default_factory=list)

    def ask(self, method: str, target: str, tree: object = None, key: str | None = "") -> Reply | None:
        """One request; a key of its own unless one is given, none for None."""
        self.asked += 1
        headers = {} if key is None else {"idempotency-key": key or f"key-{self.asked}"}
        body = b"" if tree is None else JSON.encode(tree)
        split = urlsplit(target)
        parts = tuple(unquote(part) for part in split.path.split("/")[1:])
        request = Request(method, parts, dict(parse_qsl(split.query)), headers, body, target)
        reply = asyncio.run(self.warehouse.handle(request))
        if reply is not None and not reply.body.endswith(b"\xff"):
            self.document.check(request, reply)
        self.replies.append(reply)
        return reply

    def tell(self, method: str, target: str, tree: object = None, key: str | None = "") -> Any:
        """One request that is answered, and its body."""
        reply = self.ask(method, target, tree, key)
        assert reply is not None
        return decoded(reply.body)

    def status(self, method: str, target: str, tree: object = None, key: str | None = "") -> int:
        """One request that is answered, and its status."""
        reply = self.ask(method, target, tree, key)
        assert reply is not None
        return reply.status

    def order(self, number: str, *lines: tuple[str, object, str], **more: object) -> Any:
        """Gives an order: (sku, quantity, unit) a line."""
        return self.tell("POST", "/orders", an_order(number, *lines, **more))

    def events(self, query: str = "") -> list[Any]:
        """The whole feed."""
        return self.tell("GET", f"/events?limit=1000{query}")["items"]


def an_order(number: str, *lines: tuple[str, object, str], **more: object) -> dict[str, Any]:
    """The body of an order."""
    rows = [
        {"line": index, "sku": sku, "quantity": quantity, "unit": unit}
        for index, (sku, quantity, unit) in enumerate(lines, 1)
    ]
    to = {"name": "Zoë Ångström", "street": "Kade 7", "postcode": "1011 AB", "city": "Łódź", "country": "PL"}
    return {
        "number": number,
        "sales_order": f"C-{number}",
        "ship_to": to,
        "ship_method": "DHL_STD",
        "lines": rows,
        **more,
    }


def an_opening() -> Opening:
    """Three items: one by lot, one heavy, one by weight."""
    return Opening(
        items=[
            OpeningItem("A-1", weight_kg=Decimal("0.5"), packs={"CS": Decimal(12)}),
            OpeningItem("B-2", weight_kg=Decimal(4)),
            OpeningItem("F-3", unit="KGM"),
        ],
        stock=[
            OpeningBin("A-1", Decimal(40), "A-01", lot="L-1", expires_on=date(2027, 1, 1)),
            OpeningBin("A-1", Decimal(30), "A-02", lot="L-2", expires_on=date(2026, 12, 1)),
            OpeningBin("A-1", Decimal(99), "A-03", lot="L-0", expires_on=date(2026, 1, 1)),
            OpeningBin("A-1", Decimal(50), "A-04", lot="L-3", status="held"),
            OpeningBin("B-2", Decimal(5), "B-01"),
            OpeningBin("F-3", Decimal("12.5"), "F-01"),
        ],
    )


class MakeStand(Protocol):
    """Makes a warehouse."""

    def __call__(self, seed: int = 7, opening: Opening | None = None, **dials: Any) -> Stand: ...


def a_stand(document: ApiDocument, seed: int = 7, opening: Opening | None = None, **dials: Any) -> Stand:
    """A warehouse that turns once a second of simulated time."""
    warehouse = Warehouse(
        seed=seed,
        opening=an_opening() if opening is None else opening,
        dials=turned(WarehouseDials(work_interval_s=1), dials),
        clock=Clock(EPOCH),
    )
    return Stand(warehouse, document)
