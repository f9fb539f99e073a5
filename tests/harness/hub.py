"""The product as a stranger runs it: commands, a ready line, HTTP, and SIGKILL."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crossdock.api.keys import digest_of, new_key
from crossdock.journal.open import storage_of
from crossdock.journal.sql.keyring import StoredKey, add_key
from crossdock.settings import settings_from
from tests.harness.ports import free_port
from tests.harness.process import ROOT, Process, said
from tests.harness.wire import Client

INCIDENT_PAGES_MAX = 1_000


def command() -> list[str]:
    """The product's command in this checkout."""
    built = ROOT / ".venv" / "bin" / "crossdock"
    return [str(built)] if built.exists() else [sys.executable, "-m", "crossdock.cli.main"]


class Refused(Exception):
    """A command ended with another status than 0."""


async def run(*words: str, env: Mapping[str, str] | None = None) -> str:
    """The stdout of a command of the product. Raises Refused."""
    code, out, err = await said([*command(), *words], env)
    if code != 0:
        raise Refused(f"crossdock {' '.join(words)}: {code}\n{out}\n{err}")
    return out


async def make_key(
    site: Path, name: str | None = None, *, role: str | None = None, env: Mapping[str, str] | None = None
) -> str:
    """A new key of a system, or of a role, as `crossdock keys create` makes it; a command of its own takes longer."""
    settings = settings_from({**os.environ, **(env or {})}, site=site)
    key, kind = new_key(), role or "system"
    at_ms = time.time_ns() // 1_000_000
    made = StoredKey(digest_of(key), name or kind, kind, None if role else name, at_ms, None)
    # In a thread of its own: what it speaks with may be served by this very loop.
    await asyncio.to_thread(add_key, storage_of(settings.database), made)
    return key


class Hub:
    """One hub over one site, at one address for all its lives."""

    def __init__(
        self, site: Path, *, env: Mapping[str, str] | None = None, prefix: Sequence[str] = (),
        instead: Sequence[str] | None = None, name: str = "hub", more: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.site = site
        self.name = name
        self.env = dict(env or {})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lives = 0
        listen = f"127.0.0.1:{self.port}"
        words = instead or [*command(), "up", "--site", str(site)]
        self.process = Process([*prefix, *words, "--listen", listen, *more], site.parent / f"{name}.log", env)

    async def start(self) -> float:
        """Starts a new life; gives the seconds until it was ready."""
        self.lives += 1
        return await self.process.start()


class View:
    """What the product tells of itself, read with an observer's key."""

    def __init__(self, url: str, key: str) -> None:
        self._client = Client(url, key)

    async def conservation(self) -> dict[str, Any]:
        """One snapshot of all figures."""
        return await self._client.get("/v1/conservation")

    async def trace(self, number: str) -> dict[str, Any] | None:
        """The story of one order; None when the hub does not know it."""
        reply = await self._client.ask("GET", f"/v1/trace/sales_order/{number}")
        return reply.json if reply.status == 200 else None

    async def incidents(self, query: str = "state=open") -> list[dict[str, Any]]:
        """All incidents of a query, every page."""
        items: list[dict[str, Any]] = []
        after = ""
        for _ in range(INCIDENT_PAGES_MAX):
            page = await self._client.get(f"/v1/incidents?{query}{after}")
            items += page["items"]
            if page["next"] is None:
                assert page["total"] == len(items), f"total {page['total']}, {len(items)} listed"
                return items
            after = f"&after={page['next']}"
        raise AssertionError("incident pages without end")

    async def bytes(self, href: str) -> bytes:
        """A kept body."""
        reply = await self._client.ask("GET", href)
        assert reply.status == 200, f"{href}: {reply.status}"
        return reply.body

    async def close(self) -> None:
        """Ends the connection."""
        await self._client.close()
