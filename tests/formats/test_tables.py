"""Rows of files: exact, placed, bounded, and never guessed."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid, Unreadable
from crossdock.formats import flat, xlsx, xml
from crossdock.formats.flat import Flat
from crossdock.formats.table import Bounds, Casts, Row, date_cast, flag_cast, letters, number_cast

CELL = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip() == text)
TREES = st.lists(st.fixed_dictionaries({"a": CELL, "b": CELL}), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(TREES, st.sampled_from([",", ";", "\t", "|"]))
def test_what_was_written_as_lines_is_read_again(rows: list[dict[str, str]], delimiter: str) -> None:
    form = Flat(delimiter=delimiter)
    body = flat.write(rows, ["a", "b"], form)
    assert [row.values for row in flat.read(body, form).rows] == rows


@settings(max_examples=15, deadline=None)
@given(TREES)
def test_what_was_written_as_a_sheet_is_read_again(rows: list[dict[str, str]]) -> None:
    body = xlsx.write(rows, ["a", "b"])
    assert [row.values for row in xlsx.read(body).rows] == rows


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_what_was_written_as_xml_is_read_again(rows: list[dict[str, str]]) -> None:
    body = xml.write(rows, root="items", row="item")
    assert [row.values for row in xml.read(body, "item").rows] == rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_byte_order_mark_goes_before_the_declared_encoding(encoding: str) -> None:
    body = "sku,name\nA,Café\n".encode(encoding)
    declared = "cp1252" if encoding == "cp1252" else "latin-1"
    (row,) = flat.read(body, Flat(encoding=declared)).rows
    assert row.values == {"sku": "A", "name": "Café"}


def test_a_wrong_encoding_is_named_and_not_replaced() -> None:
    with pytest.raises(Unreadable) as caught:
        list(flat.read("sku,name\nA,Café\n".encode("cp1252"), Flat()).rows)
    assert caught.value.value == "0xe9"


def test_a_row_is_told_by_its_line_even_behind_cells_of_several_lines() -> None:
    rows = list(flat.read(b'sku,name\nA,"two\nlines"\n\nB,x,y,z\nC,ok\n', Flat()).rows)
    assert [(row.line, row.wrong is None) for row in rows] == [(2, True), (5, False), (6, True)]
    assert "4 cells under 2 columns" in str(rows[1].wrong)


def test_a_quote_that_never_ends_spoils_its_row_and_not_those_before() -> None:
    rows = list(flat.read(b'sku,name\nA,ok\nB,"never ends\n', Flat()).rows)
    assert [row.wrong is None for row in rows] == [True, False]


@pytest.mark.parametrize("header", [b"", b"sku,sku\n", b"sku,,name\n"])
def test_a_header_that_says_nothing_sure_is_refused(header: bytes) -> None:
    with pytest.raises(Unreadable):
        flat.read(header, Flat())


def test_lines_of_fixed_widths_are_cut_where_they_were_declared_and_never_by_us() -> None:
    form = Flat(header=False, columns=("sku:1-5", "qty:6-9"))
    rows = list(flat.read(b"A-1  0012\r\nB-2  0003XX\r\n", form).rows)
    assert rows[0].values == {"sku": "A-1", "qty": "0012"}
    assert rows[1].wrong is not None
    assert flat.write([{"sku": "A-1", "qty": 12}], ["sku", "qty"], form) == b"A-1  12\r\n"
    with pytest.raises(Invalid, match="do not fit into 5"):
        flat.write([{"sku": "A-1234"}], ["sku", "qty"], form)


@pytest.mark.parametrize(
    ("text", "decimal", "grouping", "number"),
    [("1,50", ",", "", Decimal("1.50")), ("1.234,5", ",", ".", Decimal("1234.5")), ("12", ".", "", 12),
     ("-0.10", ".", "", Decimal("-0.10")), ("1 234 567", ",", " ", 1234567)],
)  # fmt: skip
def test_numbers_keep_their_digits(text: str, decimal: str, grouping: str, number: object) -> None:
    made = number_cast(decimal, grouping)(text)
    assert (made, str(made)) == (number, str(number))


@pytest.mark.parametrize(
    ("text", "decimal", "grouping"),
    [("1.50", ",", "."), ("1,5", ".", ""), ("1e3", ".", ""), ("12x", ".", ""), ("", ".", "")],
)
def test_what_could_be_another_number_is_refused(text: str, decimal: str, grouping: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        number_cast(decimal, grouping)(text)


def test_dates_are_read_by_their_declared_format_only() -> None:
    assert date_cast("%d.%m.%Y")("01.02.2026") == "2026-02-01"
    with pytest.raises(ValueError, match="not written like"):
        date_cast("%d.%m.%Y")("2026-02-01x")


def test_the_first_cell_that_does_not_fit_is_named() -> None:
    row = Casts({"qty": number_cast(), "ok": flag_cast}).cast(Row(7, {"qty": "x", "ok": "maybe"}))
    assert row.wrong is not None
    assert (row.wrong.path, row.wrong.value) == ("qty", "x")


def test_columns_are_called_as_a_spreadsheet_calls_them() -> None:
    assert [letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_sheet_keeps_numbers_exact_and_texts_texts() -> None:
    rows = [{"sku": "007", "price": Decimal("0.1"), "sscc": 376104250021234569, "note": "=1+1"}]
    (row,) = xlsx.read(xlsx.write(rows, list(rows[0]))).rows
    assert row.values == {"sku": "007", "price": Decimal("0.1"), "sscc": "376104250021234569", "note": "=1+1"}


def test_a_bomb_is_refused_before_it_bursts() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("xl/workbook.xml", b"0" * 3_000_000)
    with pytest.raises(Unreadable, match="when unpacked"):
        xlsx.read(packed.getvalue(), bounds=Bounds(bytes=1_000_000))
    with pytest.raises(
        Unreadable, match="no spreadsheet"
    ):  # the control: within the bound it is read further
        xlsx.read(packed.getvalue(), bounds=Bounds(bytes=10_000_000))


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x><i>&b;</i></x>'


@pytest.mark.parametrize("body", [BOMB, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'])
def test_no_document_type_is_ever_obeyed(body: bytes) -> None:
    with pytest.raises(Unreadable, match="document type"):
        list(xml.read(body, "i").rows)


def test_broken_xml_is_told_by_line_and_column() -> None:
    with pytest.raises(Unreadable, match="line 2, column"):
        list(xml.read(b"<x>\n<i></x>", "i").rows)


def test_xml_has_attributes_lists_and_lines() -> None:
    body = b'<r xmlns:a="u">\n <a:i no="1"><k>x</k><k>y</k><e/></a:i>\n <i>z</i>\n</r>'
    rows = list(xml.read(body, "i").rows)
    assert [(row.line, row.values) for row in rows] == [
        (2, {"@no": "1", "k": ["x", "y"]}),
        (3, {"#text": "z"}),
    ]


@pytest.mark.parametrize("rows", [1, 2])
def test_more_rows_than_agreed_are_refused(rows: int) -> None:
    body = b"sku\nA\nB\n"
    if rows == 1:
        with pytest.raises(Unreadable, match="more than 1 rows"):
            list(flat.read(body, Flat(), Bounds(rows=rows)).rows)
    else:
        assert len(list(flat.read(body, Flat(), Bounds(rows=rows)).rows)) == rows
