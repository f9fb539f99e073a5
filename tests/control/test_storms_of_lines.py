"""A storm of one event is one line every few seconds."""

from __future__ import annotations

import pytest
import structlog

from crossdock.control.logs import KINDS_MAX, Storms


class Seconds:
    """A clock that is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


def _said(storms: Storms, event: str, level: str = "error", **more: object) -> dict[str, object] | None:
    try:
        return dict(storms(None, level, {"event": event, **more}))
    except structlog.DropEvent:
        return None


def test_the_first_line_passes_and_the_next_one_says_how_many_were_held_back(clock: Seconds):
    storms = Storms(clock, quiet_s=5)
    assert _said(storms, "store down", says="gone") == {"event": "store down", "says": "gone"}
    assert [_said(storms, "store down", says="gone") for _ in range(3)] == [None] * 3
    clock.now_s = 5.0
    assert _said(storms, "store down", says="gone") == {
        "event": "store down", "says": "gone", "held_back": 3
    }  # fmt: skip


def test_another_reason_is_another_kind_and_what_only_informs_is_never_held_back(clock: Seconds):
    storms = Storms(clock, quiet_s=5)
    assert _said(storms, "store down", says="gone")
    assert _said(storms, "store down", says="full")
    assert all(_said(storms, "started", level="info") for _ in range(3))


def test_the_kinds_that_are_told_apart_are_bounded(clock: Seconds):
    storms = Storms(clock, quiet_s=5)
    for n in range(KINDS_MAX + 1):
        assert _said(storms, f"trouble {n}")
    assert _said(storms, "trouble 1") is None
    assert _said(storms, "trouble 0"), "the oldest was forgotten"
