"""What the `http` connector sends, and what it makes of each answer."""

import json

import pytest

from crossdock.charter.charter import AnswerClass, Answers, OnUnclear
from crossdock.connectors.http.connector import CONNECTOR
from crossdock.connectors.http.writer import HttpWriter
from crossdock.faults import InDoubt, Invalid, Misconfigured, Rejected, TryLater, Unmapped
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Unclear
from tests.connectors.http.two_systems import FIND, order, tools, wms


def writer(**flow) -> HttpWriter:
    return CONNECTOR.writer("sales_order", tools(wms(**flow)))


def job(tree: dict | None = None, **of) -> Job:
    tree = order() if tree is None else tree
    return Job("sales_order", tree, **{"number": tree.get("number", ""), "key": "t1.1", **of})


def judged(one: HttpWriter, status: int, body: bytes = b"", **headers: str) -> Done:
    answer = Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    found = one.step(job(), (Exchange(Ask("POST", "/wh"), answer),))
    assert isinstance(found, Done)
    return found


def test_the_mapping_makes_the_body_and_the_key_goes_into_its_header():
    ask = writer(map="mappings/wms-out.jsonata").step(job(key="t9.2"), ())
    assert isinstance(ask, Ask)
    assert (ask.method, ask.path, ask.safe) == ("POST", "/wh", False)
    assert ask.headers == {"Content-Type": "application/json", "Idempotency-Key": "t9.2"}
    body = json.loads(ask.body)
    assert body["carrier_service"] == "EXP"
    assert [line["quantity"] for line in body["order_lines"]] == [24, 2, 36, 4, 30]


def test_without_a_mapping_our_own_document_is_sent():
    ask = writer().step(job(), ())
    assert isinstance(ask, Ask)
    assert json.loads(ask.body) == order()


def test_no_header_is_configured_no_key_is_sent():
    ask = writer(idempotency_header=None, on_unclear=OnUnclear.PERSON).step(job(), ())
    assert isinstance(ask, Ask)
    assert ask.headers == {"Content-Type": "application/json"}


def test_the_same_job_gives_the_same_bytes():
    one, other = writer(map="mappings/wms-out.jsonata"), writer(map="mappings/wms-out.jsonata")
    assert one.step(job(), ()) == one.step(job(), ()) == other.step(job(), ())


@pytest.mark.parametrize(
    ("number", "expected"),
    [("SO 1/2", "/wh/SO%201%2F2"), ("Łódź?#", "/wh/%C5%81%C3%B3d%C5%BA%3F%23"), ("a..b", "/wh/a..b")],
)
def test_the_number_stands_url_encoded_in_the_path(number, expected):
    ask = writer(method="PUT", path="/wh/{number}").step(job({"number": number}), ())
    assert isinstance(ask, Ask)
    assert (ask.method, ask.path) == ("PUT", expected)


@pytest.mark.parametrize("number", [".", ".."])
def test_a_number_that_would_climb_up_the_path_is_refused(number):
    with pytest.raises(Invalid) as caught:
        writer(path="/wh/{number}").step(job({"number": number}), ())
    assert (caught.value.path, caught.value.value) == ("number", number)


def test_the_targets_id_stands_in_the_path_once_it_is_known():
    one = writer(method="DELETE", path="/wh/{id}")
    ask = one.step(job(their_id="77/8"), ())
    assert ask == Ask("DELETE", "/wh/77%2F8", headers={"Idempotency-Key": "t1.1"})
    with pytest.raises(Invalid) as caught:
        one.step(job(), ())
    assert caught.value.path == "their_id"


@pytest.mark.parametrize("path", ["wh", "/wh/{name}", "http://elsewhere.test/", ""])
def test_a_path_that_cannot_be_filled_is_refused_before_the_start(path):
    with pytest.raises(Misconfigured) as caught:
        writer(path=path)
    assert caught.value.path == "systems.wms.out.sales_order.send.path"


def test_every_status_means_what_the_contract_says():
    one = writer()
    for status in range(100, 600):
        expected: type = InDoubt
        if 200 <= status < 300:
            expected = Done
        elif status in (425, 429, 503):
            expected = TryLater
        elif 400 <= status < 500 and status != 408:
            expected = Rejected
        try:
            found: object = judged(one, status, b'{"id": 1}')
        except (TryLater, InDoubt, Rejected) as fault:
            found = fault
        assert type(found) is expected, status


def test_an_exact_status_beats_its_class():
    table = Answers(
        {409: AnswerClass.DONE, 200: AnswerClass.UNCLEAR}, {2: AnswerClass.DONE, 4: AnswerClass.REJECTED}
    )
    one = writer(answers=table)
    assert judged(one, 409, b'{"id": "7"}').their_id == "7"
    assert judged(one, 201, b'{"id": "7"}').their_id == "7"
    for status, fault in ((404, Rejected), (200, InDoubt), (500, InDoubt), (302, InDoubt)):
        with pytest.raises(fault):
            judged(one, status)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({}, None), ({"retry_after": "7"}, 7.0), ({"retry_after": "Sun, 22 Nov 2026 10:00:30 GMT"}, 30.0)],
)
def test_later_waits_as_long_as_the_target_asks(headers, wait_s):
    with pytest.raises(TryLater) as caught:
        judged(writer(), 503, **headers)
    assert caught.value.wait_s == wait_s


def test_a_rejection_says_why_in_the_targets_words_but_no_secret():
    body = b'{"message": "order 7 is closed, token=abc-4711-secret", "trace": "' + b"x" * 5000 + b'"}'
    with pytest.raises(Rejected) as caught:
        judged(writer(), 422, body)
    assert caught.value.says.startswith("wms answered 422: order 7 is closed")
    assert "4711" not in caught.value.says
    assert len(caught.value.says) < 300
    assert caught.value.fix


@pytest.mark.parametrize(
    ("body", "their_id"),
    [
        (b'{"id": "778"}', "778"),
        (b'{"id": 778}', "778"),
        (b'{"id": 12345678901234567890}', "12345678901234567890"),
    ],
)
def test_the_targets_id_is_kept(body, their_id):
    assert judged(writer(), 201, body) == Done(their_id, says="wms answered 201")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"id": null}', b'{"id": ""}', b'{"id": []}', b'{"id": true}', b"<html>", b"[]", b"5"],
)
def test_an_answer_without_the_id_is_done_and_says_that_it_is_missing(body):
    found = judged(writer(), 201, body)
    assert (found.their_id, found.missing_id) == (None, True)


def test_where_no_id_is_expected_none_is_missing():
    found = judged(writer(their_id=None), 201, b"")
    assert (found.their_id, found.missing_id) == (None, False)


def test_the_id_may_stand_deep_in_the_answer():
    assert (
        judged(writer(their_id="result.order.no"), 201, b'{"result": {"order": {"no": "W-7"}}}').their_id
        == "W-7"
    )


def test_a_code_without_a_row_is_unmapped():
    with pytest.raises(Unmapped) as caught:
        writer(map="mappings/wms-out.jsonata").step(job({**order(), "ship_method": "drone"}), ())
    assert (caught.value.value, caught.value.path) == ("drone", "ship_method")


def test_an_item_that_the_mapping_cannot_convert_does_not_vanish():
    tree = order()
    tree["lines"][0].update(sku="X-1", unit="CS")
    with pytest.raises(Invalid) as caught:
        writer(map="mappings/wms-out.jsonata").step(job(tree), ())
    assert "order_lines" in caught.value.path


STREET_36 = "Kneza Mihaila 12, stan 7, ulaz sa dv"


def test_thirty_six_characters_do_not_fit_into_thirty_five():
    assert len(STREET_36) == 36
    tree = order()
    tree["ship_to"]["street"] = STREET_36
    flow = {"map": "mappings/wms-out.jsonata", "lengths": {"consignee.address1": 35}}
    with pytest.raises(Invalid, match="36 characters do not fit into 35") as caught:
        writer(**flow).step(job(tree), ())
    assert (caught.value.path, caught.value.value) == ("consignee.address1", STREET_36)
    assert "35" in caught.value.fix
    tree["ship_to"]["street"] = STREET_36[:35]
    assert isinstance(writer(**flow).step(job(tree), ()), Ask)


@pytest.mark.parametrize("path", ["order_lines.item", "order_lines[].item"])
def test_a_length_holds_for_every_line_and_the_line_is_named(path):
    tree = order()
    tree["lines"][2]["sku"] = "W-1000000003"
    with pytest.raises(Invalid) as caught:
        writer(map="mappings/wms-out.jsonata", lengths={path: 10}).step(job(tree), ())
    assert (caught.value.path, caught.value.value) == ("order_lines[2].item", "W-1000000003")


def test_a_length_counts_characters_not_bytes():
    tree = {"number": "Łódź"}
    assert isinstance(writer(lengths={"number": 4}).step(job(tree), ()), Ask)


@pytest.mark.parametrize(("charset", "text"), [("ascii", "Łódź"), ("latin-1", "Łódź"), ("ascii", "Zürich")])
def test_a_text_that_the_target_cannot_write_is_refused_with_its_place(charset, text):
    tree = order()
    tree["ship_to"]["city"] = text
    with pytest.raises(Invalid) as caught:
        writer(map="mappings/wms-out.jsonata", charset=charset).step(job(tree), ())
    assert (caught.value.path, caught.value.value) == ("consignee.city", text)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("charset", "text"), [(None, "Łódź"), ("iso-8859-2", "Łódź"), ("latin-1", "Zürich"), ("ascii", "Lodz")]
)
def test_a_text_that_the_target_can_write_goes_as_it_is(charset, text):
    tree = order()
    tree["ship_to"]["city"] = text
    ask = writer(map="mappings/wms-out.jsonata", charset=charset).step(job(tree), ())
    assert isinstance(ask, Ask)
    assert json.loads(ask.body)["consignee"]["city"] == text


def test_a_charset_that_does_not_exist_is_refused_before_the_start():
    with pytest.raises(Misconfigured, match="no character set ascci"):
        writer(charset="ascci")


def finding(**flow) -> HttpWriter:
    return writer(on_unclear=OnUnclear.FIND, find=FIND, idempotency_header=None, **flow)


def test_the_target_is_asked_by_number_and_nothing_is_changed_by_it():
    one = finding()
    assert (one.unclear, one.settle_s) == (Unclear.FIND, 15.0)
    assert one.find(job({"number": "SO 1"})) == Ask("GET", "/wh/SO%201", safe=True)


def test_present_is_done_and_absent_is_nothing():
    one = finding()
    assert one.found(job(), Answer(200, b'{"id": "7"}')) == Done("7", says="wms answered 200")
    assert one.found(job(), Answer(404)) is None


@pytest.mark.parametrize("status", [100, 201, 302, 400, 401, 403, 410, 429, 500, 503])
def test_any_other_status_does_not_tell(status):
    with pytest.raises(TryLater) as caught:
        finding().found(job(), Answer(status, b"", {"retry-after": "9"}))
    assert caught.value.wait_s == 9.0


def test_a_flow_without_find_asks_nothing():
    assert writer().find(job()) is None


@pytest.mark.parametrize(
    "flow",
    [
        {"on_unclear": OnUnclear.RESEND, "idempotency_header": None},
        {"on_unclear": OnUnclear.FIND, "find": None},
    ],
)
def test_a_way_to_settle_that_cannot_work_is_refused_before_the_start(flow):
    with pytest.raises(Misconfigured) as caught:
        writer(**flow)
    assert caught.value.path == "systems.wms.out.sales_order.on_unclear"
    assert caught.value.fix


@pytest.mark.parametrize("way", list(OnUnclear))
def test_each_way_of_the_charter_is_a_way_of_the_kit(way):
    assert writer(on_unclear=way, find=FIND).unclear.name == way.name


def test_a_document_without_a_flow_is_refused_before_the_start():
    with pytest.raises(Misconfigured, match="wms has no outbound flow of item"):
        CONNECTOR.writer("item", tools(wms()))
