"""Any bytes at our AS2 address: always opened or refused, never a crash."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.kit.http import Response
from crossdock.transport.as2 import compression, envelope, mime
from crossdock.transport.as2.asn1 import cms
from crossdock.transport.as2.mdn import mdn_for
from crossdock.transport.as2.outgoing import Outgoing, message_id, outgoing
from crossdock.transport.as2.problem import Problem, Refused
from crossdock.transport.as2.profile import Compress, Limits, by_names
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Mdn, Standing
from crossdock.transport.as2.sending import judge_answer
from tests.transport.as2.parties import NOW, ORDER, THEM, US, chance, ours, own, pinned, theirs

LIMITS = Limits(body_bytes_max=1_000_000, document_bytes_max=1_000_000)
RELAXED = theirs(require_signed=False, require_encrypted=False, legacy=frozenset({"sha1", "md5", "3des"}))
PARTNERS = by_names([RELAXED])
TYPES = (
    "application/pkcs7-mime", "application/pkcs7-mime; smime-type=compressed-data", "multipart/signed; boundary=b",
    "multipart/report; boundary=b", "multipart/mixed; boundary=b", "multipart/mixed", "application/edi-x12", "",
)  # fmt: skip


def sent(document: bytes = ORDER, **settings: object) -> Outgoing:
    return outgoing(document, ours(**settings), message_id=message_id("k", US), now=NOW, entropy=chance())


def check(headers: dict[str, str], body: bytes) -> Opened | Mdn | Refusal:
    """What any request becomes, and that it can be answered."""
    found = receive(headers, body, PARTNERS, NOW, LIMITS)
    assert isinstance(found, Opened | Mdn | Refusal)
    if not isinstance(found, Mdn):
        reply = mdn_for(found, NOW, chance(1))
        assert all(value.isascii() and value.isprintable() for value in reply.headers.values())
    return found


@given(
    kind=st.sampled_from(TYPES),
    encoding=st.sampled_from(("", "base64", "quoted-printable", "binary", "7bit", "x")),
    body=st.binary(max_size=400),
    names=st.tuples(st.text(max_size=20), st.text(max_size=20)) | st.just((US, THEM)),
    more=st.dictionaries(
        st.sampled_from(("Disposition-Notification-To", "Disposition-Notification-Options", "Receipt-Delivery-Option",
                         "Subject", "Message-ID", "Content-Disposition")),
        st.text(max_size=60),
    ),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_a_request_of_any_bytes_is_opened_or_refused(kind, encoding, body, names, more):
    headers = {
        "AS2-From": names[0],
        "AS2-To": names[1],
        "Content-Type": kind,
        "Content-Transfer-Encoding": encoding,
    }
    check({"Message-ID": "<1@x>", **headers, **more}, body)


def bent(body: bytes, dice: random.Random) -> bytes:
    """A body with something cut, doubled, exchanged or put in."""
    at, to = sorted(dice.sample(range(len(body) + 1), 2))
    piece = dice.choice(
        (b"", body[at:to] * 2, dice.randbytes(to - at), b"\r\n\r\n", b"\n--b", b"\x30\x80", b"\xff" * 9)
    )
    if dice.random() < 0.5:
        to = min(to, at + 4)
    return body[:at] + piece[:50_000] + body[to:]


WHOLE = [
    sent(sign=sign, encrypt=encrypt, compress=compress)
    for sign in ("", "sha256")
    for encrypt in ("", "aes128_cbc", "aes256_gcm")
    for compress in Compress
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_message_bent_anywhere_is_opened_or_refused(seed):
    dice = random.Random(seed)
    outcomes: dict[str, int] = {}
    for _ in range(250):
        message = dice.choice(WHOLE)
        body = message.body
        for _ in range(dice.randint(1, 3)):
            body = bent(body, dice)
        name = type(check(dict(message.headers), body)).__name__
        outcomes[name] = outcomes.get(name, 0) + 1
    assert outcomes.get("Refusal", 0) > 100


@pytest.mark.parametrize("seed", range(4))
def test_what_is_inside_an_envelope_may_be_anything_too(seed):
    dice = random.Random(seed)
    inner = sent(encrypt="", compress="never")
    entity = f"Content-Type: {inner.headers['Content-Type']}\r\n\r\n".encode() + inner.body
    for _ in range(100):
        content = dice.choice(
            (
                bent(entity, dice),
                dice.randbytes(dice.randint(0, 60)),
                compression.compress(bent(entity, dice)),
            )
        )
        der = envelope.encrypt(content, pinned(own("theirs")), cipher="aes128_cbc", entropy=chance(seed))
        headers = {**inner.headers, "Content-Type": "application/pkcs7-mime"}
        check(headers, der)
    assert isinstance(check(dict(inner.headers), inner.body), Opened)


@pytest.mark.parametrize("seed", range(4))
def test_a_mdn_bent_anywhere_is_judged_and_never_done_when_its_signature_broke(seed):
    dice = random.Random(seed)
    message = sent()
    found = receive(message.headers, message.body, by_names([theirs()]), NOW)
    assert isinstance(found, Opened)
    reply = mdn_for(found, NOW, chance(1))
    headers = {name.lower(): value for name, value in reply.headers.items()}
    for _ in range(150):
        body = bent(reply.body, dice)
        verdict = judge_answer(Response(200, headers, body), message.expected, ours(), now=NOW)
        assert verdict.standing in (Standing.UNCLEAR, Standing.REJECTED) or verdict.mdn.signed_by
        assert verdict.raw.endswith(body)


DEEP = 3000


def test_structures_nested_beyond_reason_are_refused_quickly():
    der = b"\x30\x80" * DEEP + b"\x00\x00" * DEEP
    headers = {
        "AS2-From": US,
        "AS2-To": THEM,
        "Message-ID": "<1@x>",
        "Content-Type": "application/pkcs7-mime",
    }
    assert isinstance(check(headers, der), Refusal)
    nested = cms.ContentInfo({"content_type": "data", "content": b"x"}).dump()
    for _ in range(200):
        nested = cms.ContentInfo(
            {"content_type": "compressed_data", "content": {
                "version": "v0", "compression_algorithm": {"algorithm": "zlib"},
                "encap_content_info": {"content_type": "data", "content": nested}}}
        ).dump()  # fmt: skip
    assert isinstance(check(headers, nested), Refusal)


HEADS = [
    b"no headers at all", b": no name\r\n\r\n", b" folded first: x\r\n\r\n", b"A: b",
    b"A b: c\r\n\r\n", b"\xff\xfe: x\r\n\r\n",
    b"A: b\r\n" * 300 + b"\r\n", b"A: " + b"x" * 70_000 + b"\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("raw", HEADS, ids=range(len(HEADS)))
def test_what_does_not_begin_with_headers_is_no_entity(raw):
    with pytest.raises(Refused) as refused:
        mime.read(raw)
    assert refused.value.problem is Problem.UNEXPECTED


@given(
    parts=st.lists(st.binary(max_size=40), min_size=1, max_size=6),
    text=st.binary(max_size=20),
    lf=st.booleans(),
)
def test_the_parts_of_a_multipart_come_back_to_the_byte(parts, text, lf):
    line, boundary = (b"\n" if lf else b"\r\n"), b"a-rather-long-boundary"
    raw = [b"X: y" + line * 2 + part.replace(b"\r", b" ").replace(b"\n", b" ") for part in parts]
    body = text.replace(b"\n", b" ") + line if text else b""
    body += b"".join(b"--" + boundary + line + part + line for part in raw) + b"--" + boundary + b"--"
    entity = mime.made((("Content-Type", f"multipart/mixed; boundary={boundary.decode()}"),), body)
    assert [part.raw for part in mime.parts(entity, 10)] == raw


@given(st.text(max_size=50))
def test_a_file_name_is_read_as_it_was_written_and_never_as_a_path(name):
    written = (
        f"attachment; {mime.parameter('filename', name)}" if name.isprintable() and name else "attachment"
    )
    found = mime.made((), b"")
    found = mime.Entity((("Content-Disposition", written),), b"", b"").filename
    assert "/" not in found
    assert "\\" not in found
    if name.isprintable() and not {"/", "\\"} & set(name):
        assert found == name
