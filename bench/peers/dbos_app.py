"""The job as a durable workflow of two steps."""

from __future__ import annotations

import json
import urllib.request

from dbos import DBOS

from bench.mapped import mapped

TARGET = ""


@DBOS.step()
def translate(body: str) -> str:
    """Maps one order."""
    return json.dumps(mapped(json.loads(body)))


@DBOS.step(retries_allowed=True, max_attempts=12, interval_seconds=0.2)
def send(body: str, number: str) -> None:
    """Posts it."""
    request = urllib.request.Request(
        f"{TARGET}/wh", body.encode(),
        {"content-type": "application/json", "idempotency-key": f"{number}.1", "crossdock-attempt": "1"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


@DBOS.workflow()
def deliver(body: str, number: str) -> None:
    """One order."""
    send(translate(body), number)
