"""Find in a real Chromium: what is offered while somebody types, by keyboard alone, and what axe-core says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.access.roles import Role
from tests.console.browsing import signed_in
from tests.console.world import PREFIX, World, world


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        for number in ("SO-771", "SO-772"):
            await made.order(number)
        await made.settled()
        yield made


async def test_what_may_be_meant_is_offered_while_somebody_types(w: World, browser: Any) -> None:
    page = await signed_in(browser, w, await w.person("anna", Role.OPERATOR))
    await page.goto(f"{w.url}{PREFIX}")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("SO-77")
    await page.get_by_role("option").nth(1).wait_for()
    assert await page.locator("#find").get_attribute("aria-expanded") == "true"
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    chosen = page.locator('[role=option][aria-selected="true"]')
    assert await page.locator("#find").get_attribute("aria-activedescendant") == await chosen.get_attribute(
        "id"
    )
    assert "SO-772" in await chosen.inner_text()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/orders/sales_order/SO-772**")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("incid")
    await page.get_by_role("option", name="Incidents").wait_for()
    await page.keyboard.press("Escape")
    assert await page.locator("#offers").is_hidden()


async def test_the_form_is_enough_where_no_script_runs(w: World, browser: Any) -> None:
    page = await signed_in(browser, w, await w.person("anna", Role.OPERATOR), java_script_enabled=False)
    await page.goto(f"{w.url}{PREFIX}")
    await page.locator("#find").fill("SO-77")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="SO-771").click()
    await page.wait_for_url("**/orders/sales_order/SO-771**")
    assert "SO-771" in await page.locator("h1").inner_text()


async def test_axe_finds_no_violation_in_what_is_offered(w: World, browser: Any, axe: str) -> None:
    token = await w.person("boss", Role.ADMIN)
    for scheme in ("light", "dark"):
        page = await signed_in(browser, w, token, color_scheme=scheme)
        await page.goto(f"{w.url}{PREFIX}")
        await page.keyboard.press("Control+k")
        await page.keyboard.type("SO-77")
        await page.get_by_role("option").nth(1).wait_for()
        await page.keyboard.press("ArrowDown")
        await page.evaluate(axe)
        result = await page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"
        )
        assert not [(one["id"], one["nodes"][0]["html"]) for one in result["violations"]]
