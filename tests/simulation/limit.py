"""A pytest plugin that ends a test which never ends: code with a fault in it may wait for what does not come."""

from __future__ import annotations

import signal
from collections.abc import Generator
from typing import Any

import pytest

#: Seconds that one test gets, more than any takes (one that fails so is tried again alone, with and without the patch);
#: then the alarm is repeated, should something swallow it.
TEST_MAX_S, _AGAIN_S = 60.0, 2.0


def _rings(_signal: int, _frame: Any) -> None:
    pytest.fail(f"no end after {TEST_MAX_S:.0f} s", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Sets the alarm before a test with its fixtures, and takes it away after them."""
    before = signal.signal(signal.SIGALRM, _rings)
    signal.setitimer(signal.ITIMER_REAL, TEST_MAX_S, _AGAIN_S)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
