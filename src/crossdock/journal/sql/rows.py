"""The columns of captures, messages and transmissions as they are read, and what a row of them becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossdock.journal.changes import unpacked, unpacked_tree
from crossdock.message.records import Capture, Message, Transmission
from crossdock.message.states import CaptureState, MessageState, TransmissionState

CAPTURE_COLUMNS = (
    "c.id, c.system, c.document, c.their_id, c.version, c.order_by, c.content_type, c.payload, c.at_ms, c.late,"
    " c.state, c.partition, p.codec, p.data"
)
#: Of a message, in the order of its fields.
MESSAGE_COLUMNS = (
    "id, capture, system, document, their_id, number, hub, root, key, version, tree, state, waits_for, until_ms,"
    " partition"
)
TRANSMISSION_COLUMNS = (
    "id, message, target, origin, document, number, hub, root, key, round, attempt, state, due_ms, first_ms, after,"
    " payload, request, partition"
)


def read_capture(row: tuple[Any, ...]) -> Capture:
    """A capture with its bytes from the columns of CAPTURE_COLUMNS."""
    (
        id_,
        system,
        document,
        their_id,
        version,
        order_by,
        content_type,
        payload,
        at_ms,
        late,
        state,
        partition,
        codec,
        data,
    ) = row
    return Capture(
        id_, system, document, their_id, version, order_by, content_type, payload, at_ms, late,
        state=CaptureState(state), body=unpacked(codec, data), partition=partition,
    )  # fmt: skip


def read_message(row: Sequence[Any]) -> Message:
    """A message from the columns of MESSAGE_COLUMNS."""
    fixed: list[Any] = list(row)
    fixed[10] = unpacked_tree(fixed[10])
    fixed[11] = MessageState(fixed[11])
    return Message(*fixed)


def read_transmission(row: tuple[Any, ...]) -> Transmission:
    """A transmission from the columns of TRANSMISSION_COLUMNS."""
    fixed: list[Any] = list(row)
    fixed[11] = TransmissionState(fixed[11])
    return Transmission(*fixed)
