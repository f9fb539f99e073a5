"""What strangers, gateways and a partner's mistakes send to the AS2 address of a hub at work."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from crossdock.api.app import App
from crossdock.assembly import Hub
from crossdock.connectors.edi.mdns import AwaitedMdns
from crossdock.settings import settings_from
from crossdock.transport.as2 import layers, mime
from crossdock.transport.as2.asn1 import cms
from crossdock.transport.as2.certificates import OwnKey, certificates_of, own_key
from crossdock.transport.as2.mdn import mdn_for
from crossdock.transport.as2.outgoing import Outgoing, outgoing
from crossdock.transport.as2.profile import MdnMode, Partner, by_names
from crossdock.transport.as2.receiving import Opened, receive
from crossdock.transport.as2.report import Mdn, Standing, judge
from tests.connectors.edi.trade import order, table, until
from tests.transport import conftest
from tests.transport.as2.exchange import got, response, sent
from tests.transport.as2.parties import NOW as PARTIES_NOW
from tests.transport.as2.parties import certificate_pem, chance, key_pem, ours, pem, rsa_key, theirs
from tests.transport.scripted_server import Server, Wire

CHARTER = """\
crossdock: 1
site: {name: day, timezone: UTC, currency: USD}
checks: {item_known: skip}
network: {allow: ["127.0.0.1/32"]}
intake: {max_bytes: 2000000}
systems:
  retailer: {connector: edi, partner: retailer, timezone: UTC}
objects:
  sales_order: {owner: retailer, readers: []}
"""
PROFILE = """\
partner: 1
standard: x12
us: {id: PINECREST, qualifier: ZZ}
them: {id: HARBORLANE, qualifier: ZZ}
version: "004010"
documents:
  - {set: "850", direction: in}
transport:
  type: as2
  url: URL
  as2_us: Pinecrest
  as2_them: Harbor
  our_keys: [ours]
  certificates: [theirs.pem]
  mdn_hosts: ["127.0.0.1"]
"""
NOW = datetime.now(UTC)


@cache
def key(name: str) -> OwnKey:
    """A key with a certificate of today."""
    known = rsa_key(name)
    return own_key(key_pem(known), certificate_pem(name, known, NOW - timedelta(1), NOW + timedelta(9)))


@dataclass
class Site:
    """A hub, and its partner's way to it."""

    app: App
    url: str

    def partner(self, **settings: Any) -> Partner:
        """The partnership as the partner has it."""
        (ours,) = certificates_of(pem(key("ours")))
        given = {"us": "Harbor", "them": "Pinecrest", "keys": (key("theirs"),), "certificates": (ours,),
                 "url": f"{self.url}/v1/as2"}  # fmt: skip
        return Partner(**{**given, **settings})

    def message(self, id_: str, text: str = "", **settings: Any) -> Outgoing:
        """An order ready to leave."""
        return outgoing(
            (text or order()).encode(), self.partner(**settings), message_id=f"<{id_}@harbor>",
            now=datetime.now(UTC), entropy=os.urandom,
        )  # fmt: skip

    async def post(self, message: Outgoing, **headers: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        given = {**message.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await asyncio.to_thread(_post, self.url, given, message.body)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the store."""
        return table(self.app.hub, sql)

    def incidents(self) -> list[tuple[object, ...]]:
        """What is open."""
        return self.rows("SELECT type, path FROM incidents WHERE state = 1 ORDER BY type, path")

    def captures(self) -> int:
        """How many interchanges were taken."""
        return len(self.rows("SELECT id FROM captures"))


def _post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered before all of it was read
            connection.request("POST", "/v1/as2", body, {k: v for k, v in headers.items() if v})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def _site(folder: Path, url: str) -> App:
    (folder / "partners").mkdir()
    (folder / "charter.yaml").write_text(CHARTER)
    (folder / "partners" / "retailer.yaml").write_text(PROFILE.replace("URL", url))
    (folder / "partners" / "theirs.pem").write_bytes(pem(key("theirs")))
    both = (key_pem(rsa_key("ours")) + pem(key("ours"))).decode()
    secrets = {"ours": both}
    return App(
        Hub(settings_from({}, site=folder, listen="127.0.0.1:0"), lambda name: secrets.get(name, name))
    )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A hub with its address for AS2."""
    app = await _site(tmp_path, "http://127.0.0.1:9/as2")
    yield Site(app, await app.start())
    await app.stop()


def changed(message: Outgoing, body: bytes) -> Outgoing:
    """The same headers around other bytes."""
    return replace(message, body=body)


def wrapped(content: bytes, partner: Partner) -> bytes:
    """A content encrypted to the hub, as anybody can do who has its certificate."""
    (theirs,) = partner.certificates
    entity = mime.made((("Content-Type", "application/pkcs7-mime; smime-type=compressed-data"),), content)
    sealed = layers.encrypted(
        entity, theirs, cipher="aes256_cbc", entropy=os.urandom, oaep=False, base64_coded=False
    )
    return sealed.body


@cache
def bomb(bytes_: int) -> bytes:
    """Zeros, packed."""
    packer, step = zlib.compressobj(), bytes(1_048_576)
    packed = b"".join(packer.compress(step) for _ in range(bytes_ // len(step))) + packer.flush()
    told = {"version": "v0", "compression_algorithm": {"algorithm": "zlib"},
            "encap_content_info": {"content_type": "data", "content": packed}}  # fmt: skip
    return cms.ContentInfo({"content_type": "compressed_data", "content": cms.CompressedData(told)}).dump()


async def test_what_is_forged_broken_or_too_large_is_refused_with_its_reason_and_told_once(
    site: Site,
) -> None:
    good = site.message("good")
    stranger = key("a stranger")
    (theirs,) = certificates_of(pem(stranger))
    attacks: list[tuple[str, Outgoing, dict[str, str], int, bytes]] = [
        ("unsigned", site.message("1", sign=""), {}, 200, b"insufficient-message-security"),
        ("not encrypted", site.message("2", encrypt=""), {}, 200, b"insufficient-message-security"),
        ("signed by a stranger", site.message("3", keys=(stranger,)), {}, 200, b"authentication-failed"),
        ("encrypted to another", site.message("4", certificates=(theirs,)), {}, 200, b"decryption-failed"),
        ("cut off", changed(good, good.body[: len(good.body) // 2]), {}, 200, b"processed/error"),
        ("no bytes", changed(good, b""), {}, 200, b"processed/error"),
        ("a bomb", changed(good, wrapped(bomb(200_000_000), site.partner())), {}, 200, b"decompression-failed"),
        ("unknown sender", good, {"AS2_From": "Nobody"}, 200, b"authentication-failed"),
        ("no sender", good, {"AS2_From": ""}, 200, b"authentication-failed"),
        ("no id", good, {"Message_ID": ""}, 200, b"unexpected-processing-error"),
        ("an MDN elsewhere", good, {"Receipt_Delivery_Option": "http://10.1.1.1/"}, 200, b"unexpected-processing"),
        ("too large", changed(good, bytes(3_000_000)), {}, 413, b"2000000 bytes"),
        ("nothing wished", good, {"AS2_From": "Nobody", "Disposition_Notification_To": ""}, 400, b"refused"),
    ]  # fmt: skip
    for _ in range(2):
        for name, message, headers, status, word in attacks:
            answer = await site.post(message, **headers)
            assert (answer[0], word in answer[1]) == (status, True), (name, answer)
    assert site.captures() == 0
    await until(lambda: len(site.incidents()) == 5, 5)
    assert [path for _, path in site.incidents()] == [
        "authentication-failed", "decompression-failed", "decryption-failed", "insufficient-message-security",
        "unexpected-processing-error",
    ]  # fmt: skip
    assert (await site.post(good))[0] == 200
    taken = "SELECT number FROM messages WHERE document = 'sales_order'"
    await until(lambda: site.rows(taken) == [("PO-1",)], 5)


async def test_a_message_again_is_answered_alike_and_another_under_its_id_is_told(site: Site) -> None:
    first, again = site.message("1"), site.message("1")
    answers = [await site.post(one) for one in (first, first, again)]
    assert {status for status, _ in answers} == {200}
    assert len({body for _, body in answers}) == 1, "the MDN of the first time"
    assert (site.captures(), site.incidents()) == (1, [])
    status, body = await site.post(site.message("1", order("PO-2", 2)))
    assert (status, b"unexpected-processing-error" in body) == (200, True)
    await until(site.incidents, 5)
    assert site.incidents() == [("duplicate_conflict", "unexpected-processing-error")]
    assert site.captures() == 1


serve = conftest.serve


async def test_an_mdn_asked_for_later_is_posted_for_refusals_and_repeats_too(
    tmp_path: Path, serve: Any
) -> None:
    came: list[bytes] = []

    async def script(wire: Wire, seen: Server) -> None:
        while raw := await wire.request():
            came.append(raw)
            await wire.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    there = await serve(script)
    app = await _site(tmp_path, "http://127.0.0.1:9/as2")
    site = Site(app, await app.start())
    try:
        later = {"mdn": MdnMode.ASYNC, "mdn_url": f"{there.url}/mdn"}
        good, bad = site.message("1", **later), site.message("2", sign="", **later)
        for number, one in enumerate((good, good, bad), 1):
            assert await site.post(one) == (200, b"")
            await until(lambda many=number: len(came) == many, 5)
        assert [b"insufficient-message-security" in one for one in came] == [False, False, True]
        assert site.captures() == 1
    finally:
        await app.stop()


async def test_a_forged_mdn_does_not_end_the_wait_for_the_true_one() -> None:
    mine = ours(mdn=MdnMode.ASYNC, mdn_url="https://us.test/as2")
    message, other = sent(mine), sent(mine, key="other")

    def mdn_of(one: Outgoing, signed: bool = True) -> Mdn:
        found = got(one, theirs(mdn_hosts=frozenset({"us.test"})))
        assert isinstance(found, Opened)
        wish = replace(found.wish, signed=signed, deliver_to="")
        report = response(mdn_for(replace(found, wish=wish), PARTIES_NOW, chance(1)))
        told = receive(report.headers, report.body, by_names([mine]), PARTIES_NOW)
        assert isinstance(told, Mdn)
        return told

    waiting = AwaitedMdns()
    wait = asyncio.create_task(waiting.of(message.expected, 20))
    await asyncio.sleep(0)
    assert not waiting.came(mdn_of(other))
    assert waiting.came(mdn_of(message, signed=False))
    assert waiting.came(mdn_of(message))
    true = await wait
    assert true is not None
    assert judge(true, message.expected).standing is Standing.DONE
    assert not waiting.came(mdn_of(message)), "a replay finds nobody"
    alone = asyncio.create_task(waiting.of(message.expected, 0.05))
    await asyncio.sleep(0)
    assert waiting.came(mdn_of(message, signed=False))
    doubtful = await alone
    assert doubtful is not None
    assert judge(doubtful, message.expected).kind == "mdn_unsigned"
