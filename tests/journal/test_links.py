"""What the chain of the ledger vouches for: every column, every value, every byte; and its formula for good."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from crossdock.journal.chain import GENESIS, digest, link, mark, sealed
from crossdock.journal.changes import Changes
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind

#: As many columns as an entry has, no two of them alike, and the row that it made.
COLUMNS = tuple(f"column {n}" for n in range(22))
ROW = tuple(f"value {n}" for n in range(11))
#: More than is kept of an answer, so that no bound that somebody puts on what is looked at goes unseen.
BODY = bytes(range(256)) * 300


def others(values: tuple[str, ...]) -> list[tuple[object, ...]]:
    """The same with one value changed, each in turn, and with none in its place."""
    places = range(len(values))
    return [(*values[:n], other, *values[n + 1 :]) for n in places for other in ("another", None)]


def test_a_link_vouches_for_every_column_of_its_entry():
    links = {link(GENESIS, columns, ROW) for columns in (COLUMNS, *others(COLUMNS))}
    assert len(links) == 1 + 2 * len(COLUMNS)


def test_a_link_vouches_for_every_value_of_the_row_that_its_entry_made():
    links = {link(GENESIS, COLUMNS, row) for row in (ROW, *others(ROW), ())}
    assert len(links) == 2 + 2 * len(ROW)


def test_a_link_vouches_for_all_links_before_it():
    first, other = (link(GENESIS, COLUMNS, row) for row in (ROW, ()))
    assert link(first, COLUMNS, ROW) != link(other, COLUMNS, ROW)


def test_the_digest_of_a_row_stands_in_for_it_and_for_no_other():
    assert link(GENESIS, COLUMNS, (), sealed(ROW)) == link(GENESIS, COLUMNS, ROW)
    assert len({sealed(row) for row in (ROW, *others(ROW))}) == 1 + 2 * len(ROW)


def test_a_mark_vouches_for_what_kind_of_row_it_is_and_for_every_value():
    marks = {mark(what, row) for what in ("one", "other") for row in (ROW, *others(ROW))}
    assert len(marks) == 2 * (1 + 2 * len(ROW))


@pytest.mark.parametrize("at", [0, 4_095, 4_096, 65_535, 65_536, len(BODY) - 1])
def test_a_digest_vouches_for_every_byte(at: int):
    other = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
    assert digest(b"salt", other) != digest(b"salt", BODY)
    assert digest(b"salt", BODY[:at]) != digest(b"salt", BODY)
    assert digest(b"sale", BODY) != digest(b"salt", BODY)


def test_the_formula_is_the_one_by_which_older_ledgers_were_written():
    """Said once more, without the code: another formula finds every store that there is to be forged."""
    packed = msgspec.msgpack.encode
    row = hashlib.sha256(packed(ROW)).digest()
    assert link(GENESIS, COLUMNS, ROW) == hashlib.sha256(bytes(32) + packed(COLUMNS) + row).digest()
    assert link(GENESIS, COLUMNS, ()) == hashlib.sha256(bytes(32) + packed(COLUMNS)).digest()
    assert mark("one", ROW) == hashlib.blake2b(packed(("one", ROW)), digest_size=8).digest()
    assert digest(b"salt", BODY) == hashlib.sha256(b"salt" + BODY).digest()


def test_the_digest_of_a_payload_is_that_of_its_bytes_however_they_are_packed():
    changes = Changes(1, iter(range(1, 9)).__next__, lambda: b"salt")
    entry = Entry(EntryKind.sent)
    entry.payload, entry.digest = changes.payload(BODY)
    assert entry.digest == hashlib.sha256(b"salt" + BODY).digest()
