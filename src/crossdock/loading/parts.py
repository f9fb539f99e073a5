"""The rows of a load, checked one by one: parts to hand in, and what does not fit."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crossdock.charter.charter import Charter
from crossdock.connectors.files.form import Forms
from crossdock.connectors.files.rows import Origin, RowReader
from crossdock.faults import Fault
from crossdock.formats.table import Bounds, Row
from crossdock.kit.connector import Read, Tools
from crossdock.loading.plan import Plan
from crossdock.mapping.crosswalk import Codes, Crosswalks
from crossdock.model import register

#: Rows of one part: one capture, one commit.
PART_ROWS = 1_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("file", "line", "path", "value", "says", "fix")


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that does not fit."""

    line: int
    path: str
    value: str
    says: str
    fix: str


@dataclass(frozen=True, slots=True)
class Part:
    """So many rows of the file: what is handed in of them, and what is not."""

    number: int
    read: int
    good: int
    body: bytes  #: b"" when no row of it is good
    findings: Sequence[Finding]
    at_bytes: int


class Parts:
    """Reads a file once, part by part."""

    def __init__(self, plan: Plan, charter: Charter, *, part_rows: int = PART_ROWS) -> None:
        """Raises Misconfigured."""
        self._plan = plan
        self._zone = charter.systems[plan.system].timezone
        crosswalks = Crosswalks.read(charter.files)
        codes = Codes(plan.system, lambda: crosswalks)
        tools = Tools(
            charter.systems[plan.system], codes.ours, codes.theirs, lambda name: charter.files[name],
            lambda: 0.0, lambda: tuple(Read(used.what, used.version) for used in codes.used()),
        )  # fmt: skip
        self._reader: RowReader = plan.load.row_reader(tools)
        self._part_rows = part_rows

    def read(self, file: BinaryIO) -> Iterator[Part]:
        """The parts in their order. Raises Unreadable for a file that breaks off."""
        table = Forms(self._plan.load.form).table(file, Bounds(rows=5_000_000, bytes=2_000_000_000))
        origin = Origin(self._plan.load.file, self._plan.load.digest, table.columns)
        number, rows = 0, list[Row]()
        limit = self._part_rows if not self._plan.load.form.group else 1_000_000_000
        for row in table.rows:
            rows.append(row)
            if len(rows) >= limit:
                number += 1
                yield self._part(number, rows, origin, _reached(file))
                rows = []
        if rows:
            yield self._part(number + 1, rows, origin, _reached(file))

    def _part(self, number: int, rows: list[Row], origin: Origin, at_bytes: int) -> Part:
        constants = self._plan.constants
        if constants:
            for row in rows:
                for column, value in constants.items():
                    row.values.setdefault(column, value)
        before = [Row(row.line, dict(row.values), row.wrong) for row in rows]
        bad: dict[int, Finding] = {}
        for draft in self._reader.drafts(rows, origin):
            try:
                if draft.wrong is not None:
                    raise draft.wrong
                register.read(draft.document, draft.tree, zone=self._zone, declares=_any)
            except Fault as fault:
                found = draft.locate(fault) if draft.locate is not None else fault
                finding = _finding(found)
                bad[finding.line] = finding
        lines = self._lines_of(bad, before)
        good = [row for row in before if row.line not in lines]
        columns = [*origin.columns, *(name for name in constants if name not in origin.columns)]
        body = self._plan.load.body(number, good, columns) if good else b""
        return Part(number, len(rows), len(good), body, list(bad.values()), at_bytes)

    def _lines_of(self, bad: dict[int, Finding], rows: list[Row]) -> set[int]:
        """Every line that is left out: with one line of a group its whole document."""
        if not self._plan.load.form.group or not bad:
            return set(bad)
        ids = {row.line: self._reader.id_of(row) for row in rows}
        lost = {ids[line] for line in bad if line in ids}
        return {line for line, id_ in ids.items() if id_ in lost or line in bad}


def _reached(file: BinaryIO) -> int:
    """How far a file is read; whoever decodes it closes it at its end."""
    return 2**62 if file.closed else file.tell()


def _any(_sku: str, _unit: str) -> bool:
    return True


def _finding(fault: Fault) -> Finding:
    place = fault.path.partition(".")[0].partition("[")[0]
    line = place.rpartition("_")[2]
    value = "" if fault.value is None else str(fault.value)[:200]
    return Finding(int(line) if line.isdigit() else 0, fault.path, value, fault.says, fault.fix)


def write_findings(path: Path, file: str, findings: Iterable[Finding]) -> None:
    """What does not fit, as a table for people. A text that a spreadsheet would run gets an apostrophe before it."""
    with path.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(COLUMNS)
        for one in findings:
            cells = (file, str(one.line), one.path, one.value, one.says, one.fix)
            lines.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
