"""Messages between the two partners of the tests, step by step."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.kit.http import Response
from crossdock.transport.as2.mdn import Reply, mdn_for
from crossdock.transport.as2.outgoing import Outgoing, message_id, outgoing
from crossdock.transport.as2.profile import Partner, by_names
from crossdock.transport.as2.receiving import Opened, Refusal, receive
from crossdock.transport.as2.report import Verdict
from crossdock.transport.as2.sending import judge_answer
from tests.transport.as2.parties import NOW, ORDER, US, chance, ours, theirs


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
    return response(mdn_for(found, NOW, chance(1)))


def response(reply: Reply) -> Response:
    return Response(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body)


def judged(answer: Response, message: Outgoing, partner: Partner | None = None) -> Verdict:
    return judge_answer(answer, message.expected, partner or ours(), now=NOW)
