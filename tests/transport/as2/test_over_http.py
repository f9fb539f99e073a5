"""AS2 over real sockets: our client, our address, and the partner mock-edi."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from crossdock.faults import InDoubt, TryLater
from crossdock.transport.as2.outgoing import message_id, outgoing
from crossdock.transport.as2.profile import MdnMode
from crossdock.transport.as2.report import Standing, judge
from crossdock.transport.as2.sending import deliver, send
from tests.peers.cache import NotToBeHadError
from tests.peers.mock_edi import MockEdi
from tests.transport.as2.endpoint import Endpoint
from tests.transport.as2.parties import NOW, US, chance, ours, theirs
from tests.transport.scripted_server import wait_for_ever

BYTES = os.urandom(200_000)
PLAIN = {"sign": "", "encrypt": "", "mdn_signed": False, "require_signed": False, "require_encrypted": False,
         "keys": (), "certificates": ()}  # fmt: skip


async def test_a_message_and_its_mdn_survive_the_wire(serve, client):
    endpoint = Endpoint([theirs()])
    server = await serve(endpoint.script)
    http = client(server.url)
    message = outgoing(BYTES, ours(), message_id=message_id("k", US), now=NOW, entropy=chance())
    for _ in range(2):  # the second time it is a repeat
        verdict = await send(http, message, ours(), now=NOW, path="/as2")
        assert verdict.standing is Standing.DONE, verdict
    assert [one.document.content for one in endpoint.opened] == [BYTES]


async def test_an_asynchronous_mdn_comes_back_by_its_own_request(serve, client):
    back = Endpoint([])
    here = await serve(back.script)
    mine = ours(mdn=MdnMode.ASYNC, mdn_url=f"{here.url}/as2")
    back.partners.append(mine)
    there = Endpoint([theirs(url=here.url)])
    server = await serve(there.script)
    message = outgoing(BYTES, mine, message_id=message_id("k", US), now=NOW, entropy=chance())
    verdict = await send(client(server.url), message, mine, now=NOW)
    assert verdict.standing is Standing.WAITING
    (delivery,) = there.deliveries
    assert delivery.url == mine.mdn_url
    await deliver(client(here.url), delivery, path="/as2")
    (mdn,) = back.mdns
    assert judge(mdn, message.expected).standing is Standing.DONE


async def test_silence_after_the_message_is_in_doubt_and_no_connection_is_later(serve, client):
    message = outgoing(BYTES, ours(), message_id=message_id("k", US), now=NOW, entropy=chance())
    server = await serve(wait_for_ever)
    with pytest.raises(InDoubt):
        await send(client(server.url, timeout_s=0.3), message, ours(), now=NOW)
    with pytest.raises(TryLater):
        await send(client("http://127.0.0.1:1", timeout_s=0.3), message, ours(), now=NOW)


# -- a partner that is not ours -----------------------------------------------------------------

PARTNER = "MOCKEDI"
ORDER = b"""ISA*00*          *00*          *ZZ*ACME           *ZZ*MOCKEDI        *261122*1200*U*00401*000000077*0*T*>~
GS*PO*ACME*MOCKEDI*20261122*1200*77*X*004010~
ST*850*0001~
BEG*00*NE*4500000042**20261122~
N1*ST*North depot*92*D1~
PO1*1*12*EA*12.50**VP*WIDGET-001~
CTT*1~
SE*6*0001~
GE*1*77~
IEA*1*000000077~
"""


@pytest.fixture(scope="module")
def mock_edi() -> Iterator[MockEdi]:
    """The partner, running; it posts what it has to say only when asked."""
    try:
        with MockEdi("--hold-delivery") as running:
            yield running
    except NotToBeHadError as error:
        pytest.skip(f"mock-edi cannot be installed here: {error}")


async def test_mock_edi_takes_an_order_and_sends_its_answers_to_us(mock_edi, serve, client):
    plain = ours(us="ACME", them=PARTNER, **PLAIN)
    message = outgoing(
        ORDER,
        plain,
        message_id=message_id("po", US),
        now=NOW,
        entropy=chance(),
        content_type="application/edi-x12",
    )
    verdict = await send(client(mock_edi.url), message, plain, now=NOW, path="/as2")
    assert verdict.standing is Standing.DONE, verdict
    assert verdict.mdn is not None
    assert verdict.mdn.mic is not None
    assert verdict.mdn.mic.value == message.expected.mics["sha256"]

    endpoint = Endpoint([plain])
    here = await serve(endpoint.script)
    await asyncio.to_thread(mock_edi.ask, "PATCH", "/_mock/partners/ACME", {"as2_url": f"{here.url}/as2"})
    await asyncio.to_thread(mock_edi.ask, "POST", "/_mock/deliver?all")
    came = [one.document.content.split(b"ST*")[1][:3] for one in endpoint.opened]
    assert came == [b"997", b"855", b"856", b"810"]
    outbox = await asyncio.to_thread(mock_edi.ask, "GET", "/_mock/outbox")
    notes = str(outbox)
    assert notes.count("processed") >= 4
    assert endpoint.refused == []


async def test_mock_edi_posts_a_mdn_later_when_asked_so(mock_edi, serve, client):
    back = Endpoint([])
    here = await serve(back.script)
    plain = ours(us="ACME", them=PARTNER, **PLAIN, mdn=MdnMode.ASYNC, mdn_url=f"{here.url}/as2")
    back.partners.append(plain)
    order = ORDER.replace(b"000000077", b"000000078").replace(b"4500000042", b"4500000043")
    message = outgoing(
        order,
        plain,
        message_id=message_id("po-2", US),
        now=NOW,
        entropy=chance(),
        content_type="application/edi-x12",
    )
    verdict = await send(client(mock_edi.url), message, plain, now=NOW, path="/as2")
    assert verdict.standing is Standing.WAITING, verdict
    await asyncio.to_thread(mock_edi.ask, "POST", "/_mock/deliver?all")
    assert [judge(one, message.expected).standing for one in back.mdns] == [Standing.DONE]


async def test_mock_edi_refuses_what_is_signed_and_says_so(mock_edi, client):
    signed = ours(us="ACME", them=PARTNER, encrypt="")
    message = outgoing(ORDER, signed, message_id=message_id("po-3", US), now=NOW, entropy=chance())
    verdict = await send(client(mock_edi.url), message, signed, now=NOW, path="/as2")
    assert verdict.standing is Standing.REJECTED
    assert "insufficient-message-security" in verdict.says
