"""What the `http` connector reads from a body."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from crossdock.connectors.http.connector import CONNECTOR
from crossdock.connectors.http.reader import HttpReader
from crossdock.faults import Invalid, Misconfigured, Unmapped, Unreadable
from crossdock.kit.connector import Content, Read
from tests.connectors.http.two_systems import shop, tools

AT_TEN = 1_795_341_600_000_000  # 2026-11-22T10:00:00Z in microseconds


def reader(**flow) -> HttpReader:
    system = shop(**flow)
    return CONNECTOR.reader("sales_order", tools(system))


def body(text: str) -> Content:
    return Content(text.encode())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"SO-1"', "SO-1"),
        ("1001", "1001"),
        ("12345678901234567890", "12345678901234567890"),
        ("10.00", "10.00"),
        ('"Łódź 1"', "Łódź 1"),
    ],
)
def test_an_id_is_a_string_or_a_number_by_its_digits(value, expected):
    assert reader().facts(body(f'{{"orderNumber": {value}}}')).id == expected


@pytest.mark.parametrize(
    "value", ["null", "true", "[]", "{}", '["SO-1"]', '""', '"a\\u0000b"', '"' + "x" * 256 + '"']
)
def test_anything_else_is_no_id(value):
    with pytest.raises(Unreadable) as caught:
        reader().facts(body(f'{{"orderNumber": {value}}}'))
    assert (caught.value.status, caught.value.path) == (422, "orderNumber")
    assert caught.value.fix


def test_a_body_without_the_id_is_refused():
    with pytest.raises(Unreadable, match="has no id") as caught:
        reader().facts(body("{}"))
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("text", "status"), [("", 400), ("{", 400), ('{"a":1,"a":2}', 400), ("[]", 422), ("5", 422)]
)
def test_what_is_no_document_is_refused(text, status):
    with pytest.raises(Unreadable) as caught:
        reader().facts(body(text))
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        ("-1", -1),
        ('"7"', 7),
        ("1795341600000000", 1_795_341_600_000_000),
        ('"2026-11-22T10:00:00Z"', AT_TEN),
        ('"2026-11-22t10:00:00z"', AT_TEN),
        ('"2026-11-22T11:00:00+01:00"', AT_TEN),
        ('"2026-11-22T10:00:00.5Z"', AT_TEN + 500_000),
        ('"2026-11-22T10:00:00.123456789Z"', AT_TEN + 123_456),
        ('"1969-12-31T23:59:59.5Z"', -500_000),
    ],
)
def test_a_version_is_an_integer_or_a_time_in_microseconds(value, expected):
    found = reader(version="rev").facts(body(f'{{"orderNumber": "1", "rev": {value}}}'))
    assert found.version == expected


@pytest.mark.parametrize(
    "value",
    ["null", "1.5", "true", '"soon"', '"2026-11-22"', '"2026-11-22T10:00:00"', '"2026-13-01T10:00:00Z"',
     "99999999999999999999", '"20261122T100000Z"'],
)  # fmt: skip
def test_anything_else_is_no_version(value):
    with pytest.raises(Unreadable) as caught:
        reader(version="rev").facts(body(f'{{"orderNumber": "1", "rev": {value}}}'))
    assert (caught.value.status, caught.value.path) == (422, "rev")


def test_a_time_without_a_zone_is_read_in_the_systems_zone():
    found = reader(version="rev", timezone=ZoneInfo("Europe/Amsterdam"))
    assert found.facts(body('{"orderNumber": "1", "rev": "2026-11-22T11:00:00"}')).version == AT_TEN


def test_later_times_are_greater_versions():
    times = [
        "2026-11-22T10:00:00+02:00",
        "2026-11-22T09:59:59.999999Z",
        "2026-11-22T10:00:00.1Z",
        "2027-01-01T00:00:00Z",
    ]
    versions = [reader(version="v").facts(body(f'{{"orderNumber":"1","v":"{at}"}}')).version for at in times]
    assert versions == sorted(versions)


def test_without_a_version_path_the_hub_numbers_revisions():
    assert reader().facts(body('{"orderNumber": "1", "rev": 5}')).version is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"orderNumber":"1","customer":{"id":"C-7"}}', "C-7"),
        ('{"orderNumber":"1","customer":{"id":70}}', "70"),
        ('{"orderNumber":"1","customer":{"id":null}}', None),
        ('{"orderNumber":"1","customer":{"id":""}}', None),
        ('{"orderNumber":"1"}', None),
    ],
)
def test_the_ordering_key_is_the_value_of_its_path_or_the_document_itself(text, expected):
    assert reader(order_by="customer.id").facts(body(text)).order_by == expected


def test_what_was_decoded_at_the_door_is_not_decoded_again():
    door = reader(map="mappings/shop-in.jsonata")
    facts = door.facts(Content(SHOP_BODY))
    assert facts.parsed["orderNumber"] == "SO-1"
    assert door.read(Content(b"no JSON at all", parsed=facts.parsed))[0].tree["number"] == "SO-1"


SHOP_BODY = b"""{"orderNumber": "SO-1", "orderDate": "2026-11-22T10:00:00Z", "sentAt": "now",
  "customer": {"id": "C-7", "name": "Buyer"}, "shipMethod": "EXP", "remarks": "ring",
  "shipTo": {"name": "Buyer", "street": "Canal 1", "zip": "1011", "city": "Amsterdam", "country": "NL"},
  "lines": [{"lineNo": 1, "sku": "W-1", "qty": 2.500, "uom": "EA", "unitPrice": 10.00, "currency": "EUR"}]}"""


def test_a_body_is_mapped_into_our_words_with_what_the_mapping_looked_up():
    drafts = reader(map="mappings/shop-in.jsonata").read(Content(SHOP_BODY))
    assert len(drafts) == 1
    draft = drafts[0]
    assert (draft.document, draft.their_id, draft.reads) == (
        "sales_order",
        "SO-1",
        (Read("crosswalk ship_method", "1"),),
    )
    assert draft.tree["ship_method"] == "express"
    line = draft.tree["lines"][0]
    assert (line["quantity"], line["price"]) == (Decimal("2.500"), Decimal("10.00"))
    assert str(line["price"]) == "10.00"


def test_without_a_mapping_the_body_is_our_tree():
    draft = reader(id="number").read(body('{"number": "SO-1", "price": 10.00}'))[0]
    assert draft.tree == {"number": "SO-1", "price": Decimal("10.00")}
    assert draft.reads == ()


def test_a_code_without_a_row_is_unmapped():
    with pytest.raises(Unmapped) as caught:
        reader(map="mappings/shop-in.jsonata").read(Content(SHOP_BODY.replace(b"EXP", b"DRONE")))
    assert (caught.value.crosswalk, caught.value.value) == ("ship_method", "DRONE")


def test_a_missing_field_is_told_unless_the_flow_says_optional():
    sparse = Content(SHOP_BODY.replace(b'"remarks": "ring",', b""))
    with pytest.raises(Invalid) as caught:
        reader(map="mappings/shop-in.jsonata").read(sparse)
    assert caught.value.path == "notes"
    draft = reader(map="mappings/shop-in.jsonata", optional=("notes",)).read(sparse)[0]
    assert "notes" not in draft.tree


def test_what_was_looked_up_for_one_body_is_not_told_for_the_next():
    one = reader(map="mappings/shop-in.jsonata")
    with pytest.raises(Invalid):
        one.read(Content(SHOP_BODY.replace(b'"remarks": "ring",', b"")))
    assert len(one.read(Content(SHOP_BODY))[0].reads) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": [2]}', '{ "b":[2],\n"a":1 }', True),
        ('{"a": 10.00}', '{"a": 1e1}', True),
        ('{"a": 1, "sentAt": "x"}', '{"a": 1, "sentAt": "y"}', True),
        ('{"a": 1, "sentAt": "x"}', '{"a": 1}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
        ('{"a": "1"}', '{"a": 1}', False),
    ],
)
def test_content_is_the_same_whatever_its_spelling_and_what_is_ignored(one, other, same):
    assert reader(ignore=("sentAt",)).same(body(one), body(other)) is same


def test_control_with_nothing_ignored_another_time_is_other_content():
    assert not reader().same(body('{"a": 1, "sentAt": "x"}'), body('{"a": 1, "sentAt": "y"}'))


def test_a_flow_without_an_id_is_refused_before_the_start():
    with pytest.raises(Misconfigured) as caught:
        reader(id=None)
    assert caught.value.path == "systems.shop.in.sales_order"
    assert caught.value.fix


def test_a_document_without_a_flow_is_refused_before_the_start():
    with pytest.raises(Misconfigured, match="shop has no inbound flow of item"):
        CONNECTOR.reader("item", tools(shop()))


def test_nobody_is_polled():
    assert CONNECTOR.poller("sales_order", tools(shop())) is None
