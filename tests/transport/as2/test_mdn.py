"""MDNs that we give: made as the sender wishes, and given again for the same message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.transport.as2.mdn import Reply, Stored, again, mdn_for
from crossdock.transport.as2.outgoing import message_id, outgoing
from crossdock.transport.as2.problem import Problem
from crossdock.transport.as2.profile import MdnMode
from crossdock.transport.as2.receiving import Opened, Payload, Refusal
from crossdock.transport.as2.report import Standing
from tests.transport.as2.exchange import answered, got, judged, response, sent
from tests.transport.as2.parties import NOW, ORDER, THEM, US, chance, ours, own, pinned, theirs


def test_the_same_message_again_gets_the_same_mdn_byte_for_byte():
    first = got(sent(ours()))
    assert isinstance(first, Opened)
    stored = Stored(first.content_sha256, mdn_for(first, NOW, chance(1)))
    encrypted_anew = outgoing(ORDER, ours(), message_id=message_id("k", US), now=NOW, entropy=chance(99))
    repeat = got(encrypted_anew)
    assert isinstance(repeat, Opened)
    assert repeat.arrival == first.arrival == f"{THEM}|{US}|{message_id('k', US)}"
    assert again(repeat, stored) == stored.reply
    assert mdn_for(repeat, NOW, chance(2)) != stored.reply  # the control: a new one would differ


def test_another_content_under_a_message_id_that_was_taken_is_refused():
    first, second = got(sent(ours())), got(sent(ours(), b"another"))
    assert isinstance(first, Opened)
    assert isinstance(second, Opened)
    found = again(second, Stored(first.content_sha256, mdn_for(first, NOW, chance(1))))
    assert isinstance(found, Refusal)
    verdict = judged(response(mdn_for(found, NOW, chance(1))), sent(ours(), b"another"))
    assert verdict.standing is Standing.REJECTED


def test_what_a_message_holds_is_all_of_its_contents_in_their_order():
    first = got(sent(ours()))
    assert isinstance(first, Opened)
    one, other = Payload(b"1", "text/plain"), Payload(b"2", "text/plain")
    held = [
        replace(first, attachments=attachments).content_sha256
        for attachments in ((), (one,), (other,), (one, other), (other, one), (Payload(b"12", "text/plain"),))
    ]
    assert len(set(held)) == len(held), (
        "another attachment under a taken Message-ID would get the first one's MDN"
    )


@pytest.mark.parametrize("signed", ["", "optional", "required"])
@pytest.mark.parametrize("at", ["http://169.254.169.254/", "https://evil.test/", "ftp://us.test/"])
def test_whatever_mdn_is_asked_for_none_is_promised_to_another_address(at: str, signed: str):
    options = f"signed-receipt-protocol={signed}, pkcs7-signature; signed-receipt-micalg=optional, sha256"
    headers = {
        "Disposition-Notification-To": "them",
        "Disposition-Notification-Options": options if signed else "",
        "Receipt-Delivery-Option": at,
    }
    found = got(sent(ours()), headers=headers)
    assert isinstance(found, Refusal)
    assert "not the partner's" in found.says
    own = got(sent(ours()), headers={**headers, "Receipt-Delivery-Option": "https://us.test/mdn"})
    assert isinstance(own, Opened), "control: the partner's own address is one"


def test_a_refusal_tells_the_sender_the_class_and_keeps_the_details_for_us():
    stranger = own("a stranger")
    found = got(sent(ours(keys=(stranger,))))
    assert isinstance(found, Refusal)
    body = mdn_for(found, NOW, chance(1)).body
    assert b"processed/error: authentication-failed" in body
    assert stranger.certificate.fingerprint.encode() not in body
    assert stranger.certificate.fingerprint in found.says


def test_a_stranger_gets_a_mdn_without_our_signature_and_nothing_is_posted_for_them():
    found = got(
        sent(ours()), headers={"AS2-From": "Nobody", "Receipt-Delivery-Option": "http://169.254.169.254/"}
    )
    assert isinstance(found, Refusal)
    reply = mdn_for(found, NOW, chance(1))
    assert reply.delivery is None
    assert reply.headers["Content-Type"].startswith("multipart/report")
    assert b"authentication-failed" in reply.body


def test_names_and_ids_of_a_stranger_cannot_break_the_headers_of_our_answer():
    evil = "x\r\nSet-Cookie: a=b\u00e9"
    found = got(sent(ours()), headers={"AS2-From": evil, "Message-ID": "<1@x>\r\nDisposition: yes"})
    assert isinstance(found, Refusal)
    reply = mdn_for(found, NOW, chance(1))
    assert all(
        "\r" not in value and "\n" not in value and value.isascii() for value in reply.headers.values()
    )
    assert b"\r\nDisposition: yes" not in reply.body


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://us.test/MDNs", True),
        ("https://us.test:8443/MDNs", True),
        ("https://also.test/r", True),
        ("https://evil.test/r", False),
        ("https://us.test@evil.test/r", False),
        ("http://169.254.169.254/latest", False),
        ("ftp://us.test/r", False),
        ("mailto:edi@us.test", False),
        ("https://[", False),
    ],
)
def test_an_asynchronous_mdn_goes_only_where_the_profile_allows(url, taken):
    yours = theirs(mdn_hosts=frozenset({"also.test"}))
    found = got(sent(ours()), yours, {"Receipt-Delivery-Option": url})
    reply = mdn_for(found, NOW, chance(1))
    assert isinstance(found, Opened if taken else Refusal)
    assert (reply.delivery.url if reply.delivery else None) == (url if taken else None)
    assert (reply.status, bool(reply.body)) == (200, not taken)


def test_without_a_wish_for_a_mdn_there_is_none():
    message = sent(ours(mdn=MdnMode.NONE))
    assert mdn_for(got(message), NOW, chance(1)) == Reply(200, {"Content-Type": "text/plain"}, b"")
    refused = mdn_for(got(message, headers={"AS2-From": "Nobody"}), NOW, chance(1))
    assert refused.status == 400
    assert judged(response(refused), message).standing is Standing.REJECTED


PROTOCOL = "signed-receipt-protocol=optional, pkcs7-signature"


@pytest.mark.parametrize(
    ("options", "signed", "mic"),
    [
        (f"{PROTOCOL}; signed-receipt-micalg=optional, sha1, SHA256", True, "SHA256"),
        ("signed-receipt-protocol = required , x;signed-receipt-micalg=optional,sha-512", True, "sha-512"),
        ("signed-receipt-micalg=optional, whirlpool", False, "sha-256"),
        ("", False, "sha-256"),
    ],
)  # fmt: skip
def test_the_mdn_is_made_as_the_sender_wishes(options, signed, mic):
    mine = ours(sign="", encrypt="", mdn=MdnMode.SYNC)
    yours = theirs(require_signed=False, require_encrypted=False)
    answer = answered(sent(mine), yours, {"Disposition-Notification-Options": options})
    assert answer.headers["content-type"].startswith("multipart/signed") is signed
    assert f", {mic}\r\n".encode() in answer.body


def test_a_digest_that_must_be_and_cannot_be_is_refused_as_such():
    mine = ours(sign="", encrypt="")
    options = "signed-receipt-micalg=required, sha1"
    yours = theirs(require_signed=False, require_encrypted=False)
    found = got(sent(mine), yours, {"Disposition-Notification-Options": options})
    assert isinstance(found, Refusal)
    assert found.problem is Problem.MIC_ALGORITHM
    assert b"failed/failure: unsupported MIC-algorithms" in mdn_for(found, NOW, chance(1)).body
    old = replace(yours, legacy=frozenset({"sha1"}))
    assert isinstance(got(sent(mine), old, {"Disposition-Notification-Options": options}), Opened)


def test_nothing_is_taken_whose_mdn_must_be_signed_and_cannot_be():
    ended = own("theirs, ended", begins_days=-90, ends_days=-1)
    following = own("theirs", use_days=1)
    yours = theirs(keys=(following, ended))
    assert yours.signing_key(NOW) is None
    used_too_early = replace(pinned(following), use_from=NOW)
    found = got(sent(ours(encryption_certificates=(used_too_early,))), yours)
    assert isinstance(found, Refusal)
    assert "no certificate of The Partner is valid now" in found.says
    answer = response(mdn_for(found, NOW, chance(1)))
    assert judged(answer, sent(ours())).standing is Standing.REJECTED


def test_a_mdn_that_may_be_unsigned_is_given_so_when_no_key_is_there():
    yours = theirs(keys=(), sign="", require_encrypted=False)
    found = got(sent(ours(encrypt="")), yours, {"Disposition-Notification-Options": PROTOCOL})
    assert mdn_for(found, NOW, chance(1)).headers["Content-Type"].startswith("multipart/report")
    assert judged(response(mdn_for(found, NOW, chance(1))), sent(ours(encrypt=""))).kind == "mdn_unsigned"
