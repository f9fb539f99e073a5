"""Bytes damaged by chance are read or refused: nothing crashes and nothing hangs."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.formats.x12.letters import isa
from tests.fuzz.x12 import SAMPLES, damaged, survives


@given(st.integers(0, 2**64))
@settings(max_examples=250, deadline=None)
def test_damaged_samples_are_read_or_refused(seed: int) -> None:
    assert survives(damaged(random.Random(seed))) in (True, False)


@given(st.binary(max_size=400))
@settings(max_examples=120, deadline=None)
@example(b"ISA")
@example(b"ISA*" * 50)
@example(b"ISA~~~~~~~~~~~~~~~~~~~~~~~~~~~~")
@example(isa().encode() + b"~" * 500)
@example(b"ISA*00*" + b"\n" * 2000)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert survives(data) == (b"ISA" in data and survives(data[data.index(b"ISA") :]))
    assert survives(isa().encode() + b"~" + data)


@pytest.mark.parametrize("data", SAMPLES)
def test_every_beginning_of_a_file_is_read_or_refused(data: bytes) -> None:
    read_from = next(at for at in range(len(data)) if survives(data[:at]))
    assert read_from < 120
    assert all(survives(data[:at]) for at in range(read_from + 40, len(data), 7))
