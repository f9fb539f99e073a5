"""Each set of the first list, from the partner's words to ours and back, checked by the standard's own grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock.charter.partners import read_partner
from crossdock.connectors.edi.reader import EdiReader
from crossdock.connectors.edi.writer import EdiWriter
from crossdock.faults import Invalid, Misconfigured
from crossdock.formats.edi.profile import Profile
from crossdock.formats.edifact.check import check as check_edifact
from crossdock.formats.edifact.report import MessageReport
from crossdock.formats.x12.check import reports
from crossdock.kit.connector import Ask, Content, Draft, Job, Tools
from crossdock.model import register
from tests.connectors.edi.documents import DOCUMENTS, shipment

SAMPLES = Path(__file__).parents[2] / "formats"
_SETS_IN = ("850", "860", "940", "943", "944", "945", "846", "947")
_SETS_OUT = ("855", "856", "810", "846", "940", "943", "944", "945", "947")
_MESSAGES_OUT = ("ORDRSP", "DESADV", "RECADV", "INVRPT", "INVOIC")


@dataclass
class System:
    """As much of a system as a connector asks for."""

    name: str
    partner: Profile
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


def profile(
    sets: tuple[str, ...], direction: str, *, standard: str = "x12", version: str = "004010", more: str = ""
) -> Profile:
    """A partner that exchanges some sets one way."""
    us, them = ("PINECREST", "HARBORLANE") if standard == "x12" else ("4012345500004", "5412345000013")
    qualifier = "ZZ" if standard == "x12" else "14"
    documents = "".join(f'  - {{set: "{one}", direction: {direction}}}\n' for one in sets)
    text = (
        f'partner: 1\nstandard: {standard}\nversion: "{version}"\n'
        f'us: {{id: "{us}", qualifier: "{qualifier}"}}\n'
        f'them: {{id: "{them}", qualifier: "{qualifier}"}}\ndocuments:\n{documents}{more}'
    )
    problems: list[Misconfigured] = []
    found = read_partner("p", text, "partners/p.yaml", problems, register.kinds(), {})
    assert problems == [] and found is not None
    return found


def tools(partner: Profile, known: dict[tuple[str, str], Any] | None = None) -> Tools:
    """What a hub would lend, with some documents known."""
    return Tools(
        system=System("p", partner),
        ours=lambda _, code: str(code),
        theirs=lambda _, code: str(code),
        file=lambda name: name,
        now=lambda: 1_774_000_000.0,
        reads=tuple,
        document=lambda kind, number: (known or {}).get((kind, number)),
    )


def drafts(body: bytes, partner: Profile, known: dict[tuple[str, str], Any] | None = None) -> list[Draft]:
    """What comes of an interchange, but for its acknowledgement."""
    reader = EdiReader(partner, tools(partner, known))
    content = Content(body, "application/edi-x12")
    reader.facts(content)
    found = [one for one in reader.read(content) if one.document != "acknowledgement"]
    for one in found:
        if one.wrong is not None:
            raise one.wrong
        register.read(one.document, one.tree, zone=ZoneInfo("UTC"), declares=lambda _sku, _unit: True)
    return found


def sample(set_id: str, version: str = "004010") -> bytes:
    """A sound interchange of one set."""
    return (
        (SAMPLES / "x12" / "samples" / f"{set_id}-{version}.edi")
        .read_bytes()
        .replace(b"6789012363", b"6789012367")
    )


def written(
    document: str, tree: dict[str, Any], partner: Profile, known: dict[tuple[str, str], Any] | None = None
) -> str:
    """What a document becomes, with its control numbers as the store would give them."""
    writer = EdiWriter(document, partner, tools(partner, known))
    ask = writer.step(Job(document, tree, str(tree.get("number", "1")), "t1.1"), ())
    assert isinstance(ask, Ask)
    body = ask.body
    for one in ask.numbers:
        for mark, form in one.marks:
            assert mark in body
            body = body.replace(mark, form(41))
    return body.decode()


def findings(body: str) -> list[str]:
    """What the standard's own grammar finds."""
    found, outside = reports(body.encode())
    assert not outside
    return [f.says for one in found for f in one.every() if f.severity == "error"]


ORDER = drafts(sample("850"), profile(("850",), "in"))[0].tree
KNOWN = {("sales_order", "PO-884120"): ORDER}
PLAIN = {("sales_order", "PO-884120"): {name: value for name, value in ORDER.items() if name != "extra"}}


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize("set_id", _SETS_IN)
def test_a_sound_set_becomes_documents_of_our_model(set_id: str, version: str) -> None:
    found = drafts(sample(set_id, version), profile((set_id,), "in", version=version), KNOWN)
    assert found


def test_an_850_keeps_lines_dates_places_and_what_the_buyer_called_its_items() -> None:
    assert ORDER["number"] == "PO-884120" and ORDER["placed_at"] == "2026-03-02"
    assert (ORDER["ship_from_at"], ORDER["ship_until_at"]) == ("2026-03-16", "2026-03-30")
    assert ORDER["ship_to"]["city"] == "Duluth" and ORDER["ship_to"]["postcode"] == "55802"
    assert [(line["sku"], line["quantity"], line["unit"]) for line in ORDER["lines"]] == [
        ("PT-100", 48, "EA"),
        ("PT-210", 10, "CA"),
    ]
    assert ORDER["extra"]["edi"]["lines"]["1"]["ids"] == [
        ["UP", "012345678905"],
        ["VN", "PT-100"],
        ["IN", "7788120"],
    ]


def test_a_945_tells_what_is_short_and_what_is_in_each_package() -> None:
    (one,) = drafts(sample("945"), profile(("945",), "in"))
    assert [(line["ordered"], line["quantity"]) for line in one.tree["lines"]] == [(48, 48), (10, 6)]
    assert [len(package["lines"]) for package in one.tree["packages"]] == [1, 1]


@pytest.mark.parametrize("version", ["004010", "005010"])
@pytest.mark.parametrize("set_id", _SETS_OUT)
def test_a_document_becomes_a_set_without_a_finding(set_id: str, version: str) -> None:
    document, tree = DOCUMENTS[set_id]
    body = written(document, tree, profile((set_id,), "out", version=version), KNOWN)
    assert findings(body) == []
    assert body.startswith("ISA*00*") and "*000000041*" in body and f"ST*{set_id}*0001" in body


@pytest.mark.parametrize("set_id", sorted({*_SETS_OUT} & {*_SETS_IN}))
def test_what_was_written_reads_as_what_it_was(set_id: str) -> None:
    document, tree = DOCUMENTS[set_id]
    body = written(document, tree, profile((set_id,), "out"), KNOWN)
    turned = (
        body.replace("PINECREST      ", "#")
        .replace("HARBORLANE     ", "PINECREST      ")
        .replace("#", "HARBORLANE     ")
    )
    first = drafts(turned.encode(), profile((set_id,), "in"))[0]
    assert first.document == document
    told = first.tree.get("lines", [first.tree])
    asked = tree.get("lines", [tree])
    assert [line["sku"] for line in told] == [line["sku"] for line in asked]
    assert [line["quantity"] for line in told] == [line["quantity"] for line in asked]


@pytest.mark.parametrize("message", _MESSAGES_OUT)
def test_a_document_becomes_a_message_without_a_finding(message: str) -> None:
    by_message = {"ORDRSP": "855", "DESADV": "856", "RECADV": "944", "INVRPT": "846", "INVOIC": "810"}
    document, tree = DOCUMENTS[by_message[message]]
    body = written(document, tree, profile((message,), "out", standard="edifact", version="D96A"), PLAIN)
    for report in check_edifact(body.encode()):
        assert [f.says for f in report.findings if f.severity == "error"] == []
        if isinstance(report, MessageReport):
            assert report.type == message


def test_orders_become_a_sales_order() -> None:
    text = (
        (SAMPLES / "edifact" / "samples" / "ORDERS.txt")
        .read_text()
        .replace("{gtin}", "EN")
        .replace("{text}", "CREAM")
    )
    body = [line for line in text.splitlines() if line.strip()]
    head = "UNB+UNOC:3+5412345000013:14+4012345500004:14+260320:0915+R1'UNH+1+ORDERS:D:96A:UN'"
    whole = f"{head}{''.join(body)}UNT+{len(body) + 2}+1'UNZ+1+R1'"
    (one,) = drafts(whole.encode(), profile(("ORDERS",), "in", standard="edifact", version="D96A"))
    assert one.tree["number"] == "PO-77120"
    assert [(line["sku"], line["quantity"]) for line in one.tree["lines"]] == [
        ("M-100", 48),
        ("4012345000023", 10),
    ]


def test_a_ship_notice_without_packs_has_no_pack_level() -> None:
    agreed = profile((), "out", more='  - {set: "856", direction: out, hierarchy: SOI}\n')
    body = written("shipment", shipment(), agreed, KNOWN)
    assert findings(body) == [] and re.findall(r"HL\*\d+\*\d*\*(\w)", body) == ["S", "O", "I", "I"]


def test_tares_hold_the_packs_that_stand_on_them() -> None:
    body = written("shipment", shipment(), profile(("856",), "out"), KNOWN)
    assert re.findall(r"HL\*(\d+)\*(\d*)\*(\w)", body) == [
        ("1", "", "S"),
        ("2", "1", "O"),
        ("3", "2", "T"),
        ("4", "3", "P"),
        ("5", "4", "I"),
        ("6", "2", "P"),
        ("7", "6", "I"),
    ]


def test_missing_labels_are_given_out_by_the_store_with_their_check_digit() -> None:
    agreed = profile(("856",), "out", more='shipping: {sscc_required: true, sscc_prefix: "0614141"}\n')
    packages = [{"lines": package["lines"]} for package in shipment()["packages"] if "lines" in package]
    body = written("shipment", shipment(packages=packages), agreed, KNOWN)
    labels = re.findall(r"MAN\*GM\*00(\d{18})", body)
    assert len(labels) == 2 and all(label.startswith("00614141000000041") for label in labels)
    with pytest.raises(Invalid, match="no SSCC"):
        written(
            "shipment",
            shipment(packages=packages),
            profile(("856",), "out", more="shipping: {sscc_required: true}\n"),
            KNOWN,
        )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"order": "PO-0"}, "order"),
        ({"shipped_at": "2026-04-17"}, "shipped_at"),
        (
            {"packages": [{"lines": [{"sku": "PT-100", "quantity": 1, "unit": "EA"}]}]},
            "packages[0].lines[0].quantity",
        ),
        (
            {"lines": [{"line": "9", "sku": "PT-100", "quantity": 1, "unit": "EA"}], "packages": []},
            "lines[0].order_line",
        ),
        (
            {"lines": [{"line": "1", "sku": "PT-210", "quantity": 1, "unit": "EA"}], "packages": []},
            "lines[0].sku",
        ),
    ],
)
def test_a_ship_notice_that_contradicts_its_order_does_not_leave(change: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        written("shipment", shipment(**change), profile(("856",), "out"), KNOWN)
    assert caught.value.path == path and caught.value.fix


def test_data_that_holds_a_delimiter_gets_others_unless_the_profile_fixes_them() -> None:
    tree = {**DOCUMENTS["940"][1], "notes": "2*3 ~ 6"}
    body = written("warehouse_order", tree, profile(("940",), "out"), KNOWN)
    assert findings(body) == [] and "2*3 ~ 6" in body
    with pytest.raises(Invalid, match="delimiter"):
        written(
            "warehouse_order",
            tree,
            profile(("940",), "out", more='delimiters: {element: "*", terminator: "~"}\n'),
            KNOWN,
        )


def test_a_945_tells_what_was_ordered_and_where_it_left_from() -> None:
    plain = [{k: v for k, v in line.items() if k != "ordered"} for line in shipment()["lines"]]
    tree = shipment(warehouse_order="PO-884120", lines=plain, site=None)
    body = written("shipment", tree, profile(("945",), "out"), KNOWN).replace("\n", "")
    assert findings(body) == []
    assert "W12*CC*48*48*0*EA*" in body and "W12*CP*10*6*-4*CA*" in body
    assert "N1*SF*PINECREST*ZZ*PINECREST~" in body


def test_each_lot_of_a_line_is_told() -> None:
    line = {"line": 1, "order_line": "1", "sku": "PT-100", "unit": "EA"}
    lots = [{**line, "quantity": 40, "lot": "L1"}, {**line, "quantity": 8, "lot": "L2"}]
    tree = shipment(warehouse_order="PO-884120", lines=lots, packages=[])
    body = written("shipment", tree, profile(("945",), "out"), KNOWN).replace("\n", "")
    assert re.findall(r"W12\*(\w\w)\*(\d*)\*(\d+)\*", body) == [("CC", "48", "40"), ("CC", "", "8")]
    assert "*L1" in body and "*L2" in body and "W03*48" in body


@pytest.mark.parametrize(("table", "carrier"), [("{ground: RDWY}", "ground"), ("{a: RDWY, b: RDWY}", "RDWY")])
def test_a_scac_becomes_our_carrier_where_it_stands_for_one(table: str, carrier: str) -> None:
    agreed = profile(("945",), "in", more=f"shipping: {{scac: {table}}}\n")
    (one,) = drafts(sample("945"), agreed)
    assert one.tree["carrier"] == carrier
