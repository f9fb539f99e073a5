"""The job as a flow of Node-RED and as a workflow of n8n, and how each is started."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

PATH = "v1/systems/shop/messages"
#: Both run this: the order `b` becomes `m`.
MAPPING = """
const packs = {W: 12, G: 24, B: 6}, services = {"DHL-STD": "S1", "DHL-EXP": "E9", PICKUP: "C0", FRT: "F4"};
const m = {wh_order: b.orderNumber, owner_ref: b.customer.id, seq: b.seq, carrier_service: services[b.shipMethod],
  consignee: {name: b.shipTo.name, address1: b.shipTo.street, postcode: b.shipTo.zip, city: b.shipTo.city,
    country: b.shipTo.country}, instructions: b.remarks,
  order_lines: b.lines.map(l => ({line: l.lineNo, item: l.sku, unit: "EA", price: l.unitPrice,
    quantity: l.qty * (l.uom === "CS" ? packs[l.sku[0]] : 1)}))};
"""


def node_red(folder: Path, target: str, port: int) -> tuple[list[str], dict[str, str]]:
    """Answers, then maps and posts: the way its own cookbook does it. Gives command and environment."""
    wires = {"in": [["answer", "map"]], "map": [["post"]]}
    nodes: list[dict[str, Any]] = [
        {"id": "tab", "type": "tab", "label": "orders"},
        {"id": "in", "z": "tab", "type": "http in", "url": f"/{PATH}", "method": "post", "wires": wires["in"]},
        {"id": "answer", "z": "tab", "type": "function", "wires": [["out"]],
         "func": 'return {...msg, statusCode: 202, payload: {capture: msg._msgid, status: "accepted"}};'},
        {"id": "out", "z": "tab", "type": "http response", "wires": []},
        {"id": "map", "z": "tab", "type": "function", "wires": wires["map"],
         "func": f"const b = msg.payload; {MAPPING} return {{payload: m, headers: {{'content-type': 'application/json',"
                 " 'idempotency-key': b.orderNumber + '.1', 'crossdock-attempt': '1'}};"},
        {"id": "post", "z": "tab", "type": "http request", "method": "POST", "url": f"{target}/wh", "persist": True,
         "wires": [[]]},
    ]  # fmt: skip
    (folder / "flows.json").write_text(json.dumps(nodes), "utf-8")
    settings = {"flowFile": "flows.json", "uiPort": port, "uiHost": "127.0.0.1", "credentialSecret": False}
    (folder / "settings.js").write_text(f"module.exports = {json.dumps(settings)};", "utf-8")
    return ["node-red", "--userDir", str(folder), "--settings", str(folder / "settings.js")], {}


def n8n(
    folder: Path, target: str, port: int, program: str, path: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """A webhook that answers at once, a code node, and an HTTP request. Gives command and environment."""
    code = f"return $input.all().map(i => {{ const b = i.json.body; {MAPPING} return {{json: m}}; }});"
    headers = [
        {"name": "idempotency-key", "value": "={{ $json.wh_order }}.1"},
        {"name": "crossdock-attempt", "value": "1"},
    ]
    nodes: list[dict[str, Any]] = [
        {"id": "a", "name": "In", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "position": [0, 0],
         "webhookId": "orders", "parameters": {"httpMethod": "POST", "path": "messages", "responseMode": "onReceived",
         "options": {"responseCode": {"values": {"responseCode": 202}},
                     "responseData": '{"capture": "1", "status": "accepted"}'}}},
        {"id": "b", "name": "Map", "type": "n8n-nodes-base.code", "typeVersion": 2, "position": [200, 0],
         "parameters": {"jsCode": code}},
        {"id": "c", "name": "Post", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "position": [400, 0],
         "parameters": {"method": "POST", "url": f"{target}/wh", "sendHeaders": True,
                        "headerParameters": {"parameters": headers}, "sendBody": True, "specifyBody": "json",
                        "jsonBody": "={{ JSON.stringify($json) }}", "options": {}}},
    ]  # fmt: skip
    links = {
        "In": {"main": [[{"node": "Map", "type": "main", "index": 0}]]},
        "Map": {"main": [[{"node": "Post", "type": "main", "index": 0}]]},
    }
    flow = {
        "id": "orders",
        "name": "orders",
        "active": True,
        "nodes": nodes,
        "connections": links,
        "settings": {},
    }
    file = folder / "workflow.json"
    file.write_text(json.dumps(flow), "utf-8")
    around = {
        "N8N_USER_FOLDER": str(folder), "N8N_PORT": str(port), "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_ENDPOINT_WEBHOOK": re.sub("/messages$", "", PATH), "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false", "N8N_TEMPLATES_ENABLED": "false", "N8N_RUNNERS_ENABLED": "true",
    }  # fmt: skip
    environment = {**os.environ, **path, **around}
    for words in (["import:workflow", f"--input={file}"], ["publish:workflow", "--id=orders"]):
        subprocess.run([program, *words], env=environment, check=False, capture_output=True, timeout=180)
    return ["n8n", "start"], around
