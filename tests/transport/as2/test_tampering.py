"""Messages that were changed, made by others, or made to do harm: each refused, with the right reason."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace

import pytest

from crossdock.transport.as2 import compression, envelope, layers, mime, signature
from crossdock.transport.as2.asn1 import cms
from crossdock.transport.as2.outgoing import Outgoing, message_id, outgoing
from crossdock.transport.as2.problem import Problem, Refused
from crossdock.transport.as2.profile import Limits, Partner, by_names
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from tests.transport.as2.parties import NOW, ORDER, US, chance, ours, own, pinned, theirs


def sent(partner: Partner, document: bytes = ORDER) -> Outgoing:
    return outgoing(document, partner, message_id=message_id("k", US), now=NOW, entropy=chance())


def got(message: Outgoing, partner: Partner | None = None, *, limits: Limits | None = None, **headers: str):
    given = {**message.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return receive(given, message.body, by_names([partner or theirs()]), NOW, limits)


def with_body(message: Outgoing, body: bytes) -> Outgoing:
    return replace(message, body=body)


def flipped(body: bytes, bit: int) -> bytes:
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def test_an_untouched_message_is_taken():
    assert isinstance(got(sent(ours())), Opened)


def test_no_single_bit_of_an_encrypted_message_can_change_unnoticed():
    message = sent(ours())
    dice = random.Random(1)
    refused = 0
    for bit in dice.sample(range(len(message.body) * 8), 300):
        found = got(with_body(message, flipped(message.body, bit)))
        if isinstance(found, Opened):
            # Bits that mean nothing: they stand where no reader looks, and the document is the same.
            assert found.document.content == ORDER
            assert found.signed_by
        else:
            refused += 1
    assert refused > 250


def test_no_bit_of_signed_content_can_change_unnoticed():
    mine, yours = ours(encrypt=""), theirs(require_encrypted=False)
    message = sent(mine)
    begin = message.body.index(b"ISA*00")
    for at in range(begin, begin + len(ORDER)):
        found = got(with_body(message, flipped(message.body, at * 8)), yours)
        assert isinstance(found, Refusal)
        assert found.problem is Problem.INTEGRITY
        assert found.mic is None


def test_no_bit_of_the_signatures_value_can_change_unnoticed():
    der = signature.sign(ORDER, own("ours"), digest="sha256", now=NOW)
    value = cms.ContentInfo.load(der)["content"]["signer_infos"][0]["signature"].native
    begin = der.index(value)
    certificates = [pinned(own("ours"))]
    for at in range(begin, begin + len(value), 5):
        with pytest.raises(Refused) as refused:
            signature.verify(
                flipped(der, at * 8), (ORDER,), certificates, digests=frozenset({"sha256"}), now=NOW
            )
        assert refused.value.problem is Problem.AUTHENTICATION
    held = signature.verify(der, (ORDER,), certificates, digests=frozenset({"sha256"}), now=NOW)
    assert held.content == ORDER  # the control: unchanged, it holds


def test_the_digest_that_the_attributes_vouch_for_cannot_be_exchanged():
    der = signature.sign(ORDER, own("ours"), digest="sha256", now=NOW)
    other = signature.sign(b"another", own("ours"), digest="sha256", now=NOW)
    one, two = cms.ContentInfo.load(der), cms.ContentInfo.load(other)
    one["content"]["signer_infos"][0]["signature"] = two["content"]["signer_infos"][0]["signature"].native
    with pytest.raises(Refused) as refused:
        signature.verify(
            one.dump(force=True), (ORDER,), [pinned(own("ours"))], digests=frozenset({"sha256"}), now=NOW
        )
    assert refused.value.problem is Problem.AUTHENTICATION


def test_the_signature_of_a_stranger_is_refused_and_the_stranger_named():
    stranger = own("a stranger")
    found = got(sent(ours(keys=(stranger,))))
    assert isinstance(found, Refusal)
    assert found.problem is Problem.AUTHENTICATION
    assert stranger.certificate.fingerprint in found.says
    assert "does not pin" in found.says


@pytest.mark.parametrize(
    ("begins", "ends", "word"), [(-100, -1, "ended on 2026-11-21"), (2, 100, "begins on 2026-11-24")]
)
def test_a_pinned_certificate_counts_only_while_it_is_valid(begins, ends, word):
    passed = own(f"ours {begins}", begins_days=begins, ends_days=ends)
    # The sender's clock is off: it signs all the same.
    entity = mime.made((("Content-Type", "text/plain"),), ORDER)
    signed = layers.signed(entity, passed, digest="sha256", now=NOW, entropy=chance())
    headers = {"AS2-From": US, "AS2-To": theirs().us, "Message-ID": "<1@us>", **dict(signed.headers)}
    yours = theirs(certificates=(pinned(passed),), require_encrypted=False)
    found = receive(headers, signed.body, by_names([yours]), NOW)
    assert isinstance(found, Refusal)
    assert found.problem is Problem.AUTHENTICATION
    assert word in found.says


def test_old_and_new_certificate_of_a_partner_overlap():
    old, new = own("ours"), own("ours, renewed", begins_days=-1)
    yours = theirs(certificates=(pinned(old), pinned(new)))
    for key in (old, new):
        found = got(sent(ours(keys=(key,))), yours)
        assert isinstance(found, Opened)
        assert found.signed_by == key.certificate.fingerprint


def test_what_is_encrypted_for_our_next_or_last_key_is_opened_too():
    now, following = own("theirs"), own("theirs, next", use_days=10)
    yours = theirs(keys=(now, following))
    for key in (now, following):
        mine = ours(
            certificates=(pinned(now),), encryption_certificates=(replace(pinned(key), use_from=NOW),)
        )
        assert isinstance(got(sent(mine), yours), Opened)
    signer = yours.signing_key(NOW)
    assert signer is now  # the next one's day has not come


def test_an_envelope_for_somebody_else_says_so():
    found = got(sent(ours(encryption_certificates=(pinned(own("a stranger")),))))
    assert isinstance(found, Refusal)
    assert found.problem is Problem.DECRYPTION
    assert "not encrypted for any certificate of ours" in found.says


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"sign": ""}, "not signed"),
        ({"encrypt": ""}, "not encrypted"),
        ({"sign": "", "encrypt": ""}, "not encrypted"),
    ],
    ids=["unsigned", "unencrypted", "plain"],
)
def test_a_message_without_the_protection_that_the_profile_asks_for_is_refused(settings, word):
    message = sent(ours(**settings))
    found = got(message)
    assert isinstance(found, Refusal)
    assert (found.problem, word in found.says) == (Problem.SECURITY, True)
    relaxed = theirs(require_signed=False, require_encrypted=False)
    assert isinstance(got(message, relaxed), Opened)  # the control


def test_a_signature_taken_off_and_the_rest_left_is_no_signed_message():
    message = sent(ours(encrypt=""))
    yours = theirs(require_encrypted=False)
    body = message.body
    cut = body[: body.rindex(b"--=_")] + b"--garbage--"
    found = got(with_body(message, cut), yours)
    assert isinstance(found, Refusal)


def bomb(size: int) -> mime.Entity:
    """A compressed entity that grows to `size` bytes."""
    head = b"Content-Type: application/edi-x12\r\n\r\n"
    packed = cms.ContentInfo(
        {
            "content_type": "compressed_data",
            "content": {
                "version": "v0",
                "compression_algorithm": {"algorithm": "zlib"},
                "encap_content_info": {"content_type": "data", "content": zlib.compress(head + b"0" * size)},
            },
        }
    ).dump()
    return mime.made((("Content-Type", "application/pkcs7-mime; smime-type=compressed-data"),), packed)


def test_a_decompression_bomb_is_refused_before_it_grows():
    entity = bomb(50_000_000)
    headers = {"AS2-From": US, "AS2-To": theirs().us, "Message-ID": "<1@us>", **dict(entity.headers)}
    yours = theirs(require_signed=False, require_encrypted=False)
    assert len(entity.body) < 60_000
    found = receive(headers, entity.body, by_names([yours]), NOW, Limits(document_bytes_max=1_000_000))
    assert isinstance(found, Refusal)
    assert (found.problem, "1,000,000" in found.says) == (Problem.DECOMPRESSION, True)
    taken = receive(headers, entity.body, by_names([yours]), NOW, Limits(document_bytes_max=60_000_000))
    assert isinstance(taken, Opened)  # the control: only the limit refused it
    assert len(taken.document.content) == 50_000_000


def test_bombs_within_each_other_are_refused():
    entity = layers.compressed(layers.compressed(bomb(1000), base64_coded=False), base64_coded=False)
    headers = {"AS2-From": US, "AS2-To": theirs().us, "Message-ID": "<1@us>", **dict(entity.headers)}
    yours = theirs(require_signed=False, require_encrypted=False)
    found = receive(headers, entity.body, by_names([yours]), NOW)
    assert isinstance(found, Refusal)
    assert found.problem is Problem.DECOMPRESSION


def nested(deep: int) -> mime.Entity:
    """A multipart in a multipart in a multipart."""
    entity = mime.made((("Content-Type", "text/plain"),), b"x")
    for level in range(deep):
        boundary = f"b{level}"
        kind = f"multipart/mixed; boundary={boundary}"
        entity = mime.made((("Content-Type", kind),), layers.joined((entity.raw,), boundary))
    return entity


@pytest.mark.parametrize(("deep", "taken"), [(4, True), (50, False)])
def test_multiparts_go_only_so_deep(deep, taken):
    entity = nested(deep)
    headers = {"AS2-From": US, "AS2-To": theirs().us, "Message-ID": "<1@us>", **dict(entity.headers)}
    yours = theirs(require_signed=False, require_encrypted=False)
    assert isinstance(receive(headers, entity.body, by_names([yours]), NOW), Opened) is taken


@pytest.mark.parametrize(("parts", "taken"), [(32, True), (33, False), (20_000, False)])
def test_only_so_many_parts_are_read(parts, taken):
    entity = layers.joined([b"Content-Type: text/plain\r\n\r\nx"] * parts, "b")
    headers = {"AS2-From": US, "AS2-To": theirs().us, "Message-ID": "<1@us>",
               "Content-Type": "multipart/mixed; boundary=b"}  # fmt: skip
    yours = theirs(require_signed=False, require_encrypted=False)
    assert isinstance(receive(headers, entity, by_names([yours]), NOW), Opened) is taken


def test_a_body_beyond_the_limit_is_not_even_looked_at():
    message = sent(ours())
    found = got(message, limits=Limits(body_bytes_max=len(message.body) - 1))
    assert isinstance(found, Refusal)
    assert "at most" in found.says
    assert isinstance(got(message, limits=Limits(body_bytes_max=len(message.body))), Opened)


@pytest.mark.parametrize(
    ("headers", "problem", "word"),
    [
        ({"AS2_From": "Nobody"}, Problem.AUTHENTICATION, "no partnership"),
        ({"AS2_To": "crossdock"}, Problem.AUTHENTICATION, "no partnership"),
        ({"AS2_From": ""}, Problem.AUTHENTICATION, "must both be given"),
        ({"Message_ID": ""}, Problem.UNEXPECTED, "no Message-ID"),
        ({"Subject": "x" * 20_000}, Problem.UNEXPECTED, "a header of more"),
        ({"Content_Transfer_Encoding": "x-rot13"}, Problem.UNEXPECTED, "x-rot13"),
    ],
    ids=["sender", "case", "nobody", "no id", "long header", "encoding"],
)  # fmt: skip
def test_a_request_that_does_not_say_who_and_what_is_refused(headers, problem, word):
    found = got(sent(ours()), **headers)
    assert isinstance(found, Refusal)
    assert found.problem is problem
    assert word in found.says


def test_a_weak_cipher_is_refused_even_when_it_could_be_opened():
    der = envelope.encrypt(ORDER, pinned(own("theirs")), cipher="3des", entropy=chance())
    with pytest.raises(Refused) as refused:
        envelope.decrypt(der, [own("theirs")], ciphers=theirs().ciphers)
    assert refused.value.problem is Problem.SECURITY


def test_a_changed_message_in_an_authenticated_cipher_is_not_opened():
    message = sent(ours(encrypt="aes256_gcm"))
    der = message.body
    found = got(with_body(message, flipped(der, (len(der) - 40) * 8)))
    assert isinstance(found, Refusal)
    assert found.problem is Problem.DECRYPTION


def test_a_compressed_content_that_breaks_off_is_refused():
    whole = compression.compress(ORDER * 50)
    assert compression.decompress(whole, 100_000) == ORDER * 50
    packed = cms.ContentInfo.load(whole)["content"]
    short = packed["encap_content_info"]["content"].native[:-9]
    cut = cms.ContentInfo(
        {
            "content_type": "compressed_data",
            "content": {
                "version": "v0",
                "compression_algorithm": {"algorithm": "zlib"},
                "encap_content_info": {"content_type": "data", "content": short},
            },
        }
    ).dump()
    with pytest.raises(Refused, match="breaks off"):
        compression.decompress(cut, 100_000)
