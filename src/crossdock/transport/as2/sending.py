"""Messages on their way to a partner over HTTP, and what the answer says became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.kit.http import Client, Response
from crossdock.transport.as2 import report
from crossdock.transport.as2.asn1 import BROKEN
from crossdock.transport.as2.mdn import Delivery
from crossdock.transport.as2.outgoing import Expected, Outgoing, unquoted
from crossdock.transport.as2.problem import Refused
from crossdock.transport.as2.profile import Limits, MdnMode, Partner
from crossdock.transport.as2.receiving import content_of
from crossdock.transport.as2.report import Mdn, Standing, Verdict, judge

_TEXT_MAX = 300
_LATER = frozenset({429, 503})
#: The server may have read the message before it gave this answer.
_UNCLEAR = frozenset({408, 500, 502, 504})


async def send(
    client: Client,
    message: Outgoing,
    partner: Partner,
    *,
    now: datetime,
    path: str = "",
    limits: Limits | None = None,
) -> Verdict:
    """One request, and what its answer means.

    Store the message's bytes and `expected` before. Raises TryLater when nothing was sent, InDoubt when
    bytes may have left and no complete answer came; whatever was answered is a verdict with its raw bytes.
    """
    answer = await client.send("POST", path, body=message.body, headers=message.headers)
    return judge_answer(answer, message.expected, partner, now=now, limits=limits)


def judge_answer(
    answer: Response, expected: Expected, partner: Partner, *, now: datetime, limits: Limits | None = None
) -> Verdict:
    """What the answer to a message means: done, waiting for its MDN, later, rejected or unclear. Pure."""
    raw = raw_answer(answer)
    mdn, why = _mdn(answer, partner, now, limits or Limits())
    if mdn is not None:
        verdict = judge(mdn, expected, raw=raw, in_the_answer=True)
        if not _taken(answer.status) and verdict.standing is Standing.DONE:
            says = f"{expected.them} answered {answer.status} with an MDN that says processed"
            return replace(verdict, standing=Standing.UNCLEAR, says=says, kind="status")
        return verdict
    if not _taken(answer.status):
        return _by_status(answer, expected, raw, now)
    if expected.mdn is MdnMode.NONE:
        return Verdict(
            Standing.DONE, f"{expected.them} answered {answer.status}; no MDN was asked for", raw=raw
        )
    if expected.mdn is MdnMode.ASYNC:
        says = f"{expected.them} answered {answer.status}; the MDN is due by {expected.due:%Y-%m-%d %H:%M %Z}"
        return Verdict(Standing.WAITING, says, raw=raw)
    says = f"{expected.them} answered {answer.status} without an MDN{why}"
    fix = "ask the partner whether they have the message, and that their MDNs come in the answer"
    return Verdict(Standing.UNCLEAR, says, "mdn_missing", fix, raw=raw)


def overdue(expected: Expected) -> Verdict:
    """The verdict on a message whose MDN did not come in time."""
    return Verdict(
        Standing.UNCLEAR,
        f"no MDN of {expected.them} by {expected.due:%Y-%m-%d %H:%M %Z} for {expected.message_id}",
        "mdn_overdue",
        "ask the partner whether they have the message; the same Message-ID may be sent again",
    )


def _mdn(answer: Response, partner: Partner, now: datetime, limits: Limits) -> tuple[Mdn | None, str]:
    """The MDN in an answer, or why what is there is none."""
    if not answer.body:
        return None, ""
    headers = answer.headers
    if len(answer.body) > limits.body_bytes_max:
        return None, f": {len(answer.body):,} bytes are more than is read"
    us, them = unquoted(headers.get("as2-to", "")), unquoted(headers.get("as2-from", ""))
    try:
        opening, trouble = report.opened(content_of(headers, answer.body), partner, now, limits)
        if not report.is_report(opening):
            return None, f" but with {opening.entity.kind or 'something'!r}"
        found = report.read_report(
            opening, partner, limits, message_id=headers.get("message-id", ""), trouble=trouble
        )
    except Refused as refused:
        return None, f" that can be read: {refused.says}"
    except (*BROKEN, UnicodeError):
        return None, " that can be read"
    # Many leave the names out of an answer; where they are given they must be right.
    return replace(found, us=us or found.us, them=them or found.them), ""


def _taken(status: int) -> bool:
    return 200 <= status < 300


def _by_status(answer: Response, expected: Expected, raw: bytes, now: datetime) -> Verdict:
    """What a refusal by status alone means."""
    says = f"{expected.them} answered {answer.status}"
    if text := _text(answer):
        says = f"{says}: {text}"
    if answer.status in _LATER:
        return Verdict(Standing.LATER, says, "status", raw=raw, wait_s=_wait_s(answer.headers, now))
    if answer.status in _UNCLEAR or not 300 <= answer.status < 500:
        fix = "ask the partner whether they have the message; the same Message-ID may be sent again"
        return Verdict(Standing.UNCLEAR, says, "status", fix, raw=raw)
    fix = "compare the address of the profile with the partner's"
    return Verdict(Standing.REJECTED, says, "status", fix, raw=raw)


def _text(answer: Response) -> str:
    if not answer.headers.get("content-type", "").startswith("text/plain"):
        return ""
    text = answer.body[: 4 * _TEXT_MAX].decode("utf-8", "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:_TEXT_MAX]


def _wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that Retry-After asks for, in either of its forms."""
    written = headers.get("retry-after", "").strip()
    if written.isdecimal() and len(written) < 9:
        return float(written)
    try:
        then = parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return None
    return max(0.0, (then - now).total_seconds()) if then.tzinfo else None


def raw_answer(answer: Response) -> bytes:
    """An answer as bytes to keep: status, headers, blank line, body."""
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode("utf-8", "replace") + answer.body


async def deliver(client: Client, delivery: Delivery, *, path: str = "") -> None:
    """Posts an asynchronous MDN. The same bytes may go again: an MDN may come twice.

    `client` speaks to the address of `delivery.url`. Raises TryLater, InDoubt, Rejected.
    """
    answer = await client.send("POST", path, body=delivery.body, headers=delivery.headers)
    if _taken(answer.status):
        return
    says = f"{delivery.url} answered {answer.status} to an MDN"
    if answer.status in _LATER:
        raise TryLater(says, path="mdn")
    if answer.status >= 500 or answer.status in _UNCLEAR:
        raise InDoubt(says, path="mdn")
    raise Rejected(says, path="mdn", value=answer.status, fix="ask the partner for the right address")
