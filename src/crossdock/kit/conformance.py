"""The suite that every connector passes: one line in its tests.

    TestAcme = conformance.suite(CONNECTOR, samples=Path(__file__).parent / "samples")

Each duty becomes a test of its own for each sample, so that a failure names both.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from crossdock.kit import duties, duties_in, duties_out
from crossdock.kit.connector import Connector
from crossdock.kit.duties import Case
from crossdock.kit.samples import Sample, Samples

_WHOLE: tuple[Callable[[Case], None], ...] = (
    duties.declaration_is_complete,
    duties.each_declared_document_has_its_part,
    duties.each_declared_document_has_a_sample,
)
_IN: tuple[Callable[[Case, Sample], None], ...] = (
    duties_in.is_read_as_expected,
    duties_in.reads_the_same_twice,
    duties_in.says_what_is_the_same,
    duties_in.survives_broken_content,
)
_POLL: tuple[Callable[[Case, Sample], Awaitable[None]], ...] = (
    duties_in.is_polled_as_recorded,
    duties_in.a_failing_poll_is_a_fault,
)
_OUT: tuple[Callable[[Case, Sample], None], ...] = (
    duties_out.speaks_as_recorded,
    duties_out.says_the_same_twice,
    duties_out.knows_every_status,
    duties_out.carries_its_key,
    duties_out.survives_a_sparse_document,
    duties_out.tells_no_secret,
    duties_out.finds_what_is_there,
)

#: Every duty, by what it is checked for.
DUTIES: dict[str, tuple[Callable[..., object], ...]] = {
    "the connector": _WHOLE,
    "each document in": _IN,
    "each document polled": _POLL,
    "each document out": _OUT,
}


def suite(connector: Connector, *, samples: Path, system: object | None = None) -> type:
    """A class of tests for pytest. `system` stands in for samples/system.json where flows are the charter's."""
    tests: dict[str, object] = {"__doc__": f"What {connector.declaration.kind} owes the hub."}
    for name, act in checks(connector, samples=samples, system=system):
        tests[name] = _test(act)
    return type("Conformance", (), tests)


def checks(
    connector: Connector, *, samples: Path, system: object | None = None
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each duty with its name; raises `duties.Lapse` when it is not met."""
    case = Case(connector, Samples(samples), system)
    for duty in _WHOLE:
        yield f"test_{duty.__name__}", lambda duty=duty: duty(case)
    for way, acts in (("in", _IN), ("out", _OUT)):
        for document, name in _each(case, way):
            for act in acts:
                yield _named(way, document, name, act.__name__), _of_sample(case, way, document, name, act)
    for document, name in _each(case, "poll"):
        for poll in _POLL:
            yield _named("poll", document, name, poll.__name__), _of_poll(case, document, name, poll)


def _each(case: Case, way: str) -> Iterator[tuple[str, str]]:
    for document in case.samples.documents(way):
        for name in case.samples.names(way, document):
            yield document, name


def _named(way: str, document: str, sample: str, duty: str) -> str:
    return re.sub(r"\W+", "_", f"test_{way}_{document}_{sample}_{duty}")


def _of_sample(
    case: Case, way: str, document: str, name: str, act: Callable[[Case, Sample], None]
) -> Callable[[], None]:
    return lambda: act(case, case.samples.one(way, document, name))


def _of_poll(
    case: Case, document: str, name: str, act: Callable[[Case, Sample], Awaitable[None]]
) -> Callable[[], None]:
    async def run() -> None:
        await act(case, case.samples.one("poll", document, name))

    return lambda: asyncio.run(run())


def _test(act: Callable[[], None]) -> Callable[[object], None]:
    def test(_self: object) -> None:
        act()

    return test
