"""What is looked at again counts as overtaken by a newer version of its own system, and by nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.pipeline.decide import Decider
from crossdock.pipeline.knowledge import ACKNOWLEDGED, OBSERVED, TOLD


@pytest.mark.parametrize(
    ("how", "last", "outdated"),
    [
        (TOLD, 1, False),
        (TOLD, 2, False),  # itself, or another document of the same version: nothing came after it
        (TOLD, 3, True),
        (ACKNOWLEDGED, 3, False),  # what it was sent is not its own word
        (OBSERVED, 3, False),  # nor is what it only said after another
        (None, 0, False),
    ],
)
def test_only_a_newer_word_of_its_own_system_makes_it_old(how: int | None, last: int, outdated: bool):
    told = (how, SimpleNamespace(version=last)) if how is not None else None
    decider = SimpleNamespace(_known=SimpleNamespace(last_told=lambda _hub, _system: told))
    message = SimpleNamespace(hub="h1", system="shop", version=2)
    assert Decider.outdated(cast("Any", decider), cast("Any", message)) is outdated
