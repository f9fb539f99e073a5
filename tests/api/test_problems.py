"""Problem documents: what a refused caller reads."""

import json

from crossdock.api.problems import problem, problem_of
from crossdock.faults import Unreadable


def test_a_problem_says_what_where_and_what_to_do() -> None:
    body = json.loads(
        problem(409, "Taken", "other content", path="orderNumber", fix="ask the sender", incident="17")
    )
    assert body == {
        "title": "Taken", "status": 409, "detail": "other content", "path": "orderNumber", "fix": "ask the sender",
        "incident": "17",
    }  # fmt: skip


def test_members_that_say_nothing_are_left_out() -> None:
    assert set(json.loads(problem(401, "A key is needed", "none came"))) == {"title", "status", "detail"}


def test_the_problem_of_a_fault_never_repeats_the_value() -> None:
    fault = Unreadable("a key stands twice", status=400, path="customer", value="hunter2", fix="send it once")
    body = problem_of(400, fault)
    assert b"hunter2" not in body
    assert json.loads(body)["path"] == "customer"
