"""A story in words: who did what, what is awaited from whom, and bytes for eyes."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock.cli import story


def entry(kind: str, says: str, **more: Any) -> dict[str, Any]:
    """One entry of a trace."""
    plain = {"at": "2026-11-22T10:00:00.123Z", "system": "wms", "attempt": None, "reads": [], "bytes": None}
    return {**plain, "kind": kind, "says": says, **more}


def told(*entries: dict[str, Any]) -> list[tuple[str, str]]:
    """Who and what of each line."""
    return [(line.who, line.says) for line in story.lines({"entries": entries}, None)]


def test_each_event_is_one_sentence_with_its_doer() -> None:
    crosswalk = [{"what": "crosswalk ship_method", "version": "1"}]
    assert told(
        entry("accepted", "sales_order SO-1", system="shop", bytes={"length": 548, "href": "/v1/bytes/b1"}),
        entry("translated", "sales_order SO-1", system="shop", reads=crosswalk + crosswalk),
        entry("decided", "goes to wms", system="shop"),
        entry("due", "sales_order SO-1"),
        entry("sent", "POST /wh", attempt=1),
        entry("doubted", "wms gave no answer in 10 s", attempt=1),
        entry("sent", "POST /wh", attempt=2),
        entry("answered", "wms answered 201", attempt=2),
        entry("incident", "wms refused it", incident="i7"),
        entry("act", "anna gave it to role:master_data", incident="i7"),
    ) == [
        ("shop", "handed in sales order SO-1 (548 bytes)"),
        ("hub", "understood sales order SO-1 (by crosswalk ship_method)"),
        ("hub", "checked it: goes to wms"),
        ("hub", "wms is to get sales order SO-1"),
        ("hub", "sent it to wms: POST /wh"),
        ("wms", "wms gave no answer in 10 s"),
        ("hub", "sent it to wms: POST /wh, attempt 2"),
        ("wms", "wms answered 201"),
        ("desk", "wms refused it (incident i7)"),
        ("desk", "anna gave it to role:master data"),
    ]


def test_times_are_those_of_the_sites_people() -> None:
    entries = {"entries": [entry("accepted", "x")]}
    (line,) = story.lines(entries, ZoneInfo("Europe/Amsterdam"))
    assert f"{line.at:%H:%M:%S}" == "11:00:00"
    (line,) = story.lines(entries, ZoneInfo("UTC"))
    assert (f"{line.at:%H:%M:%S}", line.at.utcoffset()) == ("10:00:00", UTC.utcoffset(None))


@pytest.mark.parametrize(
    ("waits_for", "says"),
    [
        (None, "It waits for nobody."),
        ("role:master_data: no row for DRONE (i10)", "It waits for master data: no row for DRONE (i10)"),
        ("wms to take the sales_order", "It waits for wms to take the sales order"),
        ("anna: no row (i2)", "It waits for anna: no row (i2)"),
    ],
)
def test_who_is_awaited_stands_in_one_sentence(waits_for: str | None, says: str) -> None:
    assert story.awaited({"waits_for": waits_for}) == says


def test_the_incident_behind_a_wait_is_named() -> None:
    assert story.incident_in("It waits for anna: no row (i2)") == "i2"
    assert story.incident_in("It waits for wms to take the sales order") is None


def test_words_that_are_no_kind_of_document_stay_as_they_are() -> None:
    assert story.plain("sales_order SO_A_1 by ship_method") == "sales order SO_A_1 by ship_method"


def test_json_is_indented_and_keeps_its_digits() -> None:
    assert story.pretty(b'{"a": 10.00, "b": [1e2, 12345678901234567890], "c": "\xc5\x81"}') == (
        '{\n  "a": 10.00,\n  "b": [\n    1e2,\n    12345678901234567890\n  ],\n  "c": "Ł"\n}'
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [(b"", "(empty)"), (b"<a/>", "<a/>"), (b"\xff\xfe\x00", "3 bytes that are no UTF-8 text: ff fe 00 …")],
)
def test_what_is_no_json_is_shown_as_what_it_is(body: bytes, shown: str) -> None:
    assert story.pretty(body) == shown


def test_a_very_long_body_is_cut_with_a_word_about_the_rest() -> None:
    assert story.pretty(b"x" * 300_000).endswith("and 100000 bytes more")
