"""A small site to start from, and one change of it at a time."""

from collections.abc import Mapping
from pathlib import Path

from crossdock.charter.charter import OnUnclear
from crossdock.charter.fields import ConnectorFields, DocumentRead, DocumentWritten, Option

CONNECTORS = {
    "http": ConnectorFields("http", auth=("none", "bearer", "basic", "header", "oauth2"), configurable=True),
    "erp": ConnectorFields(
        "erp",
        options=(
            Option("database", required=True, says="Which database."),
            Option("warehouses", "list", default=()),
            Option("page_size", "integer", default=100),
            Option("with_drafts", "boolean", default=False),
            Option("share", "number", default=1.0),
            Option("docs_url", "url"),
        ),
        documents_in=(DocumentRead("sales_order", 5.0), DocumentRead("item", 60.0)),
        documents_out=(DocumentWritten("shipment", OnUnclear.FIND),),
        auth=("session",),
    ),
}

DOCUMENTS = frozenset({"sales_order", "shipment", "item", "inventory_balance"})

CHARTER = """\
crossdock: 1
site: {name: here, timezone: Europe/Amsterdam, currency: EUR}
network: {allow: ["127.0.0.1/32"]}
systems:
  shop:
    connector: http
    in:
      - document: sales_order
        id: number
        order_by: customer.id
        map: mappings/in.jsonata
        optional: [notes]
  wms:
    connector: http
    url: http://127.0.0.1:9100
    auth: {type: bearer, secret: WMS_TOKEN}
    out:
      - document: sales_order
        send: {method: POST, path: /orders}
        map: mappings/out.jsonata
        their_id: id
        idempotency: {header: Idempotency-Key}
        on_unclear: resend
        answers: {done: [2xx], later: [429, 503], rejected: [4xx]}
    limits: {concurrency: 4}
objects:
  sales_order: {owner: shop, readers: [wms]}
"""

FILES = {
    "charter.yaml": CHARTER,
    "mappings/in.jsonata": '{ "number": number,\n  "ship_method": $ours("ship_method", method),\n  "notes": notes }\n',
    "mappings/out.jsonata": '{ "id": number, "service": $theirs("ship_method", ship_method) }\n',
    "crosswalks/ship_method.csv": "system,theirs,ours\nshop,EXP,express\nwms,DHL,express\n",
}


def site(folder: Path, files: Mapping[str, str | None] | None = None) -> Path:
    """The small site in a folder, with other text for some files (None: without that file)."""
    for name, text in {**FILES, **(files or {})}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return folder


def changed(old: str, new: str, file: str = "charter.yaml") -> dict[str, str]:
    """One file of the small site with one passage replaced."""
    assert FILES[file].count(old) == 1, f"{old!r} stands {FILES[file].count(old)} times in {file}"
    return {file: FILES[file].replace(old, new)}
