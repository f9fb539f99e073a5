"""What became of documents that a person had tried again, as far as a short wait shows it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from crossdock.cli.remote import Remote

WAIT_S = 2.0
_STEP_S = 0.05
_UNDER_WAY = {
    "captures": ("waiting",),
    "messages": ("waiting",),
    "transmissions": ("due", "sending", "retrying", "in_doubt"),
}


def outcome(hub: Remote, item: Mapping[str, Any], *, wait_s: float = WAIT_S) -> str:
    """A sentence: how many went on and how many failed again, or that they were sent back.

    Nobody knows how many went on before the hub has nothing under way; so that is awaited for
    `wait_s` seconds. Ends the command when the hub does not answer.
    """
    members = item["members"]
    give_up_s = time.monotonic() + wait_s
    while True:
        # The figures first: what fails after them would be counted as gone on.
        rests = _rests(hub)
        failed = _failed(hub, item)
        count = min(sum(failed.values()), members)
        if rests or count == members:
            return _told(members - count, failed)
        if time.monotonic() > give_up_s:
            many = f"{members} document{'s' if members != 1 else ''}"
            return f"sent back: {many}; see crossdock desk list"
        time.sleep(_STEP_S)


def _rests(hub: Remote) -> bool:
    figures = hub.get("/v1/conservation")
    return not any(figures[row][state] for row, states in _UNDER_WAY.items() for state in states)


def _failed(hub: Remote, item: Mapping[str, Any]) -> dict[str, int]:
    """Open incidents that hold documents of this one, with how many."""
    own = set(item["captures"])
    key = f"?{urlencode({'key': item['keys'][0]})}" if len(item["keys"]) == 1 else ""
    page = hub.get(f"/v1/incidents{key}")
    held = {
        one["id"]: len(own.intersection(one["captures"])) for one in page["items"] if one["id"] != item["id"]
    }
    return {id_: count for id_, count in held.items() if count}


def _told(went: int, failed: Mapping[str, int]) -> str:
    parts = [f"{went} went on"] if went or not failed else []
    if failed:
        parts.append(f"{sum(failed.values())} failed again as {', '.join(failed)}")
    return f"tried again: {', '.join(parts)}"
