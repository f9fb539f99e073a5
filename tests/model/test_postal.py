"""Addresses by their country's rules, and customers that are likely one."""

from __future__ import annotations

import pytest

from crossdock.faults import Invalid
from crossdock.model import postal
from crossdock.model.documents.party import Address

GOOD = (
    {"street": "Dam 1", "postcode": "1012AB", "city": "Amsterdam", "country": "NL"},
    {"street": "1 Main St", "postcode": "90210", "city": "Beverly Hills", "region": "CA", "country": "US"},
    {
        "street": "1 Main St",
        "postcode": "90210",
        "city": "Beverly Hills",
        "region": "California",
        "country": "US",
    },
    {"street": "10 Downing Street", "postcode": "SW1A 2AA", "city": "London", "country": "GB"},
    {"street": "Kildare Street", "city": "Dublin", "country": "IE"},
)
BAD = (
    ({"street": "Dam 1", "postcode": "99", "city": "Amsterdam", "country": "NL"}, "postcode", "1234 AB"),
    ({"street": "Dam 1", "postcode": "1012 AB", "country": "NL"}, "city", "ask for the city"),
    ({"street": "Dam 1", "postcode": "90210", "city": "B", "region": "Califronia", "country": "US"}, "region",
     "California"),
    ({"street": "Dam 1", "city": "Amsterdam"}, "country", "ISO 3166-1"),
)  # fmt: skip


@pytest.mark.parametrize("fields", GOOD)
def test_an_address_that_its_country_delivers_to_passes(fields: dict[str, str]) -> None:
    assert postal.check(Address(**fields), "ship_to") is None


@pytest.mark.parametrize(("fields", "field", "fix"), BAD)
def test_a_bad_address_names_the_field_and_what_to_write(
    fields: dict[str, str], field: str, fix: str
) -> None:
    with pytest.raises(Invalid) as caught:
        postal.check(Address(**fields), "ship_to")
    assert (caught.value.type, caught.value.path) == ("bad_address", f"ship_to.{field}")
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"name": "Müller GmbH"}, {"name": "MULLER"}, True),
        ({"name": "Bakery de Vries B.V."}, {"name": "De Vries Bakery"}, True),
        ({"name": "Smith"}, {"name": "Smyth"}, False),
        ({"name": "A", "tax_id": "NL 123.456"}, {"name": "B", "tax_id": "nl123456"}, True),
        (
            {"name": "A", "contacts": [{"email": "x@y.z"}]},
            {"name": "B", "contacts": [{"email": "X@y.z "}]},
            True,
        ),
    ],
)
def test_likely_duplicates_share_a_likeness(
    one: dict[str, object], other: dict[str, object], alike: bool
) -> None:
    place = {"addresses": [{"postcode": "1012 AB", "country": "NL"}]}
    shared = set(postal.likenesses(one | place)) & set(postal.likenesses(other | place))
    assert bool(shared) is alike


def test_one_name_at_two_places_is_two_customers() -> None:
    one = {"name": "Smith", "addresses": [{"postcode": "1012 AB", "country": "NL"}]}
    other = {"name": "Smith", "addresses": [{"postcode": "9999 ZZ", "country": "NL"}]}
    assert not set(postal.likenesses(one)) & set(postal.likenesses(other))
