"""That the suite lets a good connector pass and fails each bad one for its own reason."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.faults import Invalid, Rejected, TryLater
from crossdock.kit import conformance
from crossdock.kit.connector import (
    Ask,
    Connector,
    Content,
    DocumentIn,
    DocumentOut,
    Done,
    Facts,
    Field,
    Page,
    Polled,
    Reading,
    Unclear,
)  # fmt: skip
from crossdock.kit.duties import SECRET

Wrap = Callable[[Any], Any]


class Bent:
    """Another connector, reader, writer or poller with some of its acts replaced."""

    def __init__(self, whole: object, **acts: Any) -> None:
        self.__dict__.update(acts)
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["whole"], name)


def bent(
    connector: Connector, *, reader: Wrap = lambda one: one, writer: Wrap = lambda one: one, **changes: Any
) -> Any:
    """The connector with its readers or writers wrapped, or its declaration changed."""
    return Bent(
        connector,
        declaration=replace(connector.declaration, **changes),
        reader=lambda document, tools: reader(connector.reader(document, tools)),
        writer=lambda document, tools: writer(connector.writer(document, tools)),
    )


def lapses(connector: Any, samples: Path) -> dict[str, str]:
    """The duties that are not met, with what is told of the first lapse."""
    found: dict[str, str] = {}
    for name, act in conformance.checks(connector, samples=samples):
        try:
            act()
        except AssertionError as lapse:
            duty = next(duty for duty in DUTIES if name.endswith(duty))
            found.setdefault(duty, str(lapse))
    return found


DUTIES = [
    duty.__name__ for duty in (*conformance._WHOLE, *conformance._IN, *conformance._POLL, *conformance._OUT)
]


def test_the_generated_connector_meets_every_duty(acme):
    connector, samples = acme
    assert lapses(connector, samples) == {}
    assert sum(1 for _ in conformance.checks(connector, samples=samples)) >= 20


def test_one_line_makes_a_class_of_tests(acme):
    connector, samples = acme
    made = conformance.suite(connector, samples=samples)
    tests = [name for name in vars(made) if name.startswith("test_")]
    assert "test_out_shipment_one_knows_every_status" in tests
    for name in tests:
        getattr(made(), name)()


# -- the declaration --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "duty", "says"),
    [
        ({"kind": "Ac me"}, "declaration_is_complete", "kind"),
        ({"says": " "}, "declaration_is_complete", "lacks title or says"),
        ({"auth": ("magic",)}, "declaration_is_complete", "auth"),
        ({"fields": (Field("channel"),)}, "declaration_is_complete", "field channel does not say"),
        ({"fields": (Field("a", "text", says="x"),)}, "declaration_is_complete", "'text' is none of"),
        (
            {"documents_in": (DocumentIn("sales_ordr", Reading.PUSH),)},
            "declaration_is_complete",
            "no document that the hub knows",
        ),
    ],
)
def test_a_declaration_that_does_not_tell_fails(acme, changes, duty, says):
    connector, samples = acme
    assert says in lapses(bent(connector, **changes), samples)[duty]


def test_a_declared_document_without_a_reader_fails(acme):
    connector, samples = acme
    more = (*connector.declaration.documents_in, DocumentIn("item", Reading.PUSH))
    found = lapses(bent(connector, documents_in=more), samples)
    assert "the reader of item is declared, but cannot be had" in found["each_declared_document_has_its_part"]


def test_a_declared_document_without_a_sample_fails(acme, tmp_path):
    connector, samples = acme
    shutil.copytree(samples, tmp_path / "samples")
    shutil.rmtree(tmp_path / "samples" / "out")
    found = lapses(connector, tmp_path / "samples")
    assert list(found) == ["each_declared_document_has_a_sample"]
    assert "samples/out/shipment/ has no sample" in found["each_declared_document_has_a_sample"]


def test_a_reader_for_whatever_is_asked_fails(acme):
    connector, samples = acme
    loose = bent(connector)
    loose.reader = lambda document, tools: connector.reader("sales_order", tools)
    assert "nobody declared" in lapses(loose, samples)["each_declared_document_has_its_part"]


def test_a_writer_that_settles_otherwise_than_declared_fails(acme):
    connector, samples = acme
    found = lapses(
        bent(connector, documents_out=(DocumentOut("shipment", Unclear.RESEND, settle_s=5.0),)), samples
    )
    assert list(found) == ["each_declared_document_has_its_part"]


def test_a_poll_that_is_declared_needs_a_poller(acme):
    connector, samples = acme
    found = lapses(bent(connector, documents_in=(DocumentIn("sales_order", Reading.POLL),)), samples)
    assert "its poller is None" in found["each_declared_document_has_its_part"]


# -- readers ----------------------------------------------------------------------------------


def reading(change: Callable[[Content, Any], Any], **acts: Any) -> Wrap:
    """Wraps a reader so that `change` gets the content and the true drafts."""
    return lambda one: Bent(one, read=lambda content: change(content, one.read(content)), **acts)


def test_a_reader_that_counts_fails_because_it_is_not_pure(acme):
    connector, samples = acme
    count = iter(range(1000))

    def counting(content: Content, drafts: Any) -> Any:
        return [replace(draft, tree={**draft.tree, "notes": f"n{next(count)}"}) for draft in drafts]

    found = lapses(bent(connector, reader=reading(counting)), samples)
    assert "read twice give two things" in found["reads_the_same_twice"]


def test_a_reader_that_spoils_the_decoded_tree_fails(acme):
    connector, samples = acme

    def spoiling(content: Content, drafts: Any) -> Any:
        if content.parsed is not None:
            content.parsed.pop("sent_at", None)
        return drafts

    found = lapses(bent(connector, reader=reading(spoiling)), samples)
    assert list(found) == ["reads_the_same_twice"]
    assert "changed the tree" in found["reads_the_same_twice"]


def test_a_reader_that_gives_no_valid_document_fails(acme, tmp_path):
    connector, samples = acme
    shutil.copytree(samples, tmp_path / "samples")
    path = tmp_path / "samples" / "in" / "sales_order" / "one.json"
    tree = json.loads(path.read_text())
    tree["expect"]["drafts"][0]["tree"]["lines"][0]["quantity"] = -2
    tree["body"]["items"][0]["qty"] = -2
    path.write_text(json.dumps(tree))
    found = lapses(connector, tmp_path / "samples")
    assert list(found) == ["is_read_as_expected"]
    assert "not a valid sales_order" in found["is_read_as_expected"]


def test_a_reader_that_invents_a_kind_fails(acme):
    connector, samples = acme
    inventing = reading(lambda content, drafts: [replace(draft, document="salesorder") for draft in drafts])
    assert "is_read_as_expected" in lapses(bent(connector, reader=inventing), samples)


def test_a_reader_that_says_another_id_fails(acme):
    connector, samples = acme
    other = bent(connector, reader=lambda one: Bent(one, facts=lambda content: Facts("A-0")))
    assert "id is 'A-0'" in lapses(other, samples)["is_read_as_expected"]


def test_a_reader_that_crashes_on_strange_content_fails(acme):
    connector, samples = acme

    def crashing(one: Any) -> Any:
        def read(content: Content) -> Any:
            json.loads(content.body)["items"][0]["article"].upper()
            return one.read(content)

        return Bent(one, read=read)

    found = lapses(bent(connector, reader=crashing), samples)
    assert list(found) == ["survives_broken_content"]
    assert "instead of a fault" in found["survives_broken_content"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Invalid("no", path="", fix="mend it"), "has no path"),
        (Invalid("no", path="items"), "has no fix"),
        (Invalid(f"key {SECRET}", path="items", fix="mend it"), "repeats a secret"),
        (Invalid("no", path="items", fix="mend it", value="x" * 5000), "whole document"),
    ],
)
def test_a_reader_whose_faults_do_not_help_fails(acme, fault, says):
    connector, samples = acme

    def unhelpful(one: Any) -> Any:
        def read(content: Content) -> Any:
            try:
                return one.read(content)
            except Invalid:
                raise fault from None

        return Bent(one, read=read)

    assert says in lapses(bent(connector, reader=unhelpful), samples)["survives_broken_content"]


def test_a_reader_to_which_everything_is_the_same_fails(acme):
    connector, samples = acme
    found = lapses(bent(connector, reader=lambda one: Bent(one, same=lambda a, b: True)), samples)
    assert list(found) == ["says_what_is_the_same"]


def test_a_reader_to_which_nothing_is_the_same_fails(acme):
    connector, samples = acme
    found = lapses(bent(connector, reader=lambda one: Bent(one, same=lambda a, b: False)), samples)
    assert "not the same as itself" in found["says_what_is_the_same"]


# -- writers ----------------------------------------------------------------------------------


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


# -- pollers ----------------------------------------------------------------------------------

ORDER = {"order_no": "A-1", "shipping": "STD", "items": [{"pos": 1, "article": "W-1", "qty": 1}]}
ORDER["address"] = {"name": "B", "street": "Canal 1", "zip": "1011", "city": "Amsterdam", "country": "NL"}


class Poller:
    """Asks for what is after a number, one page at a time."""

    async def poll(self, cursor: str | None, client: Any) -> Page:
        answer = await client.send("GET", f"/orders?after={cursor or 0}")
        if answer.status == 429:
            raise TryLater("asked to wait", wait_s=7.0)
        try:
            tree = json.loads(answer.body) if answer.status == 200 else None
        except ValueError:
            tree = None
        if tree is None:
            raise TryLater(f"answered {answer.status}")
        found = [Polled("sales_order", Content(json.dumps(one).encode())) for one in tree["orders"]]
        return Page(found, str(tree["last"]), more=tree["more"])


@pytest.fixture
def polled(acme, tmp_path) -> tuple[Callable[[Any], Any], Path]:
    """The connector as one that polls, given a poller; and its samples with two pages recorded."""
    connector, samples = acme
    shutil.copytree(samples, tmp_path / "samples")
    folder = tmp_path / "samples" / "poll" / "sales_order"
    folder.mkdir(parents=True)

    def asked(after: int, last: int, more: bool, *orders: Any) -> dict[str, Any]:
        body = {"orders": orders, "last": last, "more": more}
        return {
            "ask": {"method": "GET", "path": f"/orders?after={after}"},
            "answer": {"status": 200, "body": body},
        }

    found = {"document": "sales_order", "body": ORDER}
    recorded = {
        "cursor": None,
        "dialogue": [asked(0, 9, True, ORDER), asked(9, 10, False)],
        "pages": [{"cursor": "9", "more": True, "found": [found]}, {"cursor": "10", "found": []}],
    }
    (folder / "two_pages.json").write_text(json.dumps(recorded))

    def polling(poller: Any) -> Any:
        made = bent(connector, documents_in=(DocumentIn("sales_order", Reading.POLL),))
        made.poller = lambda document, tools: poller
        return made

    return polling, tmp_path / "samples"


def paging(change: Callable[[Page], Page]) -> Any:
    class Changed(Poller):
        async def poll(self, cursor: str | None, client: Any) -> Page:
            return change(await super().poll(cursor, client))

    return Changed()


def test_a_good_poller_meets_every_duty(polled):
    polling, samples = polled
    assert lapses(polling(Poller()), samples) == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda page: replace(page, cursor="9"), "cursor is '9', expected '10'"),
        (lambda page: replace(page, found=()), "found"),
        (lambda page: replace(page, more=False), "more is False"),
    ],
)
def test_a_poller_that_pages_otherwise_than_recorded_fails(polled, change, says):
    polling, samples = polled
    found = lapses(polling(paging(change)), samples)
    assert list(found) == ["is_polled_as_recorded"]
    assert says in found["is_polled_as_recorded"]


@pytest.mark.parametrize(("cursors", "says"), [(("9", "8"), "went back"), (("9", "9"), "")])
def test_a_cursor_never_goes_back(polled, cursors, says):
    polling, samples = polled
    path = samples / "poll" / "sales_order" / "two_pages.json"
    tree = json.loads(path.read_text())
    for page, exchange, cursor in zip(tree["pages"], tree["dialogue"], cursors, strict=True):
        page["cursor"], exchange["answer"]["body"]["last"] = cursor, int(cursor)
    path.write_text(json.dumps(tree))
    found = lapses(polling(Poller()), samples)
    assert says in found.get("is_polled_as_recorded", "")
    assert bool(found) == bool(says)


def test_a_cursor_that_stands_still_while_there_is_more_fails(polled):
    polling, samples = polled
    path = samples / "poll" / "sales_order" / "two_pages.json"
    tree = json.loads(path.read_text())
    tree["cursor"] = "9"
    tree["dialogue"][0]["ask"]["path"] = "/orders?after=9"
    path.write_text(json.dumps(tree))
    assert "stands still" in lapses(polling(Poller()), samples)["is_polled_as_recorded"]


@pytest.mark.parametrize(
    ("old", "new", "fine"),
    [
        ('["2026-11-22", 7]', '["2026-11-22", 8]', True),
        ('["2026-11-22", 7]', '["2026-11-21", 9]', False),
        ('{"orders": 7, "lines": 9}', '{"orders": 8, "lines": 9}', True),
        ('{"orders": 7, "lines": 9}', '{"orders": 8, "lines": 3}', False),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z", True),
        ("9", "10", True),
        ("9", "b", False),
    ],
)
def test_cursors_are_compared_part_by_part(old, new, fine):
    from crossdock.kit.duties_in import _not_before

    assert _not_before(old, new) is fine


class Trusting(Poller):
    async def poll(self, cursor: str | None, client: Any) -> Page:
        answer = await client.send("GET", f"/orders?after={cursor or 0}")
        if answer.status >= 400:
            return Page((), cursor or "0")  # as if there were nothing new
        return await super().poll(cursor, Bent(client, send=lambda *a, **k: _given(answer)))


async def _given(answer: Any) -> Any:
    return answer


def test_a_poller_that_takes_a_failure_for_nothing_new_fails(polled):
    polling, samples = polled
    found = lapses(polling(Trusting()), samples)
    assert list(found) == ["a_failing_poll_is_a_fault"]
    assert "taken for a page" in found["a_failing_poll_is_a_fault"]
