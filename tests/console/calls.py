"""Requests to the HTTP interface of a small site, with a key of a role."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, build_opener

from crossdock.api.keys import digest_of, new_key
from crossdock.journal.sql.keyring import StoredKey, add_key
from tests.console.world import World


async def call(
    w: World,
    method: str,
    path: str,
    body: Any = None,
    *,
    role: str = "operator",
    key: str = "",
    who: str = "",
) -> tuple[int, Any]:
    """Status and body; `key` is the Idempotency-Key, `who` the holder where it is not named like its role."""
    name = who or role
    if name not in w._keys:
        w._keys[name] = new_key()
        add_key(w._storage, StoredKey(digest_of(w._keys[name]), name, role, None, 1, None))
    headers = {"authorization": f"Bearer {w._keys[name]}", **({"idempotency-key": key} if key else {})}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{w.url}{path}", data, headers, method=method)

    def run() -> tuple[int, Any]:
        try:
            answer = build_opener().open(request, timeout=60)
        except HTTPError as refused:
            answer = refused
        with answer:
            read = answer.read()
            return answer.status, json.loads(read) if read[:1] in b"{[" else read.decode()

    return await asyncio.to_thread(run)
