"""Pictures of every page, light and dark, wide and narrow: `python -m tests.console.shots [--out DIR] [PAGE …]`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from crossdock.access.roles import Role
from crossdock.console.gate import COOKIE
from crossdock.governance.subjects import Subject
from crossdock.message.four_eyes import Asked
from tests.console import trading
from tests.console.world import PREFIX, STOCK, WATCH, World, world

SIZES = {"wide": (1440, 900), "phone": (390, 844)}


async def paths(w: World) -> dict[str, str]:
    """Every page by its name."""
    rows = await w.shown.hub.journal.view(
        lambda c: c.execute("SELECT id, type FROM incidents ORDER BY id").fetchall()
    )
    kinds = {type_: f"i{id_}" for id_, type_ in rows}
    found = {
        "today": "", "orders": "/orders", "orders-waiting": "/orders?state=waiting", "search": "/orders?q=SO-10",
        "find": "/find?q=SO-10", "offers": "",
        "order": "/orders/sales_order/SO-1001?system=webshop",
        "order-stuck": "/orders/sales_order/SO-1007?system=webshop&all=1",
        "incidents": "/incidents", "systems": "/systems", "system": "/systems/wms-reno", "charter": "/charter",
        "stock": "/stock", "stock-item": "/stock/W-10010",
        "people": "/admin/people", "person": "/admin/people?who=anna", "keys": "/admin/keys",
        "data": "/admin/data", "data-found": "/admin/data", "audit": "/admin/audit", "me": "/me",
        "nowhere": "/nowhere", "approvals": "/approvals?view=all",
    }  # fmt: skip
    story = "FROM ledger l JOIN hubs h ON h.root = l.root WHERE h.number = 'SO-1001' AND l.kind = 6"
    position = await w.shown.hub.journal.view(
        lambda c: c.execute(f"SELECT max(l.position) {story}").fetchone()[0]
    )
    found["evidence"] = f"/orders/sales_order/SO-1001?system=webshop&entry={position}"
    for type_, name in kinds.items():
        found[f"incident-{type_}"] = f"/incidents/{name}"
    found |= {
        "reports": "/reports", "replay": "/replay", "runs": "/runs", "mine": "/incidents?view=mine",
        "replay-seen": "/replay?to=erp&document=sales_order&from=2020-01-01T00:00&until=2090-01-01T00:00",
        "incidents-ended": "/incidents?view=ended", "bulk": "/bulk?type=unmapped_code",
    }  # fmt: skip
    run = await w.shown.hub.journal.view(lambda c: c.execute("SELECT max(id) FROM desk_runs").fetchone()[0])
    key = await w.shown.hub.journal.view(lambda c: c.execute("SELECT digest FROM keys LIMIT 1").fetchone()[0])
    found["key"] = f"/admin/keys?key={bytes(key).hex()[:12]}"
    if run:
        found["run"] = f"/runs/r{run}"
    if "rejected" in kinds:
        found["preview"] = f"/incidents/{kinds['rejected']}?preview=retry"
    return found


async def main(arguments: argparse.Namespace) -> None:
    chromium = arguments.chromium or shutil.which("chromium")
    out = Path(arguments.out)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            world(
                Path(folder),
                more={"stock": STOCK, "watch": WATCH, "four_eyes": {"acts": ["erase", "people"]}},
            ) as w,
            async_playwright() as play,
        ):
            token = await w.person("boss", Role.ADMIN, shown="Robin Boss")
            await w.person("anna", Role.OPERATOR, shown="Anna Visser")
            browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            await _shoot(browser, w, token, {"first-run": ""}, out, arguments)
            await w.a_day()
            await w.settled()
            first = await w.app.people.add("ben@3pl.example", Role.VIEWER, _by(), systems=["3pl-dallas"])
            await w.app.operator.act("3pl-dallas", _pause(), who="anna")
            replay = w.app.supervision.replay
            wanted = replay.read({"to": "erp", "numbers": ["SO-1001", "SO-1002", "SO-1003"]})
            await replay.begin(wanted, who="anna", why="the ERP was restored from a backup")
            await w.app.supervision.hand_over("anna", "boss", "Dallas counts until two; Reno has been called")
            with contextlib.suppress(Asked):
                await w.app.subjects.erase(Subject("order", "SO-1002"), "request 2026-17", who="anna")
            w.shown.looks.forget()
            await asyncio.sleep(1.5)
            await _shoot(browser, w, token, await paths(w), out, arguments)
            half = (await w.shown.sessions.sign_in("ben@3pl.example", first, "127.0.0.1", "test")).token
            await _shoot(browser, w, "", {"sign-in": "/sign-in"}, out, arguments)
            await _shoot(browser, w, half, {"password": "/sign-in/password"}, out, arguments)
            await browser.close()
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder), write=trading.writer()) as w, async_playwright() as play:
            token = await w.person("boss", Role.ADMIN, shown="Robin Boss")
            await trading.a_day(w, Path(folder) / "site")
            await asyncio.sleep(1.5)
            browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            await _shoot(browser, w, token, await trading.paths(w), out, arguments)
            await browser.close()


def _by() -> Any:
    from tests.console.world import ROOT

    return ROOT


def _pause() -> Any:
    from crossdock.control.operate import read

    return read("pause", {"direction": "out", "reason": "stocktake until two"})


async def _shoot(
    browser: Any, w: World, token: str, pages: dict[str, str], out: Path, arguments: argparse.Namespace
) -> None:
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = await browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            if token:
                await context.add_cookies(
                    [{"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": PREFIX}]
                )
            page = await context.new_page()
            page.on(
                "console",
                lambda message: print(message.type, message.text) if message.type == "error" else None,
            )
            for name, path in pages.items():
                if arguments.pages and name not in arguments.pages:
                    continue
                if arguments.only and f"{size}-{scheme}" not in arguments.only:
                    continue
                await page.goto(f"{w.url}{PREFIX}{path}")
                if name == "offers":
                    await page.keyboard.press("Control+k")
                    await page.keyboard.type("re")
                    await page.get_by_role("option").first.wait_for()
                    await page.keyboard.press("ArrowDown")
                if name == "data-found":
                    await page.get_by_label("Look by").select_option("order")
                    await page.locator("input[name=value]").fill("SO-1001")
                    await page.get_by_role("button", name="Look").click()
                    await page.locator("#held").wait_for()
                await page.screenshot(path=str(out / f"{name}-{size}-{scheme}.png"), full_page=True)
            await context.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="shots", description=__doc__)
    parser.add_argument("pages", nargs="*")
    parser.add_argument("--out", default="var/screenshots")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--chromium", default="")
    given = parser.parse_args()
    Path(given.out).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(given))
