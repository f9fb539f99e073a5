"""Bytes damaged by chance are read or refused: nothing crashes and nothing hangs."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.formats.x12.check import InterchangeReport, check
from crossdock.formats.x12.read import read
from crossdock.formats.x12.write import write
from tests.formats.x12.letters import isa, letter, order

SAMPLES = [
    letter([order("0001"), order("0002")]),
    letter(end="\r\n") + letter(control=8, element="|", end="~\n"),
    letter().replace(b"ACME           ", b"ACME"),
    *(path.read_bytes() for path in sorted(Path(__file__).parent.glob("samples/*.edi"))[:6]),
]
PIECES = [b"~", b"*", b">", b"\n", b"\r\n", b"ISA*", b"IEA*1*7~", b"SE*1*1~", b"ST*850*1~", b"GS*PO~", b"GE*1*1~",
          b"\xff", b"\x00", b"BIN*9*", b"\xef\xbb\xbf", isa().encode(), b" ", b"~~", b"TA1*"]  # fmt: skip


def damaged(dice: random.Random) -> bytes:
    """A sample with a few pieces cut out, put in, doubled or swapped."""
    data = bytearray(dice.choice(SAMPLES))
    for _ in range(dice.randint(1, 8)):
        at, size = dice.randrange(len(data) + 1), dice.choice((1, 1, 2, 10, 100))
        match dice.randrange(5):
            case 0:
                del data[at : at + size]
            case 1:
                data[at:at] = dice.choice(PIECES)
            case 2:
                data[at : at + 1] = dice.randbytes(1)
            case 3:
                data[at:at] = data[at : at + size]
            case _:
                other = dice.randrange(len(data) + 1)
                data[at : at + size], data[other : other + size] = (
                    data[other : other + size],
                    data[at : at + size],
                )
    return bytes(data)


def precise(refusal: Invalid) -> None:
    """A refusal says what is wrong, where, and what to do."""
    assert refusal.says and refusal.path and refusal.fix


def survives(data: bytes) -> bool:
    """Read, check and write again, leniently and strictly; only a refusal may be raised. Whether it could be read."""
    read_at_all = False
    for lenient in (True, False):
        segments = 0
        try:
            for one in check(io.BytesIO(data), lenient=lenient):
                segments += 1
                if isinstance(one, InterchangeReport):
                    list(one.every())
        except Invalid as refusal:
            precise(refusal)
        assert segments <= len(data)
        read_at_all |= segments > 0
    try:
        for one in read(data, lenient=True):
            written = write(one)
            (back,) = read(written, lenient=True)
            assert write(back) == written
    except Invalid as refusal:
        precise(refusal)
    return read_at_all


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
