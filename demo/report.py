"""What the demo prints at its end: the counts, both sides' records line by line, one story, what to try next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Literal

from rich import box
from rich.markup import escape
from rich.table import Table

from demo.comparison import Parcels, Row, Verdict
from demo.goods import GoodsRecords
from demo.screen import Screen
from demo.stage import Stage
from demo.story import Outcome

FAULTS = {
    "fault:drop": "hung up before doing anything", "fault:throttle": "too busy (429)", "fault:fail": "failed (500)",
    "fault:late": "done, and no answer given", "fault:malformed": "done, and the answer unreadable",
    "duplicated": "events pushed twice", "reordered": "events pushed in the wrong order",
    "dropped": "events never pushed",
}  # fmt: skip


def figures(screen: Screen, outcome: Outcome) -> None:
    """What was accepted, what took effect on each side, and what went wrong on the way."""
    verdict, figures = outcome.verdict, outcome.conservation
    table = _table("What happened", ("", "left"), ("", "right"), ("", "left"))
    captures, sent = figures["captures"], figures["transmissions"]
    orders = outcome.warehouse["orders"]
    table.add_row(
        "Sales confirmed in the ERP", str(outcome.sales), f"{len(outcome.cancelled)} cancelled in time"
    )
    table.add_row("Accepted by the hub", str(captures["accepted"]), "documents, each on disk before its yes")
    table.add_row("Repeats recognised", str(figures["outside"]["repeats"]), "no second effect")
    table.add_row("Sent on", str(sent["made"]), f"{sent['done']} done, {sent['desk']} on the desk")
    waiting = sum(order["status"] == "acknowledged" for order in orders)
    table.add_row(
        "Orders in the warehouse", str(verdict.created),
        f"{verdict.shipped} shipped, {verdict.cancelled} cancelled, {waiting} wait for stock",
    )  # fmt: skip
    rest = len({row.release for row in verdict.rows}) - outcome.sales
    booked = f"and {rest} back-orders made there for what was short"
    table.add_row("Shipments booked in the ERP", str(verdict.booked), booked)
    for name, found in (
        ("Lost", verdict.lost),
        ("Twice", verdict.twice),
        ("Out of order", verdict.out_of_order),
    ):
        table.add_row(name, _good(not found, str(len(found))), escape("; ".join(found[:3])))
    says = "accepted = done + under way + on the desk" if outcome.balanced else "see crossdock conservation"
    table.add_row("Conservation", _good(outcome.balanced, "balanced" if outcome.balanced else "NO"), says)
    says = "no entry was changed since it was written" if outcome.audited else outcome.audit
    table.add_row("Ledger", _good(outcome.audited, "whole" if outcome.audited else "BROKEN"), escape(says))
    screen.print(table, "")
    _faults(screen, outcome)
    _incidents(screen, outcome)
    _seconds(screen)


def _faults(screen: Screen, outcome: Outcome) -> None:
    counts: Counter[str] = Counter(outcome.warehouse["requests"])
    for push in outcome.warehouse["pushes"]:
        counts.update({name: push.get(name, 0) for name in FAULTS})
    met = [f"{counts[name]} {says}" for name, says in FAULTS.items() if counts[name]]
    screen.print(f"[bold]What the warehouse did to the hub meanwhile[/]: {'; '.join(met)}.\n")


def _incidents(screen: Screen, outcome: Outcome) -> None:
    if not outcome.incidents:
        screen.print("[bold]On the desk[/]: nothing.\n")
        return
    table = _table(
        "On the desk, each with an owner",
        ("", "left"), ("type", "left"), ("about", "left"), ("what, and what to do", "left"),
    )  # fmt: skip
    for one in outcome.incidents:
        about = f"{one['object'].replace('_', ' ')} {one['number']}"
        table.add_row(one["id"], one["type"], about, f"{escape(one['says'])} [dim]→ {escape(one['fix'])}[/]")
    screen.print(table, "")


def _seconds(screen: Screen) -> None:
    total = sum(screen.seconds.values())
    slowest = sorted(screen.seconds.items(), key=lambda item: -item[1])[:3]
    said = ", ".join(f"{seconds:.0f} s {name[0].lower() + name[1:]}" for name, seconds in slowest)
    screen.print(f"[bold]{total:.0f} seconds[/] in all, most of them: {escape(said)}.\n")


def records(screen: Screen, verdict: Verdict) -> None:
    """The ERP's records beside the warehouse's, one row a line."""
    table = _table(
        "The ERP's own records beside the warehouse's, line by line",
        ("sale", "left"), ("release", "left"), ("item", "left"), ("asked", "right"), ("left\nWMS", "right"),
        ("in\nERP", "right"), ("lots", "left"), ("tracking", "left"), ("", "left"),
        verdicts=True,
    )  # fmt: skip
    before = ("", "")
    for row in verdict.rows:
        head = (row.sale if row.sale != before[0] else "", row.release if row.release != before[1] else "")
        before = (row.sale, row.release)
        table.add_row(*head, *_cells(row), style="" if row.agrees else "yellow" if row.incident else "red")
    screen.print(table, "")
    agree, explained = (
        sum(row.agrees for row in verdict.rows),
        sum(bool(row.incident) for row in verdict.rows),
    )
    differ = len(verdict.rows) - agree - explained
    said = f"{agree} of {len(verdict.rows)} lines agree"
    said += f", {explained} differ with a reason on the desk" if explained else ""
    screen.print(f"[bold]{said}[/], {_good(not differ, f'{differ} differ without one')}.\n")


def goods(screen: Screen, found: GoodsRecords) -> None:
    """What came in, came back and was counted, on both sides, one row an item."""
    table = _table(
        "What came in, came back and was counted, beside the ERP's own records",
        ("", "left"), ("of", "left"), ("record", "left"), ("item", "left"), ("lot", "left"), ("WMS", "right"),
        ("ERP", "right"), ("where in the ERP", "left"), ("", "left"),
        verdicts=True,
    )  # fmt: skip
    before = ("", "")
    for row in found.rows:
        head = (row.what, row.document)
        shown = ("", "") if head == before else head
        before = head
        says = "agrees" if row.agrees else "DIFFERS"
        table.add_row(
            *shown, row.record, row.sku, row.lot, f"{row.there:f}", f"{row.here:f}", row.place, says,
            style="" if row.agrees else "red",
        )  # fmt: skip
    screen.print(table, "")
    agree = sum(row.agrees for row in found.rows)
    closed = (
        "closed, though one piece never came" if found.purchase_state == "received" else found.purchase_state
    )
    screen.print(f"[bold]{agree} of {len(found.rows)} agree[/]; in the ERP the purchase is {closed}.\n")


def _cells(row: Row) -> Iterator[str]:
    yield row.sku
    yield f"{row.ordered:f} {row.unit}"
    yield f"{row.there:f}"
    yield f"{row.here:f}"
    yield _both(row.parcels_there, row.parcels_here, 0)
    yield _both(row.parcels_there, row.parcels_here, 1)
    yield escape(row.says + (f" ({row.incident})" if row.incident else ""))


def _both(there: Parcels, here: Parcels, part: int) -> str:
    """Lots (0) or tracking numbers (1) of both sides: once where they are the same."""
    left, booked = (sorted({key[part] for key in parcels if key[part]}) for parcels in (there, here))
    if booked and left != booked:
        return f"{' '.join(left) or '-'} | {' '.join(booked)}"
    return f"{len(left)} parcels" if part and len(left) > 1 else " ".join(left)


def story(screen: Screen, stage: Stage, number: str) -> None:
    """What `crossdock trace` tells of one sale."""
    command = f"crossdock trace sales_order {number} --site {_near(stage.hub.site)}"
    screen.print(f"[bold]The story of one sale[/]: [cyan]{command}[/]\n")
    _, said = stage.hub.tried("trace", "sales_order", number)
    for line in said.splitlines():
        # What goes on in a second line stands under what it goes on from.
        indent = " " * 19 if line[:2].isdigit() and line[2:3] == ":" else ""
        for part in wrap(line, screen.console.width, subsequent_indent=indent) or [""]:
            screen.print(escape(part))
    screen.print()


def ending(screen: Screen, outcome: Outcome) -> None:
    """The verdict in one sentence, and where to look when it is bad."""
    if outcome.fine:
        screen.print(
            "[bold green]Everything agrees[/]: nothing lost, nothing twice, nothing out of order; "
            "what differs is on the desk with its reason.\n"
        )
        return
    screen.print("[bold red]Something does not agree.[/] Look at:")
    rows = (f"{row.sale} {row.release} {row.sku}: {row.says}" for row in outcome.verdict.rows if not row.fine)
    for says in (*outcome.verdict.lost, *outcome.verdict.twice, *outcome.verdict.out_of_order, *rows):
        screen.print(f"  {escape(says)}")
    for one in outcome.goods.rows:
        if not one.agrees:
            screen.print(
                f"  {one.what} {one.document} {one.record} {one.sku}: {one.there} there, {one.here} here"
            )
    if not outcome.goods.fine:
        screen.print(f"  the purchase is {outcome.goods.purchase_state} in the ERP")
    if not outcome.balanced:
        screen.print(f"  conservation: {escape(str(outcome.conservation))}")
    if not outcome.audited:
        screen.print(f"  the ledger: {escape(outcome.audit)}")


def _good(fine: bool, text: str) -> str:
    return f"[green]{text}[/]" if fine else f"[bold red]{text}[/]"


def _table(title: str, *columns: tuple[str, Literal["left", "right"]], verdicts: bool = False) -> Table:
    """`verdicts`: the last column holds short words that stay on one line."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False,
        padding=(0, 0 if verdicts else 1, 0, 0), show_header=any(name for name, _ in columns),
    )  # fmt: skip
    for number, (name, justify) in enumerate(columns, 1):
        table.add_column(name, justify=justify, no_wrap=verdicts and number == len(columns))
    return table


def following(screen: Screen) -> None:
    """What to try next."""
    screen.print("[bold]Next[/]")
    screen.print("  make demo STAY=1               the same, and everything stays up for you to try things")
    screen.print("  demo/site/charter.yaml         all that the hub was told: who owns what, who gets what")
    screen.print("  docs/tutorial/first-order.md   ten minutes with a site of your own")


def stay(screen: Screen, stage: Stage, outcome: Outcome) -> None:
    """Where everything is, and what can be done with it."""
    number = outcome.interesting or "SO-00001"
    screen.print("[bold]Everything stays up until Ctrl-C.[/]")
    screen.print(f"  hub        {stage.hub.url}   its log {_near(stage.hub.log)}")
    screen.print(f"  warehouse  {stage.twin.url}   all it knows: {stage.twin.url}/_state")
    screen.print(f"  ERP        {stage.server.url}   how to log in: {_near(stage.home)}/running.json\n")
    screen.print("In another terminal, in this folder:")
    screen.print(f'  export PATH="$PWD/.venv/bin:$PATH" CROSSDOCK_SITE={_near(stage.hub.site)}')
    for line, says in (
        ("python -m demo.sell C-1002 HON-0350=2 FLT-0012=1", "one more sale in the ERP"),
        ("crossdock desk list", "what needs somebody"),
        (f"crossdock trace sales_order {number}", "one sale, there and back"),
        (f"crossdock trace sales_order {number} --bytes", "the same, word by word"),
        ("crossdock conservation", "where everything is that was accepted"),
        ("crossdock audit verify", "whether anybody touched the ledger"),
        (f"curl -X PUT {stage.twin.url}/_dials -d '{{\"drop\": 1}}'", "the warehouse hangs up each time"),
        (f"curl -X PUT {stage.twin.url}/_dials -d '{{\"drop\": 0}}'", "and is well again"),
    ):
        screen.print(f"  {line:<60} [dim]{says}[/]")


def _near(path: Path) -> Path:
    """The path as one types it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
