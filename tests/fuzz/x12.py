"""Bytes for the X12 engine, damaged by chance or by a fuzzer that watches the code: `python -m tests.fuzz.x12`.

    python -m tests.fuzz.x12 [--seconds 60] [--seed 0]

With atheris the damage follows the branches that it reaches; without it, it is by chance. A crash is told with its seed
or kept by atheris as a file; either is the beginning of a test.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    with contextlib.suppress(ImportError):
        import atheris  # type: ignore[import-not-found]

        # only what is imported in here is watched: the rest would slow it down
        with atheris.instrument_imports(include=["crossdock.formats"]):
            import crossdock.formats.x12.check
            import crossdock.formats.x12.write  # noqa: F401

from crossdock.faults import Invalid
from crossdock.formats.x12.acknowledge import Policy, acknowledge
from crossdock.formats.x12.check import InterchangeReport, check, reports
from crossdock.formats.x12.read import read
from crossdock.formats.x12.receipts import receipts
from crossdock.formats.x12.write import write
from tests.formats.x12.letters import WHEN, isa, letter, order

CASE_S_MAX = 5.0  #: of one case; what takes longer hangs
SAMPLES = [
    letter([order("0001"), order("0002")]),
    letter(end="\r\n") + letter(control=8, element="|", end="~\n"),
    letter().replace(b"ACME           ", b"ACME"),
    *(
        path.read_bytes()
        for path in sorted((Path(__file__).parents[1] / "formats/x12/samples").glob("*.edi"))[:6]
    ),
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
        for report in reports(data, lenient=True)[0]:
            answer = acknowledge(report, lambda _: 1, WHEN, policy=Policy(ta1=True))
            if answer:
                assert all(receipts(answer)), "what we answer can be read"
                (back,) = read(write(answer))
                assert not back.findings or back.header.raw == answer.header.raw
    except Invalid as refusal:
        precise(refusal)
    return read_at_all


def by_chance(seconds: float, seed: int) -> int:
    """Damages samples for so many seconds; how many."""
    end, cases = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = damaged(random.Random(seed + cases))
        start = time.process_time()
        try:
            survives(data)
        except Exception:
            print(f"seed {seed + cases}: {data!r}")
            raise
        spent_s = time.process_time() - start
        assert spent_s < CASE_S_MAX, f"seed {seed + cases} takes {spent_s:.1f} s"
        cases += 1
    return cases


def main() -> None:
    """Fuzzes for a while."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if "atheris" not in sys.modules:
        print(
            f"{by_chance(asked.seconds, asked.seed)} files damaged by chance, none did harm (atheris is not here)"
        )
        return
    found = Path(".cache/fuzz/x12")
    found.mkdir(parents=True, exist_ok=True)
    for index, sample in enumerate(SAMPLES):
        (found / f"sample-{index}").write_bytes(sample)
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={asked.seconds}", f"-timeout={CASE_S_MAX:.0f}", str(found)], survives
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
