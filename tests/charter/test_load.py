"""A sound site: from its files to frozen values."""

from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crossdock.charter.charter import (
    AnswerClass,
    Auth,
    Find,
    FlowIn,
    FlowOut,
    ItemCheck,
    Limits,
    OnChange,
    OnUnclear,
)
from crossdock.charter.charter import Reader as ReaderRule
from crossdock.charter.load import check, load
from tests.charter.sites import CHARTER, CONNECTORS, DOCUMENTS, FILES, changed, site


def loaded(folder: Path, files: dict[str, str | None] | None = None):
    return load(site(folder, files), connectors=CONNECTORS, documents=DOCUMENTS)


def test_the_small_site_is_sound(tmp_path):
    assert check(site(tmp_path), connectors=CONNECTORS, documents=DOCUMENTS) == []


def test_what_is_written_is_what_is_loaded(tmp_path):
    charter = loaded(tmp_path)
    assert (charter.site.name, charter.site.timezone, charter.site.currency) == (
        "here",
        ZoneInfo("Europe/Amsterdam"),
        "EUR",
    )
    assert charter.network_allow == (ip_network("127.0.0.1/32"),)
    shop, wms = charter.systems["shop"], charter.systems["wms"]
    assert shop.flows_in == (
        FlowIn(
            "sales_order", id="number", order_by="customer.id", map="mappings/in.jsonata", optional=("notes",)
        ),
    )
    assert wms.auth == Auth("bearer", secret="WMS_TOKEN")
    assert wms.limits == Limits(concurrency=4)
    flow = wms.flow_out("sales_order")
    assert flow is not None
    assert (flow.method, flow.path, flow.their_id) == ("POST", "/orders", "id")
    assert (flow.idempotency_header, flow.on_unclear) == ("Idempotency-Key", OnUnclear.RESEND)
    assert charter.objects["sales_order"].readers == (ReaderRule("wms"),)


def test_what_is_left_out_has_its_default(tmp_path):
    charter = loaded(tmp_path, changed("site: {name: here, timezone: Europe/Amsterdam, currency: EUR}\n", ""))
    assert (charter.site.timezone, charter.site.currency, charter.site.tenant) == (
        ZoneInfo("UTC"),
        "EUR",
        "default",
    )
    assert charter.checks.item_known is ItemCheck.REFUSE
    assert charter.checks.wait_s == 900
    assert charter.intake_max_bytes == 10_000_000
    assert charter.systems["shop"].timezone is None
    assert charter.systems["shop"].flows_in[0].on_change is OnChange.REFUSE


def test_null_is_as_good_as_left_out(tmp_path):
    text = CHARTER.replace("id: number\n", "id: number\n        version: null\n        ignore: ~\n").replace(
        "concurrency: 4", "concurrency: 4, rate_per_s: null"
    )
    charter = loaded(tmp_path, {"charter.yaml": text})
    assert charter.systems["shop"].flows_in[0].version is None
    assert charter.systems["shop"].flows_in[0].ignore == ()
    assert charter.systems["wms"].limits.rate_per_s is None


def test_an_exact_status_beats_its_class_and_the_unlisted_is_unclear(tmp_path):
    answers = loaded(tmp_path).systems["wms"].flows_out[0].answers
    assert [answers.meaning(status) for status in (200, 204, 429, 404, 500, 302)] == [
        AnswerClass.DONE,
        AnswerClass.DONE,
        AnswerClass.LATER,
        AnswerClass.REJECTED,
        AnswerClass.UNCLEAR,
        AnswerClass.UNCLEAR,
    ]


def test_without_a_table_of_answers_the_usual_one_holds(tmp_path):
    text = changed("        answers: {done: [2xx], later: [429, 503], rejected: [4xx]}\n", "")
    answers = loaded(tmp_path, text).systems["wms"].flows_out[0].answers
    assert [answers.meaning(status) for status in (201, 425, 503, 408, 500, 404)] == [
        AnswerClass.DONE,
        AnswerClass.LATER,
        AnswerClass.LATER,
        AnswerClass.UNCLEAR,
        AnswerClass.UNCLEAR,
        AnswerClass.REJECTED,
    ]


def test_a_flow_may_ask_the_target(tmp_path):
    text = changed(
        "on_unclear: resend",
        'on_unclear: find\n        find: {path: "/orders/{number}", absent: [404, 410], settle_s: 3}',
    )
    flow = loaded(tmp_path, text).systems["wms"].flows_out[0]
    assert flow.on_unclear is OnUnclear.FIND
    assert flow.find == Find("GET", "/orders/{number}", frozenset({200}), frozenset({404, 410}), 3.0)


def test_the_rest_of_the_keys(tmp_path):
    text = (
        CHARTER.replace(
            "idempotency:", "lengths: {consignee.name: 35}\n        charset: ascii\n        idempotency:"
        )
        + "checks: {item_known: warn, wait_s: 60}\nintake: {max_bytes: 5000}\nowners: {unknown_sku: master_data}\n"
    )
    charter = loaded(tmp_path, {"charter.yaml": text})
    flow = charter.systems["wms"].flows_out[0]
    assert (dict(flow.lengths), flow.charset) == ({"consignee.name": 35}, "ascii")
    assert charter.checks.item_known is ItemCheck.WARN
    assert charter.intake_max_bytes == 5000
    assert charter.owners == {"unknown_sku": "master_data"}


ERP = """
  erp:
    connector: erp
    url: https://erp.example.com
    auth: {type: session, user: hub, secret: ERP_PASSWORD}
    database: main
"""


def with_erp(extra: str = "", objects: str = "") -> dict[str, str]:
    text = CHARTER.replace("\nobjects:", f"{ERP}{extra}objects:")
    return {"charter.yaml": text + objects}


def test_a_connector_that_knows_its_documents_needs_no_flows(tmp_path):
    erp = loaded(tmp_path, with_erp(objects="  item: {owner: erp}\n")).systems["erp"]
    assert [(flow.document, flow.every_s) for flow in erp.flows_in] == [("sales_order", 5.0), ("item", 60.0)]
    assert [(flow.document, flow.on_unclear) for flow in erp.flows_out] == [("shipment", OnUnclear.FIND)]
    assert erp.options == {
        "database": "main",
        "warehouses": (),
        "page_size": 100,
        "with_drafts": False,
        "share": 1.0,
        "docs_url": None,
    }


def test_a_connector_that_knows_its_documents_can_be_narrowed(tmp_path):
    extra = "    in: [{document: item, every_s: 3}]\n    out: [{document: shipment, on_unclear: person}]\n"
    extra += "    warehouses: [a, b]\n    page_size: 7\n    with_drafts: true\n"
    erp = loaded(tmp_path, with_erp(extra)).systems["erp"]
    assert erp.flows_in == (FlowIn("item", every_s=3.0),)
    assert erp.flows_out == (FlowOut("shipment", on_unclear=OnUnclear.PERSON),)
    assert (erp.options["warehouses"], erp.options["page_size"], erp.options["with_drafts"]) == (
        ("a", "b"),
        7,
        True,
    )


def test_readers_may_wait_for_one_another(tmp_path):
    wms2 = CHARTER[CHARTER.index("  wms:") : CHARTER.index("objects:")].replace("  wms:", "  wms2:", 1)
    text = CHARTER.replace("objects:", f"{wms2}objects:").replace(
        "readers: [wms]", "readers: [wms, {system: wms2, after: wms}]"
    )
    table = FILES["crosswalks/ship_method.csv"] + "wms2,UPS,express\n"
    charter = loaded(tmp_path, {"charter.yaml": text, "crosswalks/ship_method.csv": table})
    assert charter.objects["sales_order"].readers == (ReaderRule("wms"), ReaderRule("wms2", after="wms"))


def test_norway_is_a_country(tmp_path):
    files = {
        **changed("name: here", "name: NO"),
        "crosswalks/ship_method.csv": FILES["crosswalks/ship_method.csv"] + "shop,NO,off\n",
    }
    assert loaded(tmp_path, files).site.name == "NO"


def test_aliases_are_understood(tmp_path):
    text = CHARTER.replace("limits: {concurrency: 4}", "limits: &few {concurrency: 4}").replace(
        "  shop:\n    connector: http\n", "  shop:\n    connector: http\n    limits: {concurrency: 2}\n"
    )
    text = text.replace("objects:", "  other: {connector: http, limits: *few}\nobjects:")
    assert loaded(tmp_path, {"charter.yaml": text}).systems["other"].limits.concurrency == 4


@pytest.mark.parametrize("file", sorted(FILES))
def test_the_version_changes_with_every_file(tmp_path, file):
    before = loaded(tmp_path / "one").version
    assert loaded(tmp_path / "two").version == before
    assert loaded(tmp_path / "three", {file: FILES[file] + "\n"}).version != before


PARTNER = """\
partner: 1
standard: x12
version: "004010"
us: {id: PINECREST}
them: {id: ACME}
transport: {type: folder, root: boxes}
documents: [{set: "850", direction: in}]
"""


def test_the_version_knows_names_and_partners_and_no_leftovers_of_editors(tmp_path):
    before = loaded(tmp_path / "a").version
    assert loaded(tmp_path / "b", {"partners/acme.yaml": PARTNER}).version != before
    assert (
        loaded(tmp_path / "c", {"mappings/.in.jsonata.swp": "x", "mappings/in.jsonata~": "("}).version
        == before
    )
    moved = {"mappings/in.jsonata": None, "mappings/in2.jsonata": FILES["mappings/in.jsonata"]}
    moved |= changed("map: mappings/in.jsonata", "map: mappings/in2.jsonata")
    unmoved = {"mappings/in2.jsonata": FILES["mappings/in.jsonata"]}
    assert loaded(tmp_path / "d", moved).version != loaded(tmp_path / "e", unmoved).version


def test_the_charter_holds_the_files_that_were_checked(tmp_path):
    charter = loaded(tmp_path)
    (tmp_path / "mappings/in.jsonata").write_text("{}")
    assert charter.files == FILES


def test_several_codes_of_theirs_may_mean_one_of_ours_where_only_ours_is_asked(tmp_path):
    table = FILES["crosswalks/ship_method.csv"] + "shop,EXPRESS,express\n"
    assert check(site(tmp_path, {"crosswalks/ship_method.csv": table}), connectors=CONNECTORS) == []
