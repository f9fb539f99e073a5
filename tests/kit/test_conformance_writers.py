"""That each bad writer fails the suite for its own reason."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crossdock.faults import Rejected
from crossdock.kit.connector import (
    Ask,
    DocumentOut,
    Done,
    Unclear,
)
from tests.kit.bent_connector import Bent, Wrap, bent, lapses


def judging(change: Callable[[Any, Any, Any], Any]) -> Wrap:
    """Wraps a writer so that `change` gets it, the job and the exchanges."""
    return lambda one: Bent(one, step=lambda job, exchanges: change(one, job, exchanges))


def lying(one: Any, job: Any, exchanges: Any) -> Any:
    return Done("77", missing_id=False) if exchanges else one.step(job, exchanges)


def hasty(one: Any, job: Any, exchanges: Any) -> Any:
    if exchanges and exchanges[-1].answer.status == 503:
        raise Rejected("no", fix="wait")
    return one.step(job, exchanges)


def crashing(one: Any, job: Any, exchanges: Any) -> Any:
    if exchanges:
        {201: 1, 422: 1}[exchanges[-1].answer.status]
    return one.step(job, exchanges)


def stubborn(one: Any, job: Any, exchanges: Any) -> Any:
    if exchanges and exchanges[-1].answer.status >= 500:
        return one.step(job, ())  # sends again by itself
    return one.step(job, exchanges)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lying, "taken for done"),
        (hasty, "asks to wait"),
        (crashing, "KeyError"),
        (stubborn, "goes on as if nothing had happened"),
    ],
)
def test_a_writer_that_misreads_answers_fails(acme, wrong, says):
    connector, samples = acme
    assert says in lapses(bent(connector, writer=judging(wrong)), samples)["knows_every_status"]


def test_a_writer_that_never_ends_fails(acme):
    connector, samples = acme
    found = lapses(bent(connector, writer=judging(lambda one, job, exchanges: one.step(job, ()))), samples)
    assert "expected done" in found["speaks_as_recorded"]


def test_a_writer_that_asks_otherwise_than_recorded_fails(acme):
    connector, samples = acme

    def elsewhere(one: Any, job: Any, exchanges: Any) -> Any:
        step = one.step(job, exchanges)
        return replace(step, path="/deliveries") if isinstance(step, Ask) else step

    found = lapses(bent(connector, writer=judging(elsewhere)), samples)
    assert list(found) == ["speaks_as_recorded"]
    assert "path is '/deliveries'" in found["speaks_as_recorded"]


def test_a_writer_that_counts_fails_because_it_is_not_pure(acme):
    connector, samples = acme
    count = iter(range(100_000))

    def counting(one: Any, job: Any, exchanges: Any) -> Any:
        step = one.step(job, exchanges)
        return (
            replace(step, headers={**step.headers, "X-Count": str(next(count))})
            if isinstance(step, Ask)
            else step
        )

    found = lapses(bent(connector, writer=judging(counting)), samples)
    assert list(found) == ["says_the_same_twice"]


def test_a_writer_that_changes_its_job_fails(acme):
    connector, samples = acme

    def changing(one: Any, job: Any, exchanges: Any) -> Any:
        step = one.step(job, exchanges)
        job.tree["seen"] = True
        return step

    assert (
        "changed the job" in lapses(bent(connector, writer=judging(changing)), samples)["says_the_same_twice"]
    )


def test_a_writer_that_crashes_on_a_sparse_document_fails(acme):
    connector, samples = acme

    def needy(one: Any, job: Any, exchanges: Any) -> Any:
        job.tree["tracking"].upper()
        return one.step(job, exchanges)

    found = lapses(bent(connector, writer=judging(needy)), samples)
    assert list(found) == ["survives_a_sparse_document"]


def test_a_writer_that_repeats_the_answers_secret_fails(acme):
    connector, samples = acme

    def chatty(one: Any, job: Any, exchanges: Any) -> Any:
        if exchanges and exchanges[-1].answer.status == 401:
            raise Rejected(f"said {exchanges[-1].answer.body.decode()}", fix="log in")
        return one.step(job, exchanges)

    found = lapses(bent(connector, writer=judging(chatty)), samples)
    assert list(found) == ["tells_no_secret"]


def test_a_writer_that_resends_without_a_key_fails(acme):
    connector, samples = acme

    def keyless(one: Any) -> Any:
        def step(job: Any, exchanges: Any) -> Any:
            found = one.step(job, exchanges)
            return (
                replace(found, headers={**found.headers, "Idempotency-Key": "t1.1"})
                if isinstance(found, Ask)
                else found
            )

        return Bent(one, step=step, unclear=Unclear.RESEND)

    resending = bent(
        connector, writer=keyless, documents_out=(DocumentOut("shipment", Unclear.RESEND, settle_s=5.0),)
    )
    found = lapses(resending, samples)
    assert list(found) == ["carries_its_key"]


@pytest.mark.parametrize(
    ("acts", "says"),
    [
        ({"find": lambda job: None}, "asks None"),
        ({"find": lambda job: Ask("GET", "/shipments/" + job.number)}, "not marked safe"),
        ({"find": lambda job: Ask("GET", "/s/" + job.number, safe=True)}, "path is"),
        ({"found": lambda job, answer: None}, "present is None"),
        ({"found": lambda job, answer: Done("77")}, "absent is Done"),
        ({"found": lambda job, answer: Done("77") if answer.status == 200 else None}, "answered 100 is None"),
    ],
)
def test_a_writer_that_finds_wrongly_fails(acme, acts, says):
    connector, samples = acme
    wrong = bent(connector, writer=lambda one: Bent(one, **acts))
    found = lapses(wrong, samples)
    assert list(found) == ["finds_what_is_there"]
    assert says in found["finds_what_is_there"]
