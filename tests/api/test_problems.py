"""Problem documents: what a refused caller reads."""

import json
from pathlib import Path

from crossdock.api.problems import problem, problem_of
from crossdock.faults import Unreadable
from tests.console.calls import call
from tests.console.world import world


def test_a_problem_says_what_where_and_what_to_do() -> None:
    body = json.loads(
        problem(409, "Taken", "other content", path="orderNumber", fix="ask the sender", incident="17")
    )
    assert body == {
        "title": "Taken", "status": 409, "detail": "other content", "path": "orderNumber", "fix": "ask the sender",
        "incident": "17",
    }  # fmt: skip


def test_a_mistake_of_the_caller_always_has_a_place_and_a_way_out() -> None:
    told = json.loads(problem(401, "A key is needed", "none came"))
    assert (told["path"], told["fix"][:4]) == ("Authorization", "send")
    assert set(json.loads(problem(503, "Not now", "the disk is full"))) == {"title", "status", "detail"}


async def test_whatever_is_wrong_with_a_request_is_told_with_place_and_fix(tmp_path: Path) -> None:
    asked = {
        ("GET", "/v1/approvals?state=x"): (422, "one of: open, all"),
        ("DELETE", "/v1/desk/runs"): (405, "use GET"),
        ("GET", "/v1/nothing"): (404, "openapi"),
        ("GET", "/v1/desk/runs/r999999"): (404, "GET /v1/desk/runs"),
        ("POST", "/v1/desk/runs"): (422, "incidents"),
        ("POST", "/v1/desk/preview"): (422, "give act"),
        ("POST", "/v1/desk/replay"): (422, "one of: "),
        ("POST", "/v1/desk/hand-over"): (422, "give to"),
        ("GET", "/v1/systems/webshop/messages"): (405, "POST"),
        ("GET", "/v1/incidents/i1/playbook"): (404, "GET /v1/incidents"),
    }
    async with world(tmp_path) as w:
        for (method, path), (status, fix) in asked.items():
            found, told = await call(w, method, path, {} if method == "POST" else None)
            assert found == status, (path, told)
            assert told["detail"], path
            assert told["path"], path
            assert fix in told["fix"], (path, told["fix"])


def test_the_problem_of_a_fault_never_repeats_the_value() -> None:
    fault = Unreadable("a key stands twice", status=400, path="customer", value="hunter2", fix="send it once")
    body = problem_of(400, fault)
    assert b"hunter2" not in body
    assert json.loads(body)["path"] == "customer"
