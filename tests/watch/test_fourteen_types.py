"""Every type of incident that systems can cause is seen, owned, clocked and told once, against a real hub."""

from __future__ import annotations

from pathlib import Path

from tests.watch.fourteen import MAKERS, run


async def test_each_type_has_its_owner_its_clock_and_one_alert_on_each_way(tmp_path: Path) -> None:
    outcomes = await run(tmp_path)
    assert len(outcomes) == len(MAKERS) >= 14
    wrong = {one.type: [w for w in one.wrong if not w.startswith("seen after")] for one in outcomes}
    assert not {type_: found for type_, found in wrong.items() if found}
