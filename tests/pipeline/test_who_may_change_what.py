"""Ownership by object and field, judged on what differs from a system's own last word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from crossdock.charter.charter import Charter, ObjectRule, Site
from crossdock.faults import NotOwned
from crossdock.message.records import Message
from crossdock.pipeline.check import changes, ownership
from crossdock.pipeline.knowledge import ACKNOWLEDGED, OBSERVED, TOLD

FIELDS = {"ship_to": "crm", "ship_to.phone": "wms", "lines.note": "wms"}
RULE = ObjectRule("sales_order", "shop", fields=FIELDS, also=("market",))
BEFORE: dict[str, Any] = {
    "notes": "old", "ship_to": {"city": "Utrecht", "phone": "1", "floor": {"no": 1}},
    "lines": [{"sku": "A", "note": "x"}, {"sku": "B", "note": "y"}],
}  # fmt: skip


@dataclass
class LastWord:
    """All that is asked of what is known: the last word of one system about one object."""

    how: int | None
    tree: dict[str, Any]

    def last_told(self, hub: int, system: str) -> tuple[int, Message] | None:
        return None if self.how is None else (self.how, message(system, self.tree))


def message(system: str, tree: dict[str, Any]) -> Message:
    return Message(1, 1, system, "sales_order", "SO-1", "SO-1", 7, 7, "h7", 1, tree)


def news(system: str, tree: dict[str, Any], how: int | None = TOLD, rule: ObjectRule | None = RULE) -> bool:
    charter = Charter("1", Site(), {}, {} if rule is None else {"sales_order": rule})
    return ownership(message(system, tree), charter, LastWord(how, BEFORE))  # type: ignore[arg-type]


def refused(system: str, tree: dict[str, Any], how: int | None = TOLD) -> tuple[str, str]:
    """Which path was refused, and who owns it."""
    with pytest.raises(NotOwned) as fault:
        news(system, tree, how)
    return fault.value.path or "", fault.value.says.rpartition("belongs to ")[2]


def test_who_owns_no_field_of_what_it_changed_is_refused_with_the_owner_of_the_field():
    assert refused("erp", {**BEFORE, "notes": "new"}) == ("notes", "shop")
    assert refused("erp", {**BEFORE, "ship_to": {**BEFORE["ship_to"], "city": "Delft"}}) == (
        "ship_to.city",
        "crm",
    )


def test_the_longest_field_that_contains_a_path_decides_whose_it_is():
    phone = {**BEFORE, "ship_to": {**BEFORE["ship_to"], "phone": "2"}}
    assert news("wms", phone)
    assert refused("crm", phone) == ("ship_to.phone", "wms")
    deeper = {**BEFORE, "ship_to": {**BEFORE["ship_to"], "floor": {"no": 2}}}
    assert news("crm", deeper)
    assert refused("wms", deeper) == ("ship_to.floor.no", "crm")


def test_a_field_of_lines_is_owned_in_each_line():
    note = {**BEFORE, "lines": [BEFORE["lines"][0], {"sku": "B", "note": "z"}]}
    assert news("wms", note)
    assert refused("crm", note) == ("lines[1].note", "wms")
    assert refused("wms", {**BEFORE, "lines": [{"sku": "C", "note": "x"}, BEFORE["lines"][1]]}) == (
        "lines[0].sku", "shop",
    )  # fmt: skip


def test_one_change_that_is_ones_own_does_not_let_another_pass():
    both = {**BEFORE, "notes": "new", "ship_to": {**BEFORE["ship_to"], "phone": "2"}}
    assert refused("wms", both) == ("notes", "shop")


def test_lines_that_come_or_go_are_a_change_of_the_lines_as_a_whole():
    for lines in ([*BEFORE["lines"], {"sku": "C"}], BEFORE["lines"][:1], []):
        assert refused("wms", {**BEFORE, "lines": lines}) == ("lines", "shop")


def test_what_is_not_said_is_not_changed_but_what_is_said_to_be_nothing_is():
    assert news("wms", {"ship_to": {"phone": "1"}})
    assert refused("wms", {"notes": None}) == ("notes", "shop")
    assert list(changes({"a": 1, "b": 2}, {"a": 1})) == []
    assert list(changes({"a": 1}, {"a": 1, "b": None})) == []
    assert list(changes({"a": {"b": 1}}, {"a": 1})) == ["a"]


@pytest.mark.parametrize(("how", "is_news"), [(TOLD, True), (OBSERVED, True), (ACKNOWLEDGED, False)])
def test_only_what_a_system_was_sent_and_never_told_itself_is_an_echo(how: int, is_news: bool):
    assert news("erp", BEFORE, how) is is_news


def test_who_was_never_sent_an_object_may_not_tell_of_it_at_all():
    assert refused("erp", {"notes": "x"}, how=None) == ("notes", "shop")


def test_an_owner_may_change_its_object_but_not_the_fields_that_are_given_to_others():
    for owner in ("shop", "market"):
        assert news(owner, {**BEFORE, "notes": "new"})
        assert refused(owner, {**BEFORE, "ship_to": {**BEFORE["ship_to"], "phone": "2"}})[1] == "wms"
        assert news(owner, {**BEFORE, "ship_to": {"phone": "2"}}, how=None), "the first word is its own"


def test_the_control_without_a_rule_anybody_may_change_anything():
    assert news("erp", {**BEFORE, "notes": "new"}, rule=None)
