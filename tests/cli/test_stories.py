"""A story in words: who did what, what is awaited from whom, and bytes for eyes."""

from __future__ import annotations

import itertools
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock.cli import incident_words, options
from crossdock.desk import story

POSITIONS = itertools.count(1)


def entry(kind: str, says: str, **more: Any) -> dict[str, Any]:
    """One entry of a trace."""
    plain = {
        "at": "2026-11-22T10:00:00.123Z",
        "system": "wms",
        "attempt": None,
        "reads": [],
        "bytes": None,
        "position": next(POSITIONS),
    }
    return {**plain, "position": next(POSITIONS), "kind": kind, "says": says, **more}


def told(*entries: dict[str, Any], full: bool = True) -> list[tuple[str, str]]:
    """Who and what of each line."""
    return [(line.who, line.says) for line in story.lines({"entries": entries}, ZoneInfo("UTC"), full=full)]


def test_each_event_is_one_sentence_with_its_doer() -> None:
    crosswalk = [{"what": "crosswalk ship_method", "version": "1"}]
    assert told(
        entry("accepted", "sales_order SO-1", system="shop", bytes={"length": 548, "href": "/v1/bytes/b1"}),
        entry(
            "accepted",
            "sales_order SO-1",
            system="shop",
            bytes={"length": 0, "href": "/v1/bytes/b1", "erased": True},
        ),
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
        ("shop", "handed in sales order SO-1 (erased)"),
        ("hub", "understood sales order SO-1 (by crosswalk ship_method)"),
        ("hub", "checked it: goes to wms"),
        ("hub", "wms is to get sales order SO-1"),
        ("hub", "sent it to wms: POST /wh"),
        ("hub", "wms gave no answer in 10 s"),
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
    assert story.awaited({"waits_for": waits_for}) == [says]


def test_each_thing_that_is_awaited_has_its_line_with_the_time_of_the_sites_people() -> None:
    waits = "role:operations: no (i2)\nwms to take item W-1, since 2020-01-02T03:04:05.678Z"
    assert story.awaited({"waits_for": waits}, ZoneInfo("Europe/Amsterdam")) == [
        "It waits for:", "  operations: no (i2)", "  wms to take item W-1, since 2 January 04:04:05"
    ]  # fmt: skip


def a_try(attempt: int, *ends: dict[str, Any]) -> list[dict[str, Any]]:
    return [one | {"transmission": "t1"} for one in (entry("sent", "POST /wh", attempt=attempt), *ends)]


def test_the_hubs_own_steps_are_shown_only_when_asked_for() -> None:
    steps = [
        entry("accepted", "pick_status EV-1", capture="c1", bytes={"length": 9, "href": "/v1/bytes/b1"}),
        entry("translated", "pick_status R-1: packed", capture="c1"),
        entry("decided", "nobody reads it", capture="c1"),
        entry("due", "pick_status R-1"),
        entry("decided", "waits for sales_order SO-0"),
    ]
    assert told(*steps, full=False) == [
        ("wms", "handed in pick status R-1: packed"), ("hub", "checked it: waits for sales order SO-0")
    ]  # fmt: skip
    assert len(told(*steps)) == len(steps)


def test_tries_that_ended_alike_are_one_line_of_the_hub() -> None:
    refused = entry("answered", "not now: it cannot be reached", attempt=1)
    tries = [line for n in (1, 2, 3) for line in a_try(n, refused)]
    took = a_try(4, entry("answered", "wms answered 201"))
    first, *rest = told(*tries, *took, full=False)
    assert first == ("hub", "3 tries to send it to wms since 10:00:00: it cannot be reached")
    assert rest == [("hub", "sent it to wms: POST /wh, attempt 4"), ("wms", "wms answered 201")]
    assert len(told(*tries, *took)) == 8


def test_a_doubt_and_what_was_done_about_it_are_one_line() -> None:
    doubt = entry("doubted", "nobody knows whether wms has it: 500")
    first = a_try(1, doubt, entry("settled", "goes again under the same key"))
    assert told(*first, *a_try(2, entry("answered", "done")), full=False) == [
        ("hub", "sent it to wms: POST /wh"),
        ("hub", f"wms: no answer that can be trusted; sent again under the same key ({doubt['says']})"),
        ("hub", "sent it to wms: POST /wh, attempt 2"),
        ("wms", "done"),
    ]  # fmt: skip


def test_what_is_told_after_a_later_state_is_marked_late() -> None:
    events = [
        part
        for n, state in enumerate(("packed", "picking", "packed"))
        for part in (
            entry("accepted", f"pick_status EV-{n}", capture=f"c{n}"),
            entry("translated", f"pick_status R-1: {state}", capture=f"c{n}"),
        )
    ]
    assert [says.endswith("(late: more was known before)") for _, says in told(*events, full=False)] == [
        False, True, False
    ]  # fmt: skip


def test_the_ordering_key_is_told_only_when_all_is_asked_for() -> None:
    tree = {"object": "item", "number": "W-1", "state": "on_the_desk", "ids": [], "key": "h290"}
    assert story.head(tree) == ["item W-1: on the desk", ""]
    assert story.head(tree, full=True)[1].endswith("kept in order with h290")


def test_a_printed_command_names_the_site_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSDOCK_SITE", raising=False)
    assert options.spoken(None) == ""
    assert options.spoken(Path("my site")) == " --site 'my site'"
    monkeypatch.setenv("CROSSDOCK_SITE", "/srv/site")
    assert options.spoken(None) == " --site /srv/site"


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


def test_what_can_be_done_about_an_incident_is_a_command_that_finds_its_site(
    capsys: pytest.CaptureFixture[str],
) -> None:
    at = "2026-11-22T10:00:00.123Z"
    item = {
        "id": "i7", "type": "rejected", "severity": "high", "state": "open", "says": "no", "fix": "ask", "path": "",
        "value": None, "owner": "role:operations", "opened_at": at, "due_at": at, "object": "item", "number": "W-1",
        "system": "wms", "members": 1, "keys": [], "captures": [], "acts": ["retry", "resolve"],
    }  # fmt: skip
    incident_words.show_one(item, None, " --site my-site")
    said = capsys.readouterr().out
    assert "  crossdock desk retry i7 --site my-site   (when" in said
    assert "  crossdock desk resolve i7 --reason TEXT --site my-site\n" in said
