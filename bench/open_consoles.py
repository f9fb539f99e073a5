"""Browsers with Today open, in a process of their own: each on its connection, looking as the page does.

    python -m bench.open_consoles URL PREFIX SECONDS < tokens

One console a line. Prints the looks, and how many of them brought something new.
"""

from __future__ import annotations

import asyncio
import sys
import time

from crossdock.console.gate import COOKIE

EVERY_S = 1.2


async def one(
    address: tuple[str, int], prefix: str, token: str, begin_s: float, end_s: float
) -> tuple[int, int]:
    """Looks of one console, and those that brought something new."""
    await asyncio.sleep(begin_s)
    reader, writer = await asyncio.open_connection(*address)
    tag, looks, news = "", 0, 0
    while (began_s := time.perf_counter()) < end_s:
        asked = f"GET {prefix} HTTP/1.1\r\nhost: hub\r\ncookie: {COOKIE}={token}\r\nx-live: wait\r\n{tag}\r\n"
        writer.write(asked.encode())
        head = {
            line.split(b":")[0].lower(): line.partition(b":")[2].strip()
            for line in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        }
        length = int(head.get(b"content-length", b"0"))
        await reader.readexactly(length)
        tag = f"if-none-match: {head[b'etag'].decode()}\r\n"
        looks, news = looks + 1, news + bool(length)
        await asyncio.sleep(max(0.0, began_s + EVERY_S - time.perf_counter()))
    writer.close()
    return looks, news


async def all_(url: str, prefix: str, seconds: float, tokens: list[str]) -> None:
    """All of them, spread over the second."""
    host, _, port = url.removeprefix("http://").partition(":")
    end_s = time.perf_counter() + seconds
    found = await asyncio.gather(
        *(
            one((host, int(port)), prefix, token, EVERY_S * n / len(tokens), end_s)
            for n, token in enumerate(tokens)
        )
    )
    print(sum(looks for looks, _ in found), sum(news for _, news in found))


if __name__ == "__main__":
    asyncio.run(all_(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.stdin.read().split()))
