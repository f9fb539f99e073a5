"""What is watched over as people and monitors are shown it."""

from __future__ import annotations

from typing import Any

from crossdock.charter.watch import Expectation, Watching
from crossdock.control.watch.alerts import WORDS
from crossdock.control.watch.beat import Beat
from crossdock.control.watch.watch import Watch
from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection
from crossdock.message.names import moment

_ALERTS_MAX = 50


async def watched_now(
    watch: Watch, beat: Beat | None, rules: Watching, ails: str | None, only: str | None = None
) -> dict[str, Any]:
    """The answer of GET /v1/watch; `only` narrows to what one system may see."""
    return await watch.journal.view(lambda c: _tree(c, watch, beat, rules, ails, only))


def _tree(
    connection: Connection,
    watch: Watch,
    beat: Beat | None,
    rules: Watching,
    ails: str | None,
    only: str | None,
) -> dict[str, Any]:
    scope, now_ms = watch.journal.scope, watch.now_ms()
    clocks = watched.awaited(connection, scope)
    mine = only is None
    return {
        "at": moment(now_ms),
        "works": ails is None,
        "ails": ails if mine else None,
        "levels": [one.shown for one in watch.levels.standings(connection, now_ms)] if mine else [],
        "expects": [
            _expected(one, clocks.get(one.rule, (0, 0, None)))
            for one in rules.expects
            if only in (None, one.system)
        ],
        "alerts": _alerts(connection, watch, scope) if mine else None,
        "beat": _beat(beat) if mine and beat is not None else None,
        "traces": {"sent": watch.tracer.sent, "dropped": watch.tracer.dropped}
        if mine and watch.tracer
        else None,
    }


def _expected(one: Expectation, clocks: tuple[int, int, int | None]) -> dict[str, Any]:
    running, silent, due_ms = clocks
    return {
        "system": one.system,
        "document": one.document,
        "after": one.after,
        "within_s": one.wait_s,
        "waiting": running,
        "silent": silent,
        "next_due_at": None if due_ms is None else moment(due_ms),
    }


def _alerts(connection: Connection, watch: Watch, scope: int) -> dict[str, Any]:
    states, counts = watched.alert_states(connection, scope), watch.alerts.counts
    return {
        "counts": {word: states.get(state, 0) for state, word in WORDS.items()},
        "failing": [{"way": way, "says": says} for way, says in counts.failing.items()],
        "last": [
            {
                "id": f"a{row.id}", "about": row.subject, "step": row.step, "way": row.way,
                "state": WORDS[row.state], "tries": row.tries, "at": moment(row.at_ms), "due_at": moment(row.due_ms),
            }
            for row in watched.alerts(connection, scope, _ALERTS_MAX)
            if row.step
        ],
    }  # fmt: skip


def _beat(beat: Beat) -> dict[str, Any]:
    last_at = None if beat.last_ms is None else moment(beat.last_ms)
    return {
        "last_at": last_at, "told": beat.told, "failed": beat.failed, "withheld": beat.withheld, "says": beat.says
    }  # fmt: skip
