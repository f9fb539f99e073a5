"""Messages and MDNs exchanged with pyas2lib, in both directions."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import product

import pytest

from crossdock.kit.http import Response
from crossdock.transport.as2.mdn import Reply, mdn_for
from crossdock.transport.as2.outgoing import message_id, outgoing
from crossdock.transport.as2.profile import Compress, MdnMode, by_names
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Mdn, Standing, judge
from crossdock.transport.as2.sending import judge_answer
from tests.peers.cache import NotToBeHadError
from tests.peers.pyas2 import Pyas2
from tests.transport.as2.parties import NOW, ORDER, THEM, US, chance, key_pem, ours, own, pem

DOCUMENT = ORDER.replace(b"\n", b"\r\n")
CIPHERS = {"aes128_cbc": "aes_128_cbc", "aes192_cbc": "aes_192_cbc", "aes256_cbc": "aes_256_cbc"}


@pytest.fixture(scope="module")
def peer() -> Iterator[Pyas2]:
    """pyas2lib, running."""
    try:
        with Pyas2() as running:
            yield running
    except NotToBeHadError as error:
        pytest.skip(f"pyas2lib cannot be installed here: {error}")


def keys() -> dict[str, bytes]:
    """The keys as the peer has them."""
    return {"key": key_pem(own("theirs").key) + pem(own("theirs")), "certificate": pem(own("ours"))}


def answer_of(mdn: dict) -> Response:
    """The peer's MDN as the answer to our request."""
    return Response(
        200, {name.lower(): value for name, value in mdn["headers"].items()}, base64.b64decode(mdn["body"])
    )


MATRIX = list(
    product(
        ("", "sha256", "sha512"), ("", *CIPHERS), (Compress.NEVER, Compress.BEFORE_SIGNING), (True, False)
    )
)


@pytest.mark.parametrize("mode", [MdnMode.SYNC, MdnMode.ASYNC])
def test_pyas2lib_takes_our_messages_and_we_believe_its_mdns(peer, mode):
    for sign, encrypt, compress, mdn_signed in MATRIX:
        mine = ours(
            sign=sign, encrypt=encrypt, compress=compress, mdn=mode, mdn_signed=mdn_signed,
            mdn_url="https://us.test/as2", dashed=False,
        )  # fmt: skip
        message = outgoing(
            DOCUMENT, mine, message_id=message_id("key", US), now=NOW, entropy=chance(), filename="850.edi",
            content_type="application/edi-x12",
        )  # fmt: skip
        settings = {"sign": bool(sign), "encrypt": bool(encrypt)}
        taken = peer.ask(
            "parse",
            us=THEM,
            them=US,
            settings=settings,
            headers=dict(message.headers),
            body=message.body,
            **keys(),
        )
        assert taken["error"] == ""
        assert base64.b64decode(taken["document"]) == DOCUMENT
        answer = answer_of(taken["mdn"])
        if mode is MdnMode.SYNC:
            verdict = judge_answer(answer, message.expected, mine, now=NOW)
        else:
            assert taken["mdn"]["url"] == mine.mdn_url
            found = receive(answer.headers, answer.body, by_names([mine]), NOW)
            assert isinstance(found, Mdn), found
            verdict = judge(found, message.expected)
        assert verdict.standing is Standing.DONE, (sign, encrypt, compress, mdn_signed, verdict)
        assert verdict.mdn is not None
        assert (verdict.mdn.mic is not None) == bool(sign)


def built(peer: Pyas2, **settings: object) -> dict:
    """A message that the peer made, as it arrives here."""
    made = peer.ask(
        "build", us=THEM, them=US, document=DOCUMENT, filename="850.edi", content_type="application/edi-x12",
        settings=settings, mdn_url="https://them.test/MDNs", **keys(),
    )  # fmt: skip
    return {"headers": made["headers"], "body": base64.b64decode(made["body"])}


def peers_word(peer: Pyas2, reply: Reply) -> dict:
    """What the peer makes of our MDN."""
    sent = reply.delivery or reply
    return peer.ask("mdn", headers=dict(sent.headers), body=sent.body)


@pytest.mark.parametrize("mode", ["SYNC", "ASYNC"])
def test_we_take_the_messages_of_pyas2lib_and_it_believes_our_mdns(peer, mode):
    for sign, encrypt, compress, mdn_signed in MATRIX:
        settings = {
            "sign": bool(sign),
            "encrypt": bool(encrypt),
            "compress": compress != "never",
            "mdn_mode": mode,
        }
        if sign:
            settings["digest_alg"] = sign
        if encrypt:
            settings["enc_alg"] = CIPHERS[encrypt]
        if mdn_signed:
            settings["mdn_digest_alg"] = sign or "sha256"
        message = built(peer, **settings)
        mine = ours(require_signed=bool(sign), require_encrypted=bool(encrypt))
        opened = receive(message["headers"], message["body"], by_names([mine]), NOW)
        assert isinstance(opened, Opened), (settings, opened)
        assert opened.document.content == DOCUMENT
        assert (opened.document.filename, opened.cipher) == ("850.edi", encrypt)
        reply = mdn_for(opened, NOW, chance(1))
        assert (reply.delivery is not None) == (mode == "ASYNC")
        assert peers_word(peer, reply) == {"status": "processed", "detail": None}, settings


def test_pyas2lib_understands_our_refusal(peer):
    message = built(peer, mdn_mode="SYNC", mdn_digest_alg="sha256")
    refused = receive(message["headers"], message["body"], by_names([ours()]), NOW)
    assert isinstance(refused, Refusal)
    word = peers_word(peer, mdn_for(refused, NOW, chance(1)))
    assert word == {"status": "processed/error", "detail": "insufficient-message-security"}


def test_a_refusal_of_pyas2lib_is_a_rejection_with_its_reason(peer):
    mine = ours(sign="sha256", encrypt="")
    message = outgoing(DOCUMENT, mine, message_id=message_id("key", US), now=NOW, entropy=chance())
    taken = peer.ask(
        "parse", us=THEM, them=US, settings={"sign": True, "encrypt": True}, headers=dict(message.headers),
        body=message.body, **keys(),
    )  # fmt: skip
    verdict = judge_answer(answer_of(taken["mdn"]), message.expected, mine, now=NOW)
    assert verdict.standing is Standing.REJECTED
    assert "insufficient-message-security" in verdict.says
    assert verdict.raw.endswith(base64.b64decode(taken["mdn"]["body"]))


def test_pyas2lib_notices_when_one_byte_of_our_message_changed(peer):
    mine = ours(encrypt="")
    message = outgoing(DOCUMENT, mine, message_id=message_id("key", US), now=NOW, entropy=chance())
    changed = message.body.replace(b"ISA*00", b"ISA*01")
    taken = peer.ask(
        "parse",
        us=THEM,
        them=US,
        settings={"sign": True},
        headers=dict(message.headers),
        body=changed,
        **keys(),
    )
    verdict = judge_answer(answer_of(taken["mdn"]), message.expected, mine, now=NOW)
    assert verdict.standing is Standing.REJECTED
    assert verdict.mdn is not None
    assert verdict.mdn.modifier == "authentication-failed"  # its word for a digest that differs
