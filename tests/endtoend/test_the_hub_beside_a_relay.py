"""The measurement itself, in miniature: it yields figures of both, and a clean verdict. No figure is judged here."""

from __future__ import annotations

from pathlib import Path

from bench.endtoend import block
from bench.sections import put
from tests.harness.scenarios.speed import Figures, Load, run


async def test_hub_and_relay_are_measured_by_the_same_load(tmp_path: Path) -> None:
    load = Load(seconds=1, senders=4, latency_seconds=0.5, idle_s=0)
    outcome, hub, relay = await run(tmp_path, load)
    assert outcome.findings == {}, outcome.shown()
    assert all(one.orders > 0 and one.cpu_us > 0 and one.p50_ms > 0 for one in (hub, relay))


def test_a_new_measurement_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    results, figures = tmp_path / "RESULTS.md", Figures(orders=10, per_s=2000.0)
    results.write_text("# Results\n\nBefore.\n", "utf-8")
    put(results, "end to end", "End to end", block([figures], [figures], Load(), "2026-11-22"))
    results.write_text(results.read_text("utf-8") + "After.\n", "utf-8")
    put(results, "end to end", "End to end", block([Figures(per_s=3000.0)], [figures], Load(), "2026-11-23"))
    again = results.read_text("utf-8")
    assert again.count("end to end: begin") == again.count("end to end: end") == 1
    assert "3,000" in again
    assert again.startswith("# Results\n\nBefore.")
    assert again.endswith("After.\n")
