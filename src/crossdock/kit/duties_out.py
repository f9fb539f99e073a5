"""What writers owe the hub."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

import msgspec

from crossdock.faults import Fault, InDoubt, Invalid, Rejected, TryLater, Unmapped
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Unclear, Writer
from crossdock.kit.duties import GIVEAWAY, STEPS_MAX, Case, matches, outcome, owes, shown
from crossdock.kit.samples import Sample, answer_of, ask_of

_BODIES = (b"", b"<html><body>Bad gateway</body></html>", b"{}", b"null", b"[]", b'{"id": null}')
_LEAKS = (
    b'{"message": "no access", "access_token": "%b"}' % GIVEAWAY.encode(),
    b"denied: Authorization: Bearer " + GIVEAWAY.encode(),
    b'{"error": "password=%b is wrong"}' % GIVEAWAY.encode(),
)


def speaks_as_recorded(case: Case, sample: Sample) -> None:
    """Each request is the recorded one, and the end is the expected one, within a bounded number of steps."""
    where = f"samples/out/{sample.document}/{sample.name}"
    job, dialogue = sample.job(), sample.dialogue()
    owes(len(dialogue) <= STEPS_MAX, f"{where}: a dialogue of more than {STEPS_MAX} steps")
    writer = case.writer(sample.document)
    for index, exchange in enumerate(dialogue):
        found = outcome(lambda i=index: writer.step(job, dialogue[:i]), where)
        owes(isinstance(found, Ask), f"{where}: step {index} is {shown(found)}, expected a request")
        _is_expected_ask(cast(Ask, found), exchange.ask, f"{where}: step {index}")
    _ends_as(outcome(lambda: writer.step(job, dialogue), where), sample.tree["end"], where)


def says_the_same_twice(case: Case, sample: Sample) -> None:
    """The same job and answers give the same request, from one writer and from another; the job stays as it was."""
    where = f"samples/out/{sample.document}/{sample.name}"
    job, dialogue, writer = sample.job(), sample.dialogue(), case.writer(sample.document)
    before = deepcopy(job)
    for index in range(len(dialogue) + 1):
        first = shown(outcome(lambda i=index: writer.step(job, dialogue[:i]), where))
        for other in (writer, case.writer(sample.document)):
            again = shown(outcome(lambda w=other, i=index: w.step(sample.job(), dialogue[:i]), where))
            owes(again == first, f"{where}: step {index} is not the same twice:\n  {first}\n  {again}")
    owes(job == before, f"{where}: the writer changed the job that it was handed")


def knows_every_status(case: Case, sample: Sample) -> None:
    """Every answer from 100 to 599 means something, and none that nobody can trust means that it is done."""
    job, dialogue, writer = sample.job(), sample.dialogue(), case.writer(sample.document)
    for index, exchange in enumerate(dialogue):
        for status in range(100, 600):
            for body in (
                (exchange.answer.body, *_BODIES[:2]) if status % 50 else (exchange.answer.body, *_BODIES)
            ):
                where = f"samples/out/{sample.document}/{sample.name}: step {index} answered {status} {body[:40]!r}"
                said = (*dialogue[:index], Exchange(exchange.ask, Answer(status, body)))
                found = outcome(lambda s=said: writer.step(job, s), where)
                _is_a_meaning(found, status, exchange.ask, where)


def carries_its_key(case: Case, sample: Sample) -> None:
    """A target that is said to dedupe on our key gets it with every request that changes something."""
    where = f"samples/out/{sample.document}/{sample.name}"
    writer = case.writer(sample.document)
    if writer.unclear is not Unclear.RESEND:
        return
    job, dialogue = replace(sample.job(), key="k99.7"), sample.dialogue()
    for index in range(len(dialogue)):
        ask = outcome(lambda i=index: writer.step(job, dialogue[:i]), where)
        if isinstance(ask, Ask) and not ask.safe:
            carried = (
                job.key in (*ask.headers.values(), ask.path)
                or job.key.encode() in ask.body
                or job.key in ask.path
            )
            owes(carried, f"{where}: step {index} is sent again when in doubt, but does not carry the key")


def survives_a_sparse_document(case: Case, sample: Sample) -> None:
    """A field that is absent gives a request or a fault, never a crash."""
    job, writer = sample.job(), case.writer(sample.document)
    for name in job.tree:
        where = f"samples/out/{sample.document}/{sample.name} without {name}"
        sparse = replace(job, tree={key: value for key, value in job.tree.items() if key != name})
        found = outcome(lambda j=sparse: writer.step(j, ()), where)
        owes(isinstance(found, Ask | Done | Fault), f"{where}: {shown(found)}")


def tells_no_secret(case: Case, sample: Sample) -> None:
    """What an answer repeats of our credentials stays out of every fault."""
    job, dialogue, writer = sample.job(), sample.dialogue(), case.writer(sample.document)
    for index, exchange in enumerate(dialogue):
        for status in (400, 401, 403, 404, 409, 422, 429, 500, 503):
            for body in _LEAKS:
                where = f"samples/out/{sample.document}/{sample.name}: step {index} answered {status}"
                said = (*dialogue[:index], Exchange(exchange.ask, Answer(status, body)))
                found = outcome(lambda s=said: writer.step(job, s), where)
                owes(GIVEAWAY not in shown(found), f"{where}: repeats a secret that the answer held")


def finds_what_is_there(case: Case, sample: Sample) -> None:
    """Asked whether the target has the document, it tells present from absent, and neither from unclear."""
    where = f"samples/out/{sample.document}/{sample.name}: find"
    writer, job = case.writer(sample.document), sample.job()
    wanted = cast("Mapping[str, Any] | None", sample.tree.get("find"))
    ask = outcome(lambda: writer.find(job), where)
    if writer.unclear is not Unclear.FIND:
        owes(ask is None or isinstance(ask, Ask | Fault), f"{where}: gives {shown(ask)}")
        return
    owes(isinstance(ask, Ask), f"{where}: settles by asking, but asks {shown(ask)}")
    assert isinstance(ask, Ask)
    owes(ask.safe, f"{where}: asking must change nothing, but is not marked safe")
    owes(shown(writer.find(sample.job())) == shown(ask), f"{where}: does not ask the same twice")
    if wanted is None:
        owes(False, f"{where}: the sample records no find: add ask, present and absent")
        return
    _is_expected_ask(ask, ask_of({"safe": True, **wanted["ask"]}), where)
    _tells(writer, job, wanted, where)


def _tells(writer: Writer, job: Job, wanted: Mapping[str, Any], where: str) -> None:
    present = outcome(lambda: writer.found(job, answer_of(wanted["present"])), where)
    owes(isinstance(present, Done), f"{where}: present is {shown(present)}")
    if "their_id" in wanted:
        owes(
            cast(Done, present).their_id == wanted["their_id"],
            f"{where}: their_id is {cast(Done, present).their_id!r}",
        )
    absent = outcome(lambda: writer.found(job, answer_of(wanted["absent"])), where)
    owes(absent is None, f"{where}: absent is {shown(absent)}")
    for status in (100, 302, 401, 403, 408, 429, 500, 502, 503, 504):
        for body in _BODIES[:2]:
            unclear = outcome(
                lambda s=status, b=body: writer.found(job, Answer(s, b)), f"{where} answered {status}"
            )
            owes(
                isinstance(unclear, TryLater),
                f"{where} answered {status} is {shown(unclear)}, expected TryLater",
            )


def _is_a_meaning(found: object, status: int, ask: Ask, where: str) -> None:
    owes(
        isinstance(found, Ask | Done | TryLater | InDoubt | Rejected | Invalid | Unmapped),
        f"{where}: {shown(found)} is no meaning",
    )
    untrustworthy = status < 200 or 300 <= status < 400 or status >= 500
    if untrustworthy:
        owes(not isinstance(found, Done), f"{where}: taken for done")
        owes(ask.safe or not isinstance(found, Ask), f"{where}: goes on as if nothing had happened")
    if status in (429, 503):
        owes(
            isinstance(found, TryLater | InDoubt), f"{where}: a target that asks to wait gives {shown(found)}"
        )


def _is_expected_ask(found: Ask, wanted: Ask, where: str) -> None:
    for name in ("method", "path", "safe"):
        ours, theirs = getattr(found, name), getattr(wanted, name)
        owes(ours == theirs, f"{where}: {name} is {ours!r}, recorded {theirs!r}")
    ours, theirs = _tree(found.body), _tree(wanted.body)
    owes(ours == theirs, f"{where}: the body is\n  {ours!r}, recorded\n  {theirs!r}")
    headers = {name.lower(): value for name, value in found.headers.items()}
    for name, value in wanted.headers.items():
        owes(headers.get(name.lower()) == value, f"{where}: header {name} is {headers.get(name.lower())!r}")


def _ends_as(found: object, end: Mapping[str, Any], where: str) -> None:
    if "fault" in end:
        matches(found, end, where)
        return
    owes(isinstance(found, Done), f"{where}: ends as {shown(found)}, expected done")
    for name, wanted in cast(Mapping[str, Any], end["done"]).items():
        owes(
            getattr(found, name) == wanted,
            f"{where}: {name} is {getattr(found, name)!r}, expected {wanted!r}",
        )


def _tree(body: bytes) -> object:
    try:
        return msgspec.json.decode(body, type=Any)
    except msgspec.DecodeError:
        return body
