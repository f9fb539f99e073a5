"""What readers and pollers owe the hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, cast

from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.kit.connector import Answer, Content, Draft, Facts, Page, Reader
from crossdock.kit.duties import GIVEAWAY, STEPS_MAX, Case, Lapse, matches, outcome, owes, shown
from crossdock.kit.samples import RecordedClient, Sample, body_of
from crossdock.model import register

_STRANGE: tuple[tuple[str, Any], ...] = (
    ("null", None), ("a list", []), ("an object", {}), ("a number", -1), ("a text", "x"), ("yes", True),
)  # fmt: skip


def is_read_as_expected(case: Case, sample: Sample) -> None:
    """Facts and drafts are those of the sample, and the drafts are valid documents."""
    where = f"samples/in/{sample.document}/{sample.name}"
    expect = cast(Mapping[str, Any], sample.tree["expect"])
    reader = case.reader(sample.document)
    facts = outcome(lambda: reader.facts(sample.content()), where)
    drafts = outcome(lambda: reader.read(sample.content()), where)
    if "fault" in expect:
        matches(facts if isinstance(facts, Fault) else drafts, expect, where)
        return
    owes(isinstance(facts, Facts), f"{where}: no facts, but {shown(facts)}")
    for name, wanted in expect.get("facts", {}).items():
        found = getattr(facts, name)
        owes(found == wanted, f"{where}: {name} is {found!r}, expected {wanted!r}")
    owes(not isinstance(drafts, Fault), f"{where}: no drafts, but {shown(drafts)}")
    found_drafts = list(cast(Sequence[Draft], drafts))
    wanted_drafts = cast(Sequence[Mapping[str, Any]], expect["drafts"])
    owes(
        len(found_drafts) == len(wanted_drafts),
        f"{where}: {len(found_drafts)} drafts, not {len(wanted_drafts)}",
    )
    for index, (draft, wanted) in enumerate(zip(found_drafts, wanted_drafts, strict=True)):
        _is_expected_draft(draft, wanted, f"{where}: draft {index}", case)


def reads_the_same_twice(case: Case, sample: Sample) -> None:
    """The same bytes give the same, from one reader and from another, and are left as they were."""
    where = f"samples/in/{sample.document}/{sample.name}"
    reader = case.reader(sample.document)
    first = _all_of(reader, sample.content(), where)
    owes(
        _all_of(reader, sample.content(), where) == first,
        f"{where}: the same bytes read twice give two things",
    )
    owes(
        _all_of(case.reader(sample.document), sample.content(), where) == first,
        f"{where}: another reader gives another thing",
    )
    decoded = reader.facts(sample.content()).parsed if first[0].startswith("Facts") else None
    if decoded is not None:
        before, content = deepcopy(decoded), replace(sample.content(), parsed=decoded)
        owes(
            _all_of(reader, content, where)[1:] == first[1:],
            f"{where}: the decoded tree reads otherwise than the bytes",
        )
        owes(decoded == before, f"{where}: the reader changed the tree that it was handed")


def says_what_is_the_same(case: Case, sample: Sample) -> None:
    """Equal content is the same; content with another value is not."""
    where = f"samples/in/{sample.document}/{sample.name}"
    if "fault" in sample.tree["expect"]:
        return
    reader = case.reader(sample.document)
    owes(
        outcome(lambda: reader.same(sample.content(), sample.content()), where) is True,
        f"{where}: not the same as itself",
    )
    changed = [content for name, content in _broken(sample) if name.startswith("without")]
    if changed:
        alike = [
            outcome(lambda c=content: reader.same(sample.content(), c), where) is True for content in changed
        ]
        owes(not all(alike), f"{where}: `same` calls everything the same")


def survives_broken_content(case: Case, sample: Sample) -> None:
    """Whatever arrives, only faults come out, and they say where and what to do."""
    reader = case.reader(sample.document)
    for name, content in _broken(sample):
        where = f"samples/in/{sample.document}/{sample.name}, {name}"
        outcome(lambda c=content: reader.facts(c), where)
        outcome(lambda c=content: list(reader.read(c)), where)


async def is_polled_as_recorded(case: Case, sample: Sample) -> None:
    """Requests, pages and cursors are those of the sample; cursors never go back; what is found can be read."""
    where = f"samples/poll/{sample.document}/{sample.name}"
    poller = case.poller(sample.document)
    assert poller is not None, "asked for a document that is not polled"
    dialogue = sample.dialogue()
    client = RecordedClient([exchange.answer for exchange in dialogue])
    cursor = cast("str | None", sample.tree.get("cursor"))
    for index, wanted in enumerate(cast(Sequence[Mapping[str, Any]], sample.tree["pages"])):
        page = await poller.poll(cursor, client)
        _is_expected_page(case, page, wanted, f"{where}: page {index}")
        owes(
            _not_before(cursor, page.cursor),
            f"{where}: the cursor went back from {cursor!r} to {page.cursor!r}",
        )
        owes(not page.more or page.cursor != cursor, f"{where}: there is more, but the cursor stands still")
        cursor = page.cursor
    for asked, exchange in zip(client.asked, dialogue, strict=False):
        same = (asked.method, asked.path) == (exchange.ask.method, exchange.ask.path)
        owes(
            same,
            f"{where}: asked {asked.method} {asked.path}, recorded {exchange.ask.method} {exchange.ask.path}",
        )
    owes(
        len(client.asked) == len(dialogue), f"{where}: {len(client.asked)} requests, {len(dialogue)} recorded"
    )


async def a_failing_poll_is_a_fault(case: Case, sample: Sample) -> None:
    """A system that is down or talks nonsense gives TryLater or Rejected, and the cursor stays with the hub."""
    for answer in (
        Answer(500, b"<html>"),
        Answer(429, b"", {"retry-after": "7"}),
        Answer(200, b"<html>"),
        Answer(401),
    ):
        where = f"samples/poll/{sample.document}/{sample.name} answered {answer.status} {answer.body!r}"
        poller = case.poller(sample.document)
        assert poller is not None, "asked for a document that is not polled"
        try:
            page = await poller.poll(sample.tree.get("cursor"), RecordedClient([answer] * STEPS_MAX))
        except (TryLater, Rejected, InDoubt):
            continue
        except Exception as error:  # ends as the lapse that it is
            raise Lapse(f"{where}: {type(error).__name__}({error}) instead of a fault") from error
        raise Lapse(f"{where}: taken for a page: {shown(page)}")


def _is_expected_draft(draft: Draft, wanted: Mapping[str, Any], where: str, case: Case) -> None:
    for name in ("document", "their_id", "tree"):
        if name in wanted:
            found = getattr(draft, name)
            owes(found == wanted[name], f"{where}: {name} is\n  {found!r}, expected\n  {wanted[name]!r}")
    if "parent" in wanted:
        owes(list(draft.parent or ()) == list(wanted["parent"] or ()), f"{where}: parent is {draft.parent!r}")
    owes(draft.document in register.kinds(), f"{where}: {draft.document} is no document that the hub knows")
    zone = getattr(case.samples.tools(case.system).system, "timezone", None)
    valid = outcome(lambda: register.read(draft.document, deepcopy(draft.tree), zone=zone), where)
    owes(not isinstance(valid, Fault), f"{where}: not a valid {draft.document}: {shown(valid)}")


def _is_expected_page(case: Case, page: Page, wanted: Mapping[str, Any], where: str) -> None:
    owes(
        page.cursor == wanted["cursor"],
        f"{where}: the cursor is {page.cursor!r}, expected {wanted['cursor']!r}",
    )
    owes(page.more == wanted.get("more", False), f"{where}: more is {page.more}")
    found = [(polled.document, _plain(polled.content.body)) for polled in page.found]
    expected = [(one["document"], _plain(body_of(one["body"]))) for one in wanted["found"]]
    owes(found == expected, f"{where}: found\n  {found!r}, expected\n  {expected!r}")
    for polled in page.found:
        reader = case.reader(polled.document)
        read = outcome(lambda r=reader, c=polled.content: list(r.read(c)), where)
        owes(not isinstance(read, Fault), f"{where}: what was polled cannot be read: {shown(read)}")


def _all_of(reader: Reader, content: Content, where: str) -> tuple[str, str]:
    """Everything that a reader says of a content, as text that can be compared."""
    facts = outcome(lambda: reader.facts(content), where)
    drafts = outcome(lambda: list(reader.read(content)), where)
    return shown(replace(facts, parsed=None) if isinstance(facts, Facts) else facts), _whole(drafts)


def _whole(drafts: object) -> str:
    return shown(drafts) if isinstance(drafts, Fault) else repr(drafts)


def _broken(sample: Sample) -> Iterator[tuple[str, Content]]:
    """The sample's content, damaged in every way that happens."""
    content = replace(
        sample.content(), headers={**sample.content().headers, "authorization": f"Bearer {GIVEAWAY}"}
    )
    whole = content.body
    for name, body in (
        ("empty", b""), ("half", whole[: len(whole) // 2]), ("not text", b"\xff\xfe\x00"), ("null", b"null"),
        ("a list", b"[]"), ("a number", b"5"), ("an empty object", b"{}"), ("markup", b"<html></html>"),
    ):  # fmt: skip
        yield name, replace(content, body=body)
    tree = sample.tree.get("body")
    if isinstance(tree, dict):
        yield from _damaged(
            cast(dict[str, Any], tree), lambda damaged: replace(content, body=body_of(damaged))
        )


def _damaged(tree: dict[str, Any], made: Callable[[object], Content]) -> Iterator[tuple[str, Content]]:
    for name in tree:
        yield f"without {name}", made({key: value for key, value in tree.items() if key != name})
        for label, value in _STRANGE:
            yield f"{name} as {label}", made({**tree, name: value})


def _plain(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _not_before(old: str | None, new: str) -> bool:
    """Whether a cursor is not before another: by number or text, part by part where it is JSON."""
    return old is None or _at_least(_cursor(old), _cursor(new))


def _cursor(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _at_least(old: object, new: object) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(dict[str, object], old), cast(dict[str, object], new)
        return all(name in after and _at_least(value, after[name]) for name, value in before.items())
    if isinstance(old, list) and isinstance(new, list):
        for before, after in zip(cast(list[object], old), cast(list[object], new), strict=False):
            if before != after:
                return _at_least(before, after)
        return True
    if old is None or isinstance(old, bool):
        return old is None or old == new
    try:
        return bool(new >= old)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    except TypeError:
        return False
