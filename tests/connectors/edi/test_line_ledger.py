"""Every line of an order between order, notices and bills: short, over, substituted, over several 945s."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from crossdock.connectors.edi.line_ledger import line_ledger, up_to
from tests.connectors.edi.trade import drop, order, running, sent, shipped, site, table, until

ORDER = {
    "number": "PO-1",
    "lines": [
        {"line": "1", "sku": "PT-100", "unit": "EA", "quantity": 48},
        {"line": "2", "sku": "PT-210", "unit": "CA", "quantity": 10},
    ],
}
_INCIDENTS = "SELECT type, system, path, says FROM incidents WHERE state = 1 ORDER BY id"


def notice(number: str, *lines: tuple[str, str, int, str]) -> dict[str, object]:
    """What left: line, item, quantity, unit."""
    told = [{"line": n, "sku": sku, "quantity": amount, "unit": unit} for n, sku, amount, unit in lines]
    return {"number": number, "lines": told}


def test_several_notices_add_up_line_by_line() -> None:
    first = notice("S-1", ("1", "PT-100", 30, "EA"), ("2", "PT-210", 4, "CA"))
    second = notice("S-2", ("1", "PT-100", 20, "EA"), ("2", "PT-999", 3, "CA"), ("7", "PT-1", 1, "EA"))
    found = line_ledger(ORDER, [first, second])
    assert (found["1"].shipped, found["1"].short, found["1"].over) == (50, 0, 2)
    assert (found["2"].shipped, found["2"].short, found["2"].substitutes) == (7, 3, ["PT-999"])
    assert (found["7"].ordered, found["7"].over, found["1"].shipments) == (0, 1, ["S-1", "S-2"])


def test_a_notice_in_another_unit_is_kept_apart() -> None:
    found = line_ledger(ORDER, [notice("S-1", ("2", "PT-210", 24, "EA"))])
    assert (found["2"].shipped, found["2"].otherwise) == (0, [("S-1", Decimal(24), "EA")])


def test_the_ledger_of_a_notice_ends_with_it() -> None:
    told = [notice("S-1"), notice("S-2"), notice("S-3")]
    assert [one["number"] for one in up_to(told, "S-2")] == ["S-1", "S-2"]


async def test_the_second_notice_may_take_what_the_first_left_and_no_more(tmp_path: Path) -> None:
    async with running(site(tmp_path)) as hub:
        drop(tmp_path, "retailer", "a.edi", order("PO-1", 7))
        await until(lambda: sent(tmp_path, "threepl", "940"))
        first = shipped(5, "PO-1", second=6)
        drop(tmp_path, "threepl", "1.edi", first)
        await until(lambda: len(sent(tmp_path, "retailer", "856")) == 1)
        rest = _of_the_second_line(shipped(6, "PO-1", second=4, label="00000123456789012374"))
        drop(tmp_path, "threepl", "2.edi", rest.replace("SHP-PO-1", "SHP-2"))
        await until(lambda: len(sent(tmp_path, "retailer", "856")) == 2 or table(hub, _INCIDENTS))
        assert table(hub, _INCIDENTS) == []
        more = _of_the_second_line(shipped(7, "PO-1", second=1, label="00000123456789012381"))
        drop(tmp_path, "threepl", "3.edi", more.replace("SHP-PO-1", "SHP-3"))
        await until(lambda: table(hub, _INCIDENTS))
        ((type_, system, path, says),) = table(hub, _INCIDENTS)
        assert (type_, system, path) == ("invalid", "retailer", "lines[0].quantity")
        assert says == "11 CA shipped on line 2, with SHP-PO-1, SHP-2, 10 ordered"
        assert len(sent(tmp_path, "retailer", "856")) == 2


def _of_the_second_line(text: str) -> str:
    """A 945 without its package and its first line."""
    before, _, behind = text.partition("MAN*GM*")
    kept = behind[behind.index("W12*CP") :]
    total = kept.partition("W03*")[2].partition("~")[0]
    made = before + kept.replace(f"W03*{total}", f"W03*{int(total) - 48}")
    segments = made[made.index("ST*945") : made.index("SE*")].count("~") + 1
    return made[: made.index("SE*")] + f"SE*{segments}*" + made.partition("SE*")[2].partition("*")[2]
