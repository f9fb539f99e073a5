"""Receipts: what we answer and answer again, and what we believe of a partner's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.kit.http import Response
from crossdock.transport.as2.outgoing import Outgoing, message_id, outgoing
from crossdock.transport.as2.problem import Problem
from crossdock.transport.as2.profile import Partner, Receipts, by_names
from crossdock.transport.as2.receipts import Delivery, Reply, Stored, again, receipt_for
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Outcome, Receipt, Standing, Verdict, judge
from crossdock.transport.as2.sending import deliver, judge_answer, overdue, send
from tests.transport.as2.parties import NOW, ORDER, THEM, US, chance, ours, own, pinned, theirs


def sent(partner: Partner, document: bytes = ORDER, key: str = "k") -> Outgoing:
    return outgoing(document, partner, message_id=message_id(key, US), now=NOW, entropy=chance())


def got(message: Outgoing, partner: Partner | None = None, headers: Mapping[str, str] | None = None):
    given = {**message.headers, **(headers or {})}
    return receive(given, message.body, by_names([partner or theirs()]), NOW)


def answered(
    message: Outgoing, partner: Partner | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The partner's answer to a message of ours."""
    found = got(message, partner, headers)
    assert isinstance(found, Opened | Refusal)
    return response(receipt_for(found, NOW, chance(1)))


def response(reply: Reply) -> Response:
    return Response(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body)


def judged(answer: Response, message: Outgoing, partner: Partner | None = None) -> Verdict:
    return judge_answer(answer, message.expected, partner or ours(), now=NOW)


# -- what we answer -----------------------------------------------------------------------------


def test_the_same_message_again_gets_the_same_receipt_byte_for_byte():
    first = got(sent(ours()))
    assert isinstance(first, Opened)
    stored = Stored(first.content_sha256, receipt_for(first, NOW, chance(1)))
    encrypted_anew = outgoing(ORDER, ours(), message_id=message_id("k", US), now=NOW, entropy=chance(99))
    repeat = got(encrypted_anew)
    assert isinstance(repeat, Opened)
    assert repeat.arrival == first.arrival == f"{THEM}|{US}|{message_id('k', US)}"
    assert again(repeat, stored) == stored.reply
    assert receipt_for(repeat, NOW, chance(2)) != stored.reply  # the control: a new one would differ


def test_another_content_under_a_message_id_that_was_taken_is_refused():
    first, second = got(sent(ours())), got(sent(ours(), b"another"))
    assert isinstance(first, Opened)
    assert isinstance(second, Opened)
    found = again(second, Stored(first.content_sha256, receipt_for(first, NOW, chance(1))))
    assert isinstance(found, Refusal)
    verdict = judged(response(receipt_for(found, NOW, chance(1))), sent(ours(), b"another"))
    assert verdict.standing is Standing.REJECTED


def test_a_refusal_tells_the_sender_the_class_and_keeps_the_details_for_us():
    stranger = own("a stranger")
    found = got(sent(ours(keys=(stranger,))))
    assert isinstance(found, Refusal)
    body = receipt_for(found, NOW, chance(1)).body
    assert b"processed/error: authentication-failed" in body
    assert stranger.certificate.fingerprint.encode() not in body
    assert stranger.certificate.fingerprint in found.says


def test_a_stranger_gets_a_receipt_without_our_signature_and_nothing_is_posted_for_them():
    found = got(
        sent(ours()), headers={"AS2-From": "Nobody", "Receipt-Delivery-Option": "http://169.254.169.254/"}
    )
    assert isinstance(found, Refusal)
    reply = receipt_for(found, NOW, chance(1))
    assert reply.delivery is None
    assert reply.headers["Content-Type"].startswith("multipart/report")
    assert b"authentication-failed" in reply.body


def test_names_and_ids_of_a_stranger_cannot_break_the_headers_of_our_answer():
    evil = "x\r\nSet-Cookie: a=b\u00e9"
    found = got(sent(ours()), headers={"AS2-From": evil, "Message-ID": "<1@x>\r\nDisposition: yes"})
    assert isinstance(found, Refusal)
    reply = receipt_for(found, NOW, chance(1))
    assert all(
        "\r" not in value and "\n" not in value and value.isascii() for value in reply.headers.values()
    )
    assert b"\r\nDisposition: yes" not in reply.body


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://us.test/receipts", True),
        ("https://us.test:8443/receipts", True),
        ("https://also.test/r", True),
        ("https://evil.test/r", False),
        ("https://us.test@evil.test/r", False),
        ("http://169.254.169.254/latest", False),
        ("ftp://us.test/r", False),
        ("mailto:edi@us.test", False),
        ("https://[", False),
    ],
)
def test_an_asynchronous_receipt_goes_only_where_the_profile_allows(url, taken):
    yours = theirs(receipt_hosts=frozenset({"also.test"}))
    found = got(sent(ours()), yours, {"Receipt-Delivery-Option": url})
    reply = receipt_for(found, NOW, chance(1))
    assert isinstance(found, Opened if taken else Refusal)
    assert (reply.delivery.url if reply.delivery else None) == (url if taken else None)
    assert (reply.status, bool(reply.body)) == (200, not taken)


def test_without_a_wish_for_a_receipt_there_is_none():
    message = sent(ours(receipts=Receipts.NONE))
    assert receipt_for(got(message), NOW, chance(1)) == Reply(200, {"Content-Type": "text/plain"}, b"")
    refused = receipt_for(got(message, headers={"AS2-From": "Nobody"}), NOW, chance(1))
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
def test_the_receipt_is_made_as_the_sender_wishes(options, signed, mic):
    mine = ours(sign="", encrypt="", receipts=Receipts.SYNC)
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
    assert b"failed/failure: unsupported MIC-algorithms" in receipt_for(found, NOW, chance(1)).body
    old = replace(yours, legacy=frozenset({"sha1"}))
    assert isinstance(got(sent(mine), old, {"Disposition-Notification-Options": options}), Opened)


def test_a_side_whose_certificate_has_ended_answers_unsigned_and_we_do_not_believe_it():
    ended = own("theirs, ended", begins_days=-90, ends_days=-1)
    yours = theirs(
        keys=(
            ended,
            replace(
                own("theirs"), certificate=replace(own("theirs").certificate, use_from=NOW + timedelta(1))
            ),
        )
    )
    verdict = judged(answered(sent(ours()), yours), sent(ours()))
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_unsigned")


# -- what we believe ----------------------------------------------------------------------------


def receipt_with(old: bytes, new: bytes, *, signed: bool) -> tuple[Response, Outgoing, Partner]:
    """The partner's receipt with some bytes exchanged, before its signature when it has one."""
    mine = ours(signed_receipts=signed)
    message = sent(mine)
    found = got(message)
    assert isinstance(found, Opened)
    if signed:
        answer = answered(message)
        return replace(answer, body=answer.body.replace(old, new, 1)), message, mine
    answer = response(receipt_for(found, NOW, chance(1)))
    assert old in answer.body
    return replace(answer, body=answer.body.replace(old, new, 1)), message, mine


def test_a_receipt_is_believed_when_all_of_it_fits():
    message = sent(ours())
    verdict = judged(answered(message), message)
    assert (verdict.standing, verdict.fault) == (Standing.DONE, None)
    assert verdict.receipt is not None
    assert verdict.receipt.signed_by == own("theirs").certificate.fingerprint


def test_one_byte_of_a_signed_receipt_changed_leaves_the_message_in_doubt_with_the_bytes_kept():
    answer, message, mine = receipt_with(b"; processed", b"; Processed", signed=True)
    verdict = judged(answer, message, mine)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_signature")
    assert verdict.raw.endswith(answer.body)
    assert verdict.receipt is not None
    assert verdict.receipt.original_message_id == message.expected.message_id
    assert isinstance(verdict.fault, InDoubt)


def test_a_receipt_signed_by_a_stranger_is_not_believed():
    yours = theirs(keys=(own("a stranger"),), encryption_certificates=())
    mine = ours(encryption_certificates=(pinned(own("a stranger")),))
    verdict = judged(answered(sent(mine), yours), sent(mine))
    assert verdict.kind == "mdn_signature"
    assert own("a stranger").certificate.fingerprint in verdict.says


MICS = [
    (b"Received-Content-MIC: ", b"Received-Content-MIC: A", "mic_mismatch", "the MICs differ"),
    (b", sha-256", b", sha1", "mic_mismatch", "does not take"),
]


@pytest.mark.parametrize(("old", "new", "kind", "word"), MICS, ids=["value", "algorithm"])
def test_another_mic_than_ours_is_in_doubt_and_never_sent_again_by_guessing(old, new, kind, word):
    answer, message, mine = receipt_with(old, new, signed=False)
    verdict = judged(answer, message, mine)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, kind)
    assert word in verdict.says
    assert verdict.raw.endswith(answer.body)


DISPOSITIONS = [
    ("processed", Outcome.PROCESSED, "", Standing.DONE),
    ("Processed", Outcome.PROCESSED, "", Standing.DONE),
    ("processed/warning: duplicate-document", Outcome.WARNING, "duplicate-document", Standing.DONE),
    ("processed/Warning:authentication-failed, processing continued", Outcome.WARNING,
     "authentication-failed, processing continued", Standing.DONE),
    ("displayed", Outcome.PROCESSED, "", Standing.DONE),
    ("processed/error: decryption-failed", Outcome.ERROR, "decryption-failed", Standing.REJECTED),
    ("processed/Error:  integrity-check-failed", Outcome.ERROR, "integrity-check-failed", Standing.REJECTED),
    ("processed / error : authentication-failed", Outcome.ERROR, "authentication-failed", Standing.REJECTED),
    ("failed/Failure: unsupported format", Outcome.FAILURE, "unsupported format", Standing.REJECTED),
    ("failed", Outcome.FAILURE, "failed", Standing.REJECTED),
    ("deleted", Outcome.FAILURE, "deleted", Standing.REJECTED),
    ("processed/error", Outcome.ERROR, "processed", Standing.REJECTED),
    ("processed/perhaps", Outcome.UNREADABLE, None, Standing.UNCLEAR),
    ("swallowed", Outcome.UNREADABLE, None, Standing.UNCLEAR),
    ("", Outcome.UNREADABLE, None, Standing.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "outcome", "modifier", "standing"), DISPOSITIONS, ids=[d[0] for d in DISPOSITIONS]
)
def test_a_disposition_is_read_in_all_its_spellings(written, outcome, modifier, standing):
    answer, message, mine = receipt_with(b"; processed\r\n", f"; {written}\r\n".encode(), signed=False)
    verdict = judged(answer, message, mine)
    assert verdict.receipt is not None
    assert (verdict.receipt.outcome, verdict.standing) == (outcome, standing)
    assert modifier is None or verdict.receipt.modifier == modifier


def test_an_error_in_a_field_of_its_own_is_read_too():
    answer, message, mine = receipt_with(
        b"; processed\r\n", b"; processed\r\n\r\nError: decryption-failed\r\n", signed=False
    )
    verdict = judged(answer, message, mine)
    assert isinstance(verdict.fault, Rejected)
    assert "decryption-failed" in verdict.says
    assert "certificate" in verdict.fix


def test_the_receipt_of_another_message_settles_nothing():
    message, other = sent(ours()), sent(ours(), key="other")
    verdict = judged(answered(other), message)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_foreign")


def test_a_receipt_from_another_partner_settles_nothing():
    message = sent(ours())
    answer = answered(message)
    verdict = judged(replace(answer, headers={**answer.headers, "as2-from": "Another"}), message)
    assert verdict.kind == "mdn_foreign"


@pytest.mark.parametrize("field", [b"Original-Recipient", b"Final-Recipient", b"Reporting-UA"])
def test_a_receipt_without_a_field_that_nobody_needs_is_read(field):
    answer, message, mine = receipt_with(field, b"X-Other", signed=False)
    assert judged(answer, message, mine).standing is Standing.DONE


def test_an_unsigned_refusal_counts_in_the_answer_but_not_when_it_is_posted_by_anybody():
    sync, posted = ours(), ours(receipts=Receipts.ASYNC, receipt_url="https://us.test/as2")
    for mine, standing in ((sync, Standing.REJECTED), (posted, Standing.UNCLEAR)):
        message = sent(mine)
        found = replace(got(message, headers={"AS2-From": "Nobody"}), them=US, us=THEM)
        report = response(receipt_for(found, NOW, chance(1)))
        if standing is Standing.REJECTED:
            assert judged(report, message, mine).standing is standing
        else:
            receipt = receive(report.headers, report.body, by_names([mine]), NOW)
            assert isinstance(receipt, Receipt)
            assert judge(receipt, message.expected).standing is standing


STATUSES = [
    (200, Standing.UNCLEAR), (204, Standing.UNCLEAR), (301, Standing.REJECTED), (400, Standing.REJECTED),
    (401, Standing.REJECTED), (404, Standing.REJECTED), (408, Standing.UNCLEAR), (413, Standing.REJECTED),
    (429, Standing.LATER), (500, Standing.UNCLEAR), (502, Standing.UNCLEAR), (503, Standing.LATER),
    (504, Standing.UNCLEAR), (100, Standing.UNCLEAR), (599, Standing.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(("status", "standing"), STATUSES)
def test_an_answer_without_a_receipt_is_judged_by_its_status(status, standing):
    message = sent(ours())
    verdict = judged(
        Response(status, {"content-type": "text/plain", "retry-after": "7"}, b"no\nsuch  thing"), message
    )
    assert verdict.standing is standing
    if standing is Standing.LATER:
        assert isinstance(verdict.fault, TryLater)
        assert verdict.fault.wait_s == 7.0
    assert verdict.raw.startswith(f"HTTP/1.1 {status}".encode())


def test_retry_after_may_be_a_date():
    answer = Response(503, {"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"})
    assert judged(answer, sent(ours())).wait_s == 30.0


def test_a_receipt_that_says_processed_under_an_error_status_is_in_doubt():
    message = sent(ours())
    verdict = judged(replace(answered(message), status=500), message)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "status")


@pytest.mark.parametrize("body", [b"<html>thanks</html>", b"\x00" * 50, b"--x--"])
def test_an_answer_that_is_something_else_than_a_receipt_is_in_doubt(body):
    message = sent(ours())
    for kind in (
        "text/html",
        "multipart/report; boundary=x",
        "multipart/signed; boundary=x",
        "application/pkcs7-mime",
    ):
        verdict = judged(Response(200, {"content-type": kind}, body), message)
        assert (verdict.standing, verdict.kind in ("mdn_missing", "mdn_unreadable", "mdn_foreign")) == (
            Standing.UNCLEAR, True,
        )  # fmt: skip


def test_a_receipt_is_overdue_after_its_time_and_not_before():
    mine = ours(receipts=Receipts.ASYNC, receipt_url="https://us.test/as2", receipt_within_s=600)
    expected = sent(mine).expected
    assert not expected.overdue(NOW + timedelta(seconds=600))
    assert expected.overdue(NOW + timedelta(seconds=601))
    verdict = overdue(expected)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_overdue")
    assert not sent(ours(receipts=Receipts.NONE)).expected.overdue(NOW + timedelta(days=9))


# -- on the way ---------------------------------------------------------------------------------


class FakeClient:
    """A client whose next outcome is given."""

    def __init__(self, outcome: Response | Exception) -> None:
        self.outcome = outcome
        self.seen: list[tuple[str, str, bytes, Mapping[str, str]]] = []

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        self.seen.append((method, path, body, headers or {}))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def close(self) -> None:
        """Nothing to end."""


async def test_sending_posts_the_stored_bytes_and_judges_the_answer():
    message = sent(ours())
    client = FakeClient(answered(message))
    verdict = await send(client, message, ours(), now=NOW, path="/as2")
    assert verdict.standing is Standing.DONE
    assert client.seen == [("POST", "/as2", message.body, message.headers)]


@pytest.mark.parametrize("fault", [TryLater("no address"), InDoubt("no answer")])
async def test_what_the_client_knows_of_the_sending_stays_as_it_is(fault):
    with pytest.raises(type(fault)):
        await send(FakeClient(fault), sent(ours()), ours(), now=NOW)


@pytest.mark.parametrize(
    ("status", "fault"),
    [(200, None), (202, None), (429, TryLater), (503, TryLater), (500, InDoubt), (404, Rejected)],
)
async def test_a_receipt_of_ours_is_posted_until_it_is_taken(status, fault):
    delivery = Delivery("https://them.test/r", {"AS2-From": US}, b"receipt")
    client = FakeClient(Response(status))
    if fault is None:
        await deliver(client, delivery)
    else:
        with pytest.raises(fault):
            await deliver(client, delivery)
    assert client.seen == [("POST", "", b"receipt", {"AS2-From": US})]
