"""Which transmissions may have left before a store was restored, number by number, and that none is passed over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from crossdock.journal.changes import Changes
from crossdock.journal.contract import RestoredSystem
from crossdock.message.records import Message, Transmission
from crossdock.message.states import TransmissionState
from crossdock.pipeline.restored import LOST_MAX, Restored, put_in_doubt

S = TransmissionState
BACKUP = 1_000  #: the last number that the backup knew
FLOOR = BACKUP + LOST_MAX
ENDED = FLOOR + 500  #: the system had handed in all that was lost


def sending(id_: int, state: TransmissionState = S.DUE, **more: int) -> Transmission:
    return Transmission(id_, 1, "wms", "shop", "sales_order", f"SO-{id_}", 1, 1, "K", state=state, **more)


class Store:
    """As much of a journal as is asked: open transmissions in pages, and what is submitted."""

    def __init__(self, capture: int = 1, ended: int | None = None, held: Sequence[Transmission] = ()) -> None:
        self.capture, self.ended = capture, ended
        self.held = {t.id: t for t in held}
        self.moved: list[int] = []

    def restored_systems(self) -> list[RestoredSystem]:
        return [RestoredSystem("shop", 0, 0, FLOOR, self.ended)]

    def message(self, id_: int) -> Message:
        return Message(id_, self.capture, "shop", "sales_order", "SO", "SO", 1, 1, "K", 1, {})

    def open_transmissions(
        self, target: str, states: Collection[TransmissionState], after: int, limit: int, partitions: object
    ) -> list[Transmission]:
        found = [t for t in self.held.values() if t.id > after and t.state in states and t.target == target]
        return sorted(found, key=lambda t: t.id)[:limit]

    def changes(self) -> Changes:
        return Changes(1, lambda: 1, lambda: b"salt")

    async def submit(self, changes: Changes) -> None:
        self.moved += [t.id for t in self.held.values() if t.state is S.IN_DOUBT and t.id not in self.moved]


def after(store: Store) -> Restored:
    made = Restored(store)  # type: ignore[arg-type]
    made.refresh()
    return made


@pytest.mark.parametrize(
    ("id_", "attempt", "keyless"),
    [
        (FLOOR + 1, 0, True),
        (FLOOR + 1, 1, False),
        (FLOOR, 0, False),
        (BACKUP, 0, False),
        (FLOOR + 9, 2, False),
    ],
)
def test_no_target_knows_the_key_of_what_was_made_after_the_restore_and_never_sent(
    id_: int, attempt: int, keyless: bool
):
    assert after(Store()).keyless(sending(id_, attempt=attempt)) is keyless


@pytest.mark.parametrize(
    ("ended", "capture", "doubts"),
    [(None, FLOOR + 9, True), (ENDED, ENDED - 1, True), (ENDED, ENDED, False), (ENDED, ENDED + 1, False)],
)
def test_a_document_is_doubtful_until_its_system_has_handed_in_all(
    ended: int | None, capture: int, doubts: bool
):
    found = after(Store(capture, ended))
    assert found.doubts("shop", capture) is doubts
    assert found.doubts("erp", capture) is False
    assert found.may_have_left(sending(FLOOR + 20)) is doubts


@pytest.mark.parametrize(("id_", "may"), [(BACKUP - 1, True), (BACKUP, False), (FLOOR + 20, False)])
def test_what_the_backup_knew_may_have_left_since(id_: int, may: bool):
    assert after(Store(capture=ENDED + 1, ended=ENDED)).may_have_left(sending(id_)) is may


async def test_all_that_was_open_is_doubted_however_much_it_is():
    open_ = [sending(n, S.RETRYING if n % 3 else S.DUE) for n in range(1, 1_203)]
    others = [sending(2_000, S.SENDING), sending(2_001, S.HELD), sending(2_002, S.DESK)]
    store, told = Store(held=[*open_, *others]), list[int]()
    counted = await put_in_doubt(store, ["wms"], told.append)  # type: ignore[arg-type]
    assert (counted["wms"], len(store.moved)) == (1_203, 1_203)
    assert [t.state for t in others] == [S.IN_DOUBT, S.HELD, S.DESK]
    assert told == sorted(told)
