"""Settings of a mailbox that cannot work are refused when they are read."""

from __future__ import annotations

import pytest

from crossdock.faults import Misconfigured
from crossdock.transport.mailbox import Inbox, Outbox


@pytest.mark.parametrize(
    "settings", [{"marker": "a/b"}, {"settled_s": -1}, {"names_max": 0}, {"entries_max": 0}, {"bytes_max": 0}]
)
def test_an_inbox_without_sense_is_refused(settings):
    with pytest.raises(Misconfigured) as wrong:
        Inbox(**settings)
    assert wrong.value.fix


@pytest.mark.parametrize("partial", ["", "fixed", "{name}", "../{name}", "a/{name}"])
def test_a_partial_name_is_another_one_in_the_same_folder(partial):
    with pytest.raises(Misconfigured, match="another name"):
        Outbox(partial=partial)
