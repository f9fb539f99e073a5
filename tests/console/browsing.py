"""What tests in a browser have in common: somebody who is signed in, and what axe-core says of a page."""

from __future__ import annotations

from typing import Any

from crossdock.console.gate import COOKIE
from tests.console.world import PREFIX, World


async def signed_in(browser: Any, w: World, token: str, **more: Any) -> Any:
    context = await browser.new_context(**more)
    await context.add_cookies([{"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": PREFIX}])
    return await context.new_page()


async def violations(w: World, page: Any, paths: list[str], axe: str, scheme: str) -> list[str]:
    found: list[str] = []
    for path in paths:
        await page.goto(f"{w.url}{PREFIX}{path}")
        await page.evaluate(axe)
        result = await page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"
        )
        found += [
            f"{scheme} {path}: {v['id']} {v['nodes'][0]['html'][:120]} {v['nodes'][0]['failureSummary'][:200]}"
            for v in result["violations"]
        ]
    return found
