"""The warehouse twin as a process of its own, over real sockets."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from crossdock.twins.warehouse.process import WarehouseTwin
from tests.twins.warehouse.warehouse_stand import an_order

STOCK = {
    "items": [{"sku": "B-2", "unit": "EA"}],
    "stock": [{"sku": "B-2", "quantity": 500, "bin": "B-01", "site": "AMS"}],
}


@pytest.fixture
def twin() -> Iterator[WarehouseTwin]:
    with WarehouseTwin.start(seed=7, stock=STOCK, simulated_clock=True, api_key="letmein") as started:
        yield started


def ask(twin: WarehouseTwin, method: str, path: str, tree: object = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(twin.url).netloc, timeout=60)
    try:
        body = None if tree is None else json.dumps(tree)
        connection.request(method, path, body, {"Authorization": "Bearer letmein", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def test_a_twin_works_behind_its_socket_and_tells_its_state(twin: WarehouseTwin) -> None:
    order = an_order("SO/1", ("B-2", 1, "EA"))
    assert ask(twin, "POST", "/orders", order, **{"Idempotency-Key": "k"})[0] == 201
    twin.advance(10)
    assert ask(twin, "GET", "/orders/SO%2F1")[1]["status"] == "shipped"
    state = twin.state()
    assert (state["quiet"], state["bins"][0]["quantity"], len(state["packages"])) == (True, 499, 1)


def test_a_dial_can_be_turned_while_the_twin_runs(twin: WarehouseTwin) -> None:
    twin.dials(drop=1)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(twin, "GET", "/stock")
    twin.dials(drop=0)
    assert ask(twin, "GET", "/stock")[0] == 200


def test_an_order_that_was_applied_without_an_answer_is_not_made_twice(twin: WarehouseTwin) -> None:
    order = an_order("SO-1", ("B-2", 1, "EA"))
    twin.dials(late=1)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(twin, "POST", "/orders", order, **{"Idempotency-Key": "k"})
    twin.dials(late=0)
    assert ask(twin, "POST", "/orders", order, **{"Idempotency-Key": "k"})[0] == 201
    assert [effect["kind"] for effect in twin.state()["effects"]] == ["order_created"]


def test_a_caller_without_the_key_is_refused(twin: WarehouseTwin) -> None:
    assert ask(twin, "GET", "/stock", Authorization="Bearer guess")[0] == 401


def test_a_wrong_dial_is_refused_and_changes_nothing(twin: WarehouseTwin) -> None:
    before = ask(twin, "GET", "/_dials")[1]
    assert ask(twin, "PUT", "/_dials", {"drop": 2})[0] == 422
    assert ask(twin, "PUT", "/_dials", {"on_short": "pray"})[0] == 422
    assert ask(twin, "GET", "/_dials")[1] == before


@pytest.mark.parametrize(
    "request_line", [b"nonsense\r\n\r\n", b"POST /orders HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"]
)
def test_what_is_not_readable_http_is_refused_and_the_twin_lives(
    twin: WarehouseTwin, request_line: bytes
) -> None:
    connection = http.client.HTTPConnection(urlsplit(twin.url).netloc, timeout=60)
    connection.connect()
    assert connection.sock is not None
    connection.sock.sendall(request_line)
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 4")
    connection.close()
    assert ask(twin, "GET", "/stock")[0] == 200


@pytest.mark.parametrize(
    "arguments",
    [["--faults", "drop=2"], ["--faults", "drop"], ["--stock", "missing.json"], ["--listen", "nowhere"]],
)
def test_wrong_settings_end_the_program_with_2(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "crossdock.twins.warehouse", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr


def test_a_floor_that_stands_still_goes_on_at_once_when_its_pace_is_turned() -> None:
    with WarehouseTwin.start(stock=STOCK, faults={"work_interval_s": 3600}) as slow:
        order = an_order("SO-1", ("B-2", 1, "EA"))
        assert ask(slow, "POST", "/orders", order, **{"Idempotency-Key": "k"})[0] == 201
        assert not slow.state()["quiet"]
        slow.dials(work_interval_s=0.001)
        while not (state := slow.state())["quiet"]:
            pass
        assert state["orders"][0]["status"] == "shipped"
