"""How long the hub waits before it asks a system again that did not answer."""

from __future__ import annotations

import pytest

from crossdock.pipeline.poll import pause_s


@pytest.mark.parametrize(
    ("failures", "every_s", "wait_s"),
    [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 1, 5), (500, 1, 5), (500, 0.05, 5), (4, 30, 8), (500, 30, 60)],
)
def test_a_system_that_comes_back_is_heard_within_seconds(
    failures: int, every_s: float, wait_s: float
) -> None:
    assert pause_s(failures, every_s) == wait_s
