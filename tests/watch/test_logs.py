"""Neither a secret nor what a document holds of people gets into the log, whatever goes wrong at whichever door."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

from crossdock.control.logs import discreet
from tests.harness.ports import free_port
from tests.harness.process import Process
from tests.watch.ears import Heard, ear, post
from tests.watch.stand import Door, charter, make_keys, order, shipment, until, write

NAME, STREET, PHONE = "Zebedee Planted", "Planted Lane 77", "+31-555-PLANTED"
SECRETS = {
    "CROSSDOCK_SECRET_WMS": "planted-bearer-token", "CROSSDOCK_SECRET_PAGER": "planted-signing-key",
    "CROSSDOCK_SECRET_TEAM": "http://127.0.0.1:{port}/planted-chat-path?sig=planted-chat-sig",
    "CROSSDOCK_SECRET_BEAT": "http://127.0.0.1:{port}/planted-beat-path",
    "CROSSDOCK_SECRET_SMTP": "planted-smtp-password",
}  # fmt: skip


def person(number: str, **more: Any) -> dict[str, Any]:
    """An order with everything in it that belongs to a person."""
    address = {"name": NAME, "street": STREET, "postcode": "1011 AB", "city": "Planted City", "country": "NL"}
    return order(
        number, customer={"id": "C1", "name": NAME, "phone": PHONE}, ship_to=address, notes=NAME, **more
    )


def angry(heard: Heard) -> tuple[int, bytes]:
    """A system whose errors repeat what it was sent, as many do."""
    echo = b'{"error": "cannot deliver", "echo": %r}' % (heard.body + str(dict(heard.headers)).encode())
    for word, status in ((b"SO-500", 500), (b"SO-422", 422), (b"SO-503", 503), (b"SO-CUT", 0)):
        if word in heard.body and heard.path.startswith("/wms"):
            return status, echo
    return (500, echo) if "planted" in heard.path or heard.path == "/pager" else (200, b"{}")


async def through_all_doors(door: Door) -> None:
    """What goes wrong at the door, in a mapping, on the way out and at the desk."""
    for number in ("SO-1", "SO-500", "SO-422", "SO-503", "SO-CUT"):
        await door.send("shop", "sales_order", person(number))
    await door.send(
        "shop",
        "sales_order",
        person("SO-BAD", lines=[{"line": 1, "sku": NAME, "quantity": -1, "unit": STREET}]),
    )
    await door.send("wms", "shipment", shipment("SH-1", NAME))
    path = "/v1/systems/shop/messages?document=sales_order"
    await door.ask("shop", "POST", path, person("SO-1", placed_at="no time"))
    await door.ask("shop", "POST", path, [NAME, STREET])
    for key in (SECRETS["CROSSDOCK_SECRET_PAGER"], f"{NAME}"):
        stranger = Door(door.port, {"nobody": key})
        await stranger.ask("nobody", "POST", path, person("SO-2"))
    await door.ask("operator", "GET", f"/v1/trace/sales_order/{NAME.replace(' ', '%20')}")
    await until(door.incidents)


async def test_planted_secrets_and_names_are_nowhere_in_the_log(tmp_path: Path) -> None:
    async with ear(answer=angry) as out, post(refuses=True) as box:
        ways = {
            "pager": {"type": "webhook", "url": f"{out.url}/pager", "secret": "PAGER"},
            "team": {"type": "chat", "secret": "TEAM"},
            "ops": {"type": "mail", "server": f"127.0.0.1:{box.port}", "user": "hub", "secret": "SMTP",
                    "sender": "hub@example.com", "to": ["ops@example.com"], "starttls": False},
        }  # fmt: skip
        watch = {
            "alerts": {"group_s": 0, "ways": ways},
            "beat": {"secret": "BEAT", "every_s": 0.2},
            "expects": [{"system": "erp", "document": "invoice", "every_s": 0.5}],
        }
        tree = charter(out.url, watch, limits={"retry_for_s": 1})
        tree["checks"]["wait_s"] = 1
        tree["systems"]["wms"] |= {"auth": {"type": "bearer", "secret": "WMS"}}
        tree["systems"]["wms"]["out"][0]["on_unclear"] = "person"
        write(tmp_path, tree)
        keys = make_keys(f"sqlite:{tmp_path / 'data' / 'crossdock.db'}", ("shop", "wms", "erp"))
        port = free_port()
        secrets = {name: value.format(port=out.port) for name, value in SECRETS.items()}
        command = [str(Path(sys.executable).with_name("crossdock")), "up", "--site", str(tmp_path)]
        hub = Process(
            [*command, "--listen", f"127.0.0.1:{port}"],
            tmp_path / "log",
            secrets | {"CROSSDOCK_LOG": "debug"},
        )
        await hub.start()
        try:
            door = Door(port, keys)
            await through_all_doors(door)
            await until(
                lambda: out.at("/pager") and out.at("/planted-chat-path") and out.at("/planted-beat-path")
            )
            metrics = await door.get("/metrics")
            shown = str(await door.get("/v1/watch"))
        finally:
            await hub.stop()
        log = hub.log.read_text("utf-8")
    assert "incident" in log, "the control: it does speak of what went wrong"
    planted = [NAME, STREET, PHONE, "Planted City", "planted-", *keys.values()]
    for where, text in (("log", log), ("metrics", metrics), ("watch", shown)):
        found = [word for word in planted if word in text]
        assert not found, (
            where,
            found,
            [line for line in text.splitlines() if any(w in line for w in found)][:3],
        )


def test_an_error_whose_words_may_hold_a_value_is_named_without_them() -> None:
    def told(error: Exception) -> str:
        try:
            raise error
        except Exception as raised:  # ends in the line of a log
            return str(discreet(None, "error", {"event": "x", "exc_info": raised})["exception"])

    assert NAME not in told(ValueError(f"{NAME} is no number"))
    assert told(ValueError(NAME)).endswith("ValueError")
    assert "no such table" in told(sqlite3.OperationalError("no such table"))
    line = discreet(None, "warning", {"event": "x", "says": f"wms answered 503: {NAME}"})
    assert line["says"] == "wms answered 503"
