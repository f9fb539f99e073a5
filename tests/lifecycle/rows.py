"""Which cases turn red when a row of a table is taken out: `python -m tests.lifecycle.rows` prints one line a row."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, replace

from crossdock.model.lifecycle.tables import TABLES, Move, Tables
from tests.lifecycle.cases import CASES


def without() -> Iterator[tuple[str, Move, Tables]]:
    """Every table with one row less: its name, the row, all tables."""
    for part in fields(TABLES):
        rows: tuple[Move, ...] = tuple(getattr(TABLES, part.name))
        for row in rows:
            yield part.name, row, replace(TABLES, **{part.name: tuple(one for one in rows if one is not row)})


def red(tables: Tables) -> list[str]:
    """The cases that some tables do not satisfy."""
    return [case.says for case in CASES if case.wrong(tables)]


def main() -> int:
    """Takes out row after row; 1 when nobody notices one of them."""
    unseen = 0
    for name, row, tables in without():
        found = red(tables)
        unseen += not found
        what = f"{row.before.value} -{row.told.value}-> {row.after.value}"
        print(
            f"{'red  ' if found else 'GREEN'} {name:12} {what:44} {len(found):2} {found[0] if found else ''}"
        )
    print(f"{unseen} rows that nobody would miss")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
