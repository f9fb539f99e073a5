"""What `status` and `resume --all` say of systems that are closed, and of one that floods."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from crossdock.cli.system_words import HERE, Runs, after, show, still_closed

SINCE = "2020-01-02T10:00:00Z"
PAUSED = {"state": "paused", "says": f"wms is paused by anna since {SINCE} (stocktake)", "whole_hub": False}
BLACKOUT = {"state": "blackout", "says": "erp is left alone until 2020-01-03T06:00:00Z", "whole_hub": False}
OPEN = {"state": "open"}


def item(
    name: str, *, into: dict[str, Any] = OPEN, out: dict[str, Any] = OPEN, at_door: int = 0
) -> dict[str, Any]:
    """A system as GET /v1/systems tells it."""
    came = {
        "captures": 0,
        "messages": 0,
        "transmissions": 0,
        "oldest_at": None,
        "backlog_max": 9,
        "at_door": at_door,
    }
    return {
        "system": name, "connector": "http", "in": into, "out": out, "when_closed": "refuse", "next_blackout": None,
        "from": came, "to": dict.fromkeys(("due", "sending", "retrying", "in_doubt", "held", "desk"), 0), "calls": None,
    }  # fmt: skip


def test_what_stays_closed_once_the_hub_is_open_is_named_with_the_way_to_open_it() -> None:
    items = [item("shop"), item("wms", into=PAUSED, out=PAUSED), item("erp", out=BLACKOUT)]
    assert list(still_closed(items, ("in", "out"), ZoneInfo("UTC"), " --site s")) == [
        "wms stays closed: wms is paused by anna since 2 January 10:00:00 (stocktake)",
        "erp stays closed: erp is left alone until 3 January 06:00:00",
        "  it opens by itself then; to open it sooner, change `blackouts` in the charter and start the hub anew",
        "open it with: crossdock resume wms --site s",
    ]
    assert list(still_closed([item("shop"), item("wms", into=PAUSED)], ("out",), None, "")) == []


def test_a_resume_in_a_blackout_says_what_to_do() -> None:
    erp = item("erp", out=BLACKOUT)
    said = list(after("resume", "erp", ("in", "out"), erp, ZoneInfo("UTC"), ""))
    assert said[0] == "erp stays closed: erp is left alone until 3 January 06:00:00"
    assert "change `blackouts` in the charter" in said[1]


def test_who_waits_at_the_door_is_named() -> None:
    tree = {"items": [item("shop", at_door=12)]}
    assert "12 requests wait at its door" in "\n".join(show(tree, None, "", HERE))
    older = item("shop")
    del older["from"]["at_door"]
    assert "at its door" not in "\n".join(show({"items": [older]}, None, "", HERE))


def test_the_times_of_a_blackout_bear_their_zone() -> None:
    wms = item("wms")
    wms["next_blackout"] = {"way": "out", "from": "2020-01-31T21:00:00Z", "until": "2020-02-01T05:00:00Z"}
    lines = "\n".join(show({"items": [wms]}, ZoneInfo("Europe/Amsterdam"), "", HERE))
    assert "31 January 22:00:00 to 1 February 06:00:00 Europe/Amsterdam" in lines
    assert "on the clock of this machine" in "\n".join(show({"items": [wms]}, None, "", HERE))


def test_without_a_hub_nothing_is_said_to_pass_and_what_waits_is_counted() -> None:
    shop, wms = item("shop"), item("wms")
    shop["from"]["captures"], wms["to"]["due"], wms["to"]["desk"] = 2, 3, 1
    lines = "\n".join(show({"items": [shop, wms]}, None, " --site s", Runs(here=False)))
    assert "everything passes" not in lines
    assert "no hub runs for this site: nothing is taken and nothing is sent until one does" in lines
    assert "(crossdock up --site s)" in lines
    assert "waiting: 2 to be worked on, 3 to be sent, 1 on the desk" in lines
    assert "nothing waits" in "\n".join(show({"items": [item("shop")]}, None, "", Runs(here=False)))
    paused = {"items": [item("wms", out=PAUSED)]}
    assert "closed by people: wms" in "\n".join(show(paused, None, "", Runs(here=False)))


def test_a_hub_on_another_machine_is_named_rather_than_none_be_said_to_run() -> None:
    hub = Runs(here=False, elsewhere="b (http://127.0.0.2:80)")
    lines = "\n".join(show({"items": [item("shop")]}, None, "", hub))
    assert "at work: b (http://127.0.0.2:80)" in lines
    assert "nothing is sent" not in lines
    assert "everything passes" not in lines


def test_a_hub_that_answers_says_that_everything_passes() -> None:
    assert "everything passes" in "\n".join(show({"items": [item("shop")]}, None, "", HERE))
