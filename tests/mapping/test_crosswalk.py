"""Crosswalks: one row answers, every row used is told, nobody guesses."""

from decimal import Decimal

import pytest

from crossdock.faults import Misconfigured, Unmapped
from crossdock.mapping.crosswalk import Codes, Crosswalks, read_table

FILES = {
    "crosswalks/ship_method.csv": "system,theirs,ours\nshop,EXPRESS,express\nwms,DHL-E,express\n\n"
    "shop, STD ,standard\n",
    "crosswalks/unit.csv": 'system,theirs,ours\nshop,"ST,K",EA\nshop,PCE,EA\nshop,1,CS\n',
    "mappings/x.jsonata": "{}",
}


def codes(system: str, files: dict[str, str] = FILES) -> Codes:
    tables = Crosswalks.read(files)
    return Codes(system, lambda: tables)


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("ship_method", "EXPRESS", "express"),
        ("ship_method", "STD", "standard"),
        ("unit", "ST,K", "EA"),
        ("unit", 1, "CS"),
        ("unit", 1.0, "CS"),
        ("unit", Decimal(1), "CS"),
    ],
)
def test_their_code_becomes_ours(name, theirs, ours):
    assert codes("shop").ours(name, theirs) == ours


def test_our_code_becomes_theirs_for_the_system_that_asks():
    assert codes("shop").theirs("ship_method", "express") == "EXPRESS"
    assert codes("wms").theirs("ship_method", "express") == "DHL-E"


@pytest.mark.parametrize(
    ("system", "name", "code", "fix"),
    [
        ("shop", "ship_method", "SLOW", "add the row shop,SLOW,OURS to crosswalks/ship_method.csv"),
        ("erp", "ship_method", "EXPRESS", "add the row erp,EXPRESS,OURS to crosswalks/ship_method.csv"),
        ("shop", "ship_method", None, "send the code"),
        ("shop", "ship_method", "", "send the code"),
        ("shop", "ship_method", ["EXPRESS"], "send the code"),
        ("shop", "ship_methods", "EXPRESS", "write ship_method"),
        ("shop", "reason", "X", "make crosswalks/reason.csv with a row for shop"),
    ],
)
def test_a_code_without_a_row_says_which_row_to_add(system, name, code, fix):
    with pytest.raises(Unmapped) as refused:
        codes(system).ours(name, code)
    assert refused.value.crosswalk == name
    assert refused.value.fix.startswith(fix)


def test_where_two_rows_would_answer_nobody_guesses():
    assert codes("shop").ours("unit", "PCE") == "EA"
    with pytest.raises(Unmapped, match="several rows") as refused:
        codes("shop").theirs("unit", "EA")
    assert "lines 2 and 3 of crosswalks/unit.csv" in refused.value.fix


def test_every_row_used_is_told_once_with_its_version():
    asked = codes("shop")
    asked.ours("ship_method", "EXPRESS")
    asked.ours("ship_method", "EXPRESS")
    asked.theirs("ship_method", "standard")
    used = asked.used()
    assert [row.what for row in used] == ["crosswalk ship_method", "crosswalk ship_method"]
    assert len({row.version for row in used}) == 2
    assert asked.used() == ()


def test_the_version_of_a_row_changes_with_what_it_says():
    before, after = codes("shop"), codes("shop", {k: v.replace("express", "fast") for k, v in FILES.items()})
    before.ours("ship_method", "EXPRESS")
    after.ours("ship_method", "EXPRESS")
    assert before.used() != after.used()


def test_a_row_made_on_the_desk_counts_at_once_and_wins():
    tables = Crosswalks.read(FILES)
    asked = Codes("shop", lambda: tables)
    with pytest.raises(Unmapped):
        asked.ours("ship_method", "SLOW")
    tables = tables.with_row("ship_method", "shop", "SLOW", "standard")
    tables = tables.with_row("ship_method", "shop", "EXPRESS", "overnight")
    tables = tables.with_row("reason", "shop", "X", "damaged")
    assert asked.ours("ship_method", "SLOW") == "standard"
    assert asked.ours("ship_method", "EXPRESS") == "overnight"
    assert asked.ours("reason", "X") == "damaged"
    assert codes("wms").theirs("ship_method", "express") == "DHL-E"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "the header is ``"),
        ("system;theirs;ours\n", 1, "the header is `system;theirs;ours`"),
        ("system,ours,theirs\nshop,a,b\n", 1, "the header is"),
        ("system,theirs,ours\nshop,a,b\nshop,a\n", 3, "three filled cells"),
        ("system,theirs,ours\n\nshop,,b\n", 3, "three filled cells"),
        ("system,theirs,ours\nshop,a,b,c\n", 2, "three filled cells"),
        ('system,theirs,ours\nshop,"a,b\n', 2, "no CSV"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(text, line, says):
    with pytest.raises(Misconfigured, match=says) as refused:
        read_table("unit", text)
    assert (refused.value.file, refused.value.line) == ("crosswalks/unit.csv", line)
