"""A message and its MDN between two sides that both are ours, in all combinations of the profile."""

from __future__ import annotations

from itertools import product

import pytest

from crossdock.kit.http import Response
from crossdock.transport.as2.mdn import mdn_for
from crossdock.transport.as2.outgoing import Outgoing, message_id, outgoing
from crossdock.transport.as2.profile import Compress, MdnMode, Partner, by_names
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Mdn, Standing, judge
from crossdock.transport.as2.sending import judge_answer
from tests.transport.as2.parties import NOW, ORDER, chance, ours, own, pinned, theirs


def sent(partner: Partner, document: bytes = ORDER, **words: str) -> Outgoing:
    return outgoing(
        document, partner, message_id=message_id("key-1", partner.us), now=NOW, entropy=chance(), **words
    )


def arrived(message: Outgoing, partner: Partner) -> Opened:
    opened = receive(message.headers, message.body, by_names([partner]), NOW)
    assert isinstance(opened, Opened), opened
    return opened


def lower(headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


PROTECTIONS = list(
    product(
        ("", "sha256", "sha384", "sha512"),
        ("", "aes128_cbc", "aes192_cbc", "aes256_cbc", "aes128_gcm", "aes192_gcm", "aes256_gcm"),
        tuple(Compress),
        (False, True),
    )
)


@pytest.mark.parametrize("mode", [MdnMode.SYNC, MdnMode.ASYNC, MdnMode.NONE])
@pytest.mark.parametrize("mdn_signed", [True, False])
def test_every_combination_arrives_whole_and_its_mdn_proves_it(mode, mdn_signed):
    for sign, encrypt, compress, base64 in PROTECTIONS:
        mine = ours(
            sign=sign, encrypt=encrypt, compress=compress, base64=base64, mdn=mode,
            mdn_signed=mdn_signed, mdn_url="https://us.test/as2",
        )  # fmt: skip
        yours = theirs(require_signed=bool(sign), require_encrypted=bool(encrypt))
        message = sent(mine, content_type="application/edi-x12", filename="850 ü.edi")
        opened = arrived(message, yours)
        assert opened.document.content == ORDER
        assert opened.document.filename == "850 ü.edi" or not (sign or encrypt or compress != "never")
        assert (bool(opened.signed_by), opened.cipher) == (bool(sign), encrypt)
        assert opened.compressed == (compress is not Compress.NEVER)
        assert opened.mic.value == message.expected.mics[opened.mic.algorithm]
        assert opened.leniencies == ()
        reply = mdn_for(opened, NOW, chance(1))
        verdict = judge_answer(
            Response(reply.status, lower(reply.headers), reply.body), message.expected, mine, now=NOW
        )
        if mode is MdnMode.ASYNC:
            assert verdict.standing is Standing.WAITING
            assert reply.delivery is not None
            found = receive(reply.delivery.headers, reply.delivery.body, by_names([mine]), NOW)
            assert isinstance(found, Mdn), found
            verdict = judge(found, message.expected)
        assert verdict.standing is Standing.DONE, verdict
        assert verdict.mdn is None or bool(verdict.mdn.signed_by) == mdn_signed


@pytest.mark.parametrize(
    "settings",
    [{"pss": True}, {"oaep": True}, {"pss": True, "oaep": True, "dashed": False}],
    ids=["pss", "oaep", "both"],
)
def test_the_newer_paddings_of_rsa_are_read_too(settings):
    message = sent(ours(**settings))
    opened = arrived(message, theirs(**settings))
    reply = mdn_for(opened, NOW, chance(1))
    answer = Response(reply.status, lower(reply.headers), reply.body)
    assert judge_answer(answer, message.expected, ours(**settings), now=NOW).standing is Standing.DONE


def test_an_elliptic_key_signs_while_an_rsa_certificate_is_encrypted_to():
    curve, rsa = own("ours on a curve", kind="ec"), own("theirs")
    mine = ours(keys=(curve,), require_encrypted=False, encryption_certificates=(pinned(rsa),))
    yours = theirs(certificates=(pinned(curve),))
    opened = arrived(sent(mine), yours)
    assert opened.signed_by == curve.certificate.fingerprint


@pytest.mark.parametrize("old", ["sha1", "md5", "3des"])
def test_an_old_algorithm_is_used_and_taken_only_where_both_profiles_ask_for_it(old):
    used = {"encrypt": "3des"} if old == "3des" else {"sign": old}
    message = sent(ours(legacy=frozenset({old}), **used))
    assert arrived(message, theirs(legacy=frozenset({old}))).document.content == ORDER
    refused = receive(message.headers, message.body, by_names([theirs()]), NOW)
    assert isinstance(refused, Refusal)
    assert refused.problem == "insufficient-message-security"
