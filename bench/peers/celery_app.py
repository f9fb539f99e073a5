"""The job in Celery on Redis, tuned not to lose: acknowledged late, kept on disk, retried."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from celery import Celery

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.mapped import mapped

app = Celery("peer", broker=os.environ["PEER_REDIS"])
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
)
TARGET = os.environ["PEER_TARGET"]


@app.task(bind=True, max_retries=12)  # type: ignore[misc]
def deliver(self: Any, body: str, number: str) -> None:
    """Maps one order and posts it."""
    request = urllib.request.Request(
        f"{TARGET}/wh", json.dumps(mapped(json.loads(body))).encode(),
        {"content-type": "application/json", "idempotency-key": f"{number}.1", "crossdock-attempt": "1"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
    except urllib.error.URLError as error:
        raise self.retry(exc=error, countdown=0.2) from error
