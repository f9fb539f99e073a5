"""Figures of this moment about what is watched over, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from crossdock.control.metrics import Gauge
from crossdock.control.watch.alerts import WORDS
from crossdock.control.watch.beat import Beat
from crossdock.control.watch.watch import Watch
from crossdock.journal.sql import watched
from crossdock.journal.sql.connection import Connection


def watch_gauges(connection: Connection, watch: Watch, beat: Beat | None) -> dict[str, Gauge]:
    """The gauges by name; those of a service level are as the last look found them."""
    found = {
        "crossdock_watch_works": Gauge(
            "1 in the process that watches over the store.", {"": float(watch.is_ours)}
        ),
        "crossdock_watch_behind_entries": Gauge(
            "Entries of the ledger that the watch has still to read.",
            {"": float(max(watch.journal.position - watch.position, 0)) if watch.is_ours else 0.0},
        ),
    }
    if watch.is_ours:
        found |= _levels(watch) | _silence(connection, watch) | _stock(watch)
    if watch.alerts:
        found |= _alerts(connection, watch)
    if beat is not None:
        beats = {"told": beat.told, "failed": beat.failed, "withheld": beat.withheld}
        found["crossdock_beats_total"] = Gauge(
            "Signs of life, by what became of them.", _floats(beats), label="outcome"
        )
    if watch.tracer is not None:
        spans = {"sent": watch.tracer.sent, "dropped": watch.tracer.dropped}
        found["crossdock_spans_total"] = Gauge(
            "Spans of traces, by what became of them.", _floats(spans), label="outcome"
        )
    return found


def _floats(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: float(count) for name, count in counts.items()}


def _levels(watch: Watch) -> dict[str, Gauge]:
    standings = watch.standings
    if not standings:
        return {}
    return {
        "crossdock_level_objective_ratio": Gauge(
            "The part of all that must be in time, by service level.",
            {one.level.name: one.level.objective for one in standings}, label="level",
        ),
        "crossdock_level_burn_rate": Gauge(
            "How many times too fast the room for misses is used up, by service level and window.",
            {(one.level.name, f"{span}s"): one.burn(span) for one in standings for span in one.counts},
            label=("level", "window"),
        ),
        "crossdock_level_stuck": Gauge(
            "Documents under way for longer than they may be, by service level.",
            {one.level.name: float(one.stuck) for one in standings}, label="level",
        ),
    }  # fmt: skip


def _silence(connection: Connection, watch: Watch) -> dict[str, Gauge]:
    if not watch.silence:
        return {}
    clocks: Counter[tuple[str, str]] = Counter()
    for one in watch.silence.rules.values():
        clocks[one.system, "running"] += 0
        clocks[one.system, "silent"] += 0
    for rule, (running, silent, _) in watched.awaited(connection, watch.journal.scope).items():
        known = watch.silence.rules.get(rule)
        if known is not None:
            clocks[known.system, "running"] += running
            clocks[known.system, "silent"] += silent
    says = "Clocks of what systems should tell, by system and whether they have run out."
    values = {labels: float(count) for labels, count in clocks.items()}
    return {"crossdock_expected": Gauge(says, values, label=("system", "state"))}


def _stock(watch: Watch) -> dict[str, Gauge]:
    if not watch.variances:
        return {}
    items = {name: float(one.items) for name, one in watch.variances.items()}
    units = {name: one.units for name, one in watch.variances.items()}
    return {
        "crossdock_stock_variance_items": Gauge(
            "Items at a site of which a system believes another amount than the site's own system, by system.",
            items, label="system",
        ),
        "crossdock_stock_variance_units": Gauge(
            "By how many base units these differ, added up without sign, by system.", units, label="system",
        ),
    }  # fmt: skip


def _alerts(connection: Connection, watch: Watch) -> dict[str, Gauge]:
    states, counts = watched.alert_states(connection, watch.journal.scope), watch.alerts.counts
    tried = {"told": counts.told, "failed": counts.failed, "unknown": counts.unknown}
    return {
        "crossdock_alerts": Gauge(
            "Alerts in the store, by state.",
            {word: float(states.get(state, 0)) for state, word in WORDS.items()}, label="state",
        ),
        "crossdock_alert_tries_total": Gauge(
            "Tries to tell an alert since the start, by outcome.", _floats(tried), label="outcome",
        ),
    }  # fmt: skip
