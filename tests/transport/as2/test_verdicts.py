"""MDNs of a partner: believed only when everything fits, kept whatever they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.kit.http import Response
from crossdock.transport.as2.mdn import Delivery, mdn_for
from crossdock.transport.as2.outgoing import Outgoing
from crossdock.transport.as2.profile import MdnMode, Partner, by_names
from crossdock.transport.as2.receiving import Opened, receive
from crossdock.transport.as2.report import Mdn, Outcome, Standing, judge
from crossdock.transport.as2.sending import deliver, overdue, send
from tests.transport.as2.exchange import answered, got, judged, response, sent
from tests.transport.as2.parties import NOW, THEM, US, chance, ours, own, pinned, theirs


def mdn_with(old: bytes, new: bytes, *, signed: bool) -> tuple[Response, Outgoing, Partner]:
    """The partner's MDN with some bytes exchanged, before its signature when it has one."""
    mine = ours(mdn_signed=signed)
    message = sent(mine)
    found = got(message)
    assert isinstance(found, Opened)
    if signed:
        answer = answered(message)
        return replace(answer, body=answer.body.replace(old, new, 1)), message, mine
    answer = response(mdn_for(found, NOW, chance(1)))
    assert old in answer.body
    return replace(answer, body=answer.body.replace(old, new, 1)), message, mine


def test_a_mdn_is_believed_when_all_of_it_fits():
    message = sent(ours())
    verdict = judged(answered(message), message)
    assert (verdict.standing, verdict.fault) == (Standing.DONE, None)
    assert verdict.mdn is not None
    assert verdict.mdn.signed_by == own("theirs").certificate.fingerprint


def test_one_byte_of_a_signed_mdn_changed_leaves_the_message_in_doubt_with_the_bytes_kept():
    answer, message, mine = mdn_with(b"; processed", b"; Processed", signed=True)
    verdict = judged(answer, message, mine)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_signature")
    assert verdict.raw.endswith(answer.body)
    assert verdict.mdn is not None
    assert verdict.mdn.original_message_id == message.expected.message_id
    assert isinstance(verdict.fault, InDoubt)


def test_a_mdn_signed_by_a_stranger_is_not_believed():
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
    answer, message, mine = mdn_with(old, new, signed=False)
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
    answer, message, mine = mdn_with(b"; processed\r\n", f"; {written}\r\n".encode(), signed=False)
    verdict = judged(answer, message, mine)
    assert verdict.mdn is not None
    assert (verdict.mdn.outcome, verdict.standing) == (outcome, standing)
    assert modifier is None or verdict.mdn.modifier == modifier


def test_an_error_in_a_field_of_its_own_is_read_too():
    answer, message, mine = mdn_with(
        b"; processed\r\n", b"; processed\r\n\r\nError: decryption-failed\r\n", signed=False
    )
    verdict = judged(answer, message, mine)
    assert isinstance(verdict.fault, Rejected)
    assert "decryption-failed" in verdict.says
    assert "certificate" in verdict.fix


def test_the_mdn_of_another_message_settles_nothing():
    message, other = sent(ours()), sent(ours(), key="other")
    verdict = judged(answered(other), message)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_foreign")


def test_a_mdn_from_another_partner_settles_nothing():
    message = sent(ours())
    answer = answered(message)
    verdict = judged(replace(answer, headers={**answer.headers, "as2-from": "Another"}), message)
    assert verdict.kind == "mdn_foreign"


@pytest.mark.parametrize("field", [b"Original-Recipient", b"Final-Recipient", b"Reporting-UA"])
def test_a_mdn_without_a_field_that_nobody_needs_is_read(field):
    answer, message, mine = mdn_with(field, b"X-Other", signed=False)
    assert judged(answer, message, mine).standing is Standing.DONE


def test_an_unsigned_refusal_counts_in_the_answer_but_not_when_it_is_posted_by_anybody():
    message = sent(ours())
    found = replace(got(message, headers={"AS2-From": "Nobody"}), them=US, us=THEM)
    report = response(mdn_for(found, NOW, chance(1)))
    assert judged(report, message).standing is Standing.REJECTED
    posted = receive(report.headers, report.body, by_names([ours()]), NOW)
    assert isinstance(posted, Mdn)
    assert judge(posted, message.expected).kind == "mdn_unsigned"


STATUSES = [
    (200, Standing.UNCLEAR), (204, Standing.UNCLEAR), (301, Standing.REJECTED), (400, Standing.REJECTED),
    (401, Standing.REJECTED), (404, Standing.REJECTED), (408, Standing.UNCLEAR), (413, Standing.REJECTED),
    (429, Standing.LATER), (500, Standing.UNCLEAR), (502, Standing.UNCLEAR), (503, Standing.LATER),
    (504, Standing.UNCLEAR), (100, Standing.UNCLEAR), (599, Standing.UNCLEAR),
]  # fmt: skip


@pytest.mark.parametrize(("status", "standing"), STATUSES)
def test_an_answer_without_a_mdn_is_judged_by_its_status(status, standing):
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


def test_a_mdn_that_says_processed_under_an_error_status_is_in_doubt():
    message = sent(ours())
    verdict = judged(replace(answered(message), status=500), message)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "status")


@pytest.mark.parametrize("body", [b"<html>thanks</html>", b"\x00" * 50, b"--x--"])
def test_an_answer_that_is_something_else_than_a_mdn_is_in_doubt(body):
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


def test_a_mdn_is_overdue_after_its_time_and_not_before():
    mine = ours(mdn=MdnMode.ASYNC, mdn_url="https://us.test/as2", mdn_within_s=600)
    expected = sent(mine).expected
    assert not expected.overdue(NOW + timedelta(seconds=600))
    assert expected.overdue(NOW + timedelta(seconds=601))
    verdict = overdue(expected)
    assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mdn_overdue")
    assert not sent(ours(mdn=MdnMode.NONE)).expected.overdue(NOW + timedelta(days=9))


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
async def test_a_mdn_of_ours_is_posted_until_it_is_taken(status, fault):
    delivery = Delivery("https://them.test/r", {"AS2-From": US}, b"MDN")
    client = FakeClient(Response(status))
    if fault is None:
        await deliver(client, delivery)
    else:
        with pytest.raises(fault):
            await deliver(client, delivery)
    assert client.seen == [("POST", "", b"MDN", {"AS2-From": US})]


@pytest.mark.parametrize("mdn_signed", [True, False])
@pytest.mark.parametrize("message_signed", [True, False])
def test_a_mdn_without_a_digest_proves_nothing_where_both_sides_sign(message_signed: bool, mdn_signed: bool):
    expected = replace(sent(ours()).expected, message_signed=message_signed, signed=mdn_signed)
    mdn = Mdn(
        expected.message_id, Outcome.PROCESSED, "", "", None, expected.us, expected.them, signed_by="theirs"
    )
    verdict = judge(mdn, expected)
    if message_signed and mdn_signed:
        assert (verdict.standing, verdict.kind) == (Standing.UNCLEAR, "mic_missing")
    else:
        assert verdict.standing is Standing.DONE, "control: nobody agreed on a digest"
