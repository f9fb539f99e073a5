"""Whoever is to be told is told once: over a stop, and when the receiver was away."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

from tests.watch.ears import Ear, Heard, ear, post
from tests.watch.stand import charter, order, stand, until

NAME, STREET = "Anna Example", "Secret Lane 7"


def watch(pager: Ear, mail: int = 0, **more: Any) -> dict[str, Any]:
    """Alerts to a webhook, a chat and a mail box."""
    ways: dict[str, Any] = {
        "pager": {"type": "webhook", "url": f"{pager.url}/pager", "secret": "PAGER", "late": False},
        "team": {"type": "chat", "secret": "TEAM", "late": False},
    }
    if mail:
        ways["ops"] = {
            "type": "mail", "server": f"127.0.0.1:{mail}", "sender": "hub@example.com", "to": ["ops@example.com"],
            "starttls": False, "late": False,
        }  # fmt: skip
    return {"alerts": {"link": "https://hub.example/console", "group_s": 0, "ways": ways, **more}}


def secrets(pager: Ear) -> dict[str, str]:
    return {"CROSSDOCK_SECRET_PAGER": "pager-secret", "CROSSDOCK_SECRET_TEAM": f"{pager.url}/team?key=hidden"}


def refused(heard: Heard) -> tuple[int, bytes]:
    """A target that takes no order and says why, with a name in it."""
    return (422, f"no such street: {STREET}".encode()) if heard.path.startswith("/wms") else (200, b"{}")


async def test_each_way_is_told_once_who_must_act_what_to_do_and_where(tmp_path: Path) -> None:
    async with ear(answer=refused) as out, post() as box:
        tree = charter(out.url, watch(out, box.port))
        async with stand(tmp_path, tree, **secrets(out)) as hub:
            await hub.send("shop", "sales_order", order("SO-1", ship_to={"name": NAME, "street": STREET}))
            await until(lambda: box.mails and out.at("/pager") and out.at("/team"))
            (incident,) = await hub.incidents("rejected")
            status = await hub.get("/v1/watch")
        assert status["alerts"]["counts"]["told"] == 3
        assert (len(box.mails), len(out.at("/pager")), len(out.at("/team"))) == (1, 1, 1)
        told = out.at("/pager")[0].json
        assert (told["type"], told["data"]["owner"]) == ("incident.opened", "role:operations")
        assert told["data"]["links"] == [f"https://hub.example/console/incidents/{incident['id']}"]
        chat = out.at("/team")[0]
        assert chat.path == "/team?key=hidden"
        for text in (chat.json["text"], box.mails[0].get_payload()):
            assert "role:operations" in text
            assert "correct the value" in text
            assert incident["id"] in text
        assert box.mails[0]["Subject"] == "[demo] high: rejected at wms"
        everything = b"".join(one.body for one in out.heard if not one.path.startswith("/wms"))
        everything += b"".join(mail.as_bytes() for mail in box.mails)
        for private in (NAME, STREET, "pager-secret", "hidden"):
            assert private.encode() not in everything, private


async def test_a_webhook_can_be_checked_by_its_signature(tmp_path: Path) -> None:
    async with ear(answer=refused) as out:
        async with stand(tmp_path, charter(out.url, watch(out)), **secrets(out)) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(lambda: out.at("/pager"))
        (one,) = out.at("/pager")
        signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
        expected = base64.b64encode(hmac.new(b"pager-secret", signed, hashlib.sha256).digest()).decode()
        assert one.headers["webhook-signature"] == f"v1,{expected}"


async def test_what_could_not_be_told_is_told_once_after_a_restart(tmp_path: Path) -> None:
    """The receivers are away, the hub stops, they come back, it starts again."""
    async with ear(answer=refused) as out:
        away: dict[str, Any] = {}

        def answer(heard: Heard) -> tuple[int, bytes]:
            away.setdefault(heard.path, 0)
            away[heard.path] += 1
            return (503, b"") if heard.path.startswith(("/pager", "/team")) else refused(heard)

        out.answer = answer
        async with stand(tmp_path, charter(out.url, watch(out)), **secrets(out)) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(lambda: away.get("/pager") and away.get("/team?key=hidden"))
            failing = (await hub.get("/v1/watch"))["alerts"]["failing"]
            assert {one["way"] for one in failing} <= {"pager", "team"}
            before = await hub.get("/v1/incidents")
        out.answer, out.heard = refused, []
        async with stand(tmp_path, charter(out.url, watch(out)), **secrets(out)) as hub:
            await until(lambda: out.at("/pager") and out.at("/team"))
            await hub.send("shop", "sales_order", order("SO-2"))
            await until(lambda: len(out.at("/pager")) == 2)
        ids = [one.json["data"]["incidents"] for one in out.at("/pager")]
        assert ids[0] == [before["items"][0]["id"]]
        assert ids[1] != ids[0]


async def test_a_chat_that_may_have_been_told_is_not_told_again(tmp_path: Path) -> None:
    async with ear() as out:
        out.answer = lambda heard: (0, b"") if heard.path.startswith("/team") else refused(heard)
        async with stand(tmp_path, charter(out.url, watch(out)), **secrets(out)) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))

            async def unknown() -> bool:
                return bool((await hub.get("/v1/watch"))["alerts"]["counts"]["unknown"])

            await until(unknown)
        assert len(out.at("/team")) == 1


async def test_low_severity_waits_for_the_end_of_quiet_hours_and_high_does_not(tmp_path: Path) -> None:
    async with ear(answer=refused) as out:
        tree = charter(out.url, {"hours": {"always": {}}} | watch(out, quiet="always"))
        tree["checks"]["address"] = "refuse"
        async with stand(tmp_path, tree, **secrets(out)) as hub:
            bad = {"name": NAME, "street": "x", "city": "y", "postcode": "", "country": "NL"}
            await hub.send("shop", "sales_order", order("SO-1", ship_to=bad))
            await until(lambda: hub.incidents("bad_address"))
            await hub.send("shop", "sales_order", order("SO-2"))
            await until(lambda: out.at("/pager"))
            counts = (await hub.get("/v1/watch"))["alerts"]["counts"]
        assert [one.json["data"]["type"] for one in out.at("/pager")] == ["rejected"]
        assert counts["due"] == 2


async def test_an_alert_about_what_has_ended_is_not_sent(tmp_path: Path) -> None:
    async with ear(answer=refused) as out:
        tree = charter(out.url, watch(out, group_s=3))
        tree["checks"]["address"] = "refuse"
        async with stand(tmp_path, tree, **secrets(out)) as hub:
            bad = {"name": NAME, "street": "x", "city": "y", "postcode": "", "country": "NL"}
            await hub.send("shop", "sales_order", order("SO-1", ship_to=bad))
            (incident,) = await until(lambda: hub.incidents("bad_address"))

            async def noted() -> bool:
                return (await hub.get("/v1/watch"))["alerts"]["counts"]["due"] == 2

            await until(noted)
            await hub.act(incident["id"], "resolve", {"reason": "not needed"})

            async def dropped() -> bool:
                return (await hub.get("/v1/watch"))["alerts"]["counts"]["not_needed"] == 2

            await until(dropped)
        assert not out.at("/pager")
