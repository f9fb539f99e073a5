"""`crossdock desk`, what a supervisor does: playbooks, words, sleep, acts on many, replays, hand-over, reports."""

from __future__ import annotations

import csv as csv_
import sys
import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from crossdock.cli import options
from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import DONE, MISUSED, console, print_json, stop

Id = Annotated[str, typer.Argument(metavar="ID", help="The incident, such as i10.")]
Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only this type.")]
System = Annotated[str | None, typer.Option("--system", metavar="NAME", help="Only what concerns it.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="WHO", help="Only what belongs to them.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it stays in the ledger.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, only the effect is shown.")]
_WATCH_S, _WATCH_MAX = 0.5, 7_200


class Key(Enum):
    """How the target is to know what goes again."""

    SAME = "same"
    ASK = "ask"
    NEW = "new"


def add(app: typer.Typer) -> None:
    """Adds the commands to the group."""
    for command in (playbook, comment, snooze, wake, bulk, replay, runs, hand_over, report):
        app.command(command.__name__.replace("_", "-"))(command)


def playbook(type_: Annotated[str, typer.Argument(metavar="TYPE", help="The type of incident.")],
             site: options.Site = None, json: options.Json = False) -> None:  # fmt: skip
    """Shows what to do about a type of incident: how it is found, who acts by when, the steps, what to write."""
    from crossdock.desk import playbook as books

    if type_ not in books.playbooks():
        known = ", ".join(sorted(books.playbooks()))
        stop(f"there is no playbook {type_}", fix=f"one of {known}", status=MISUSED)
    rules, owners = _rules(site)
    tree = books.told(books.playbook(type_), rules, owners)
    if json:
        print_json(tree)
        return
    out = console()
    out.print(f"[bold]{tree['type']}[/bold]  {tree['says']}")
    out.print(f"{tree['found']} {tree['harm']}\n", markup=False)
    then = " → ".join(role.removeprefix("role:") for role in tree["escalate"])
    owner, hours = tree["owner"].removeprefix("role:"), tree["respond_s"] / 3600
    out.print(
        f"[dim]who[/dim]   {owner}, within {hours:g} h{', then ' + then if then else ''}; {tree['severity']}\n"
    )
    for number, step in enumerate(tree["steps"], 1):
        act = f"  [dim]{step['act']}[/dim]" if step["act"] else ""
        out.print(f"{number:>3}. {step['says']}{act}")
    out.print(f"\n[dim]to the {tree['to']}:[/dim]")
    out.print(tree["message"], markup=False)


def _rules(site: Path | None) -> tuple[Any, Mapping[str, str]]:
    """The charter's word on clocks and owners; the usual ones where there is no site."""
    from crossdock.assembly import read_charter
    from crossdock.charter.desk import DeskRules
    from crossdock.faults import Misconfigured

    try:
        charter, _ = read_charter(options.settings(site, None).site)
    except Misconfigured:
        return DeskRules(), {}
    return charter.desk, charter.owners


@at_a_place
def comment(
    incident: Id,
    says: Annotated[str, typer.Option("--says", metavar="TEXT", help="For whoever looks next.")],
    at: Place,
) -> None:
    """Adds a word to an incident's history."""
    tree = _post(f"/v1/incidents/{quote(incident, safe='')}/comment", {"says": says}, at)
    _told(tree, f"{incident}: noted", json=at.json)


@at_a_place
def snooze(
    incident: Id,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What is awaited, and from whom.")],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="When it comes back, such as 2026-11-24T07:00+01:00."),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option("--hours", metavar="HOURS", help="The same as hours from now, such as 1.5."),
    ] = None,
    *,
    at: Place,
) -> None:
    """Lets an incident sleep, with a reason; its clock stands still and it comes back by itself."""
    if (until is None) == (hours is None):
        stop("until when is not said", fix="give --until or --hours", status=MISUSED)
    when: dict[str, Any] = {"until": until} if until is not None else {"for_s": int((hours or 0) * 3600)}
    body = when | {"reason": reason}
    tree = _post(f"/v1/incidents/{quote(incident, safe='')}/snooze", body, at)
    _told(tree, f"{incident} sleeps until {tree['desk']['sleeps_until']}", json=at.json)


@at_a_place
def wake(
    incident: Id,
    at: Place,
) -> None:
    """Wakes an incident that sleeps."""
    tree = _post(f"/v1/incidents/{quote(incident, safe='')}/wake", {}, at)
    _told(tree, f"{incident} is awake", json=at.json)


@at_a_place
def bulk(
    incidents: Annotated[
        list[str] | None, typer.Argument(metavar="[ID …]", help="The incidents; or narrow by the options.")
    ] = None,
    type_: Type = None,
    system: System = None,
    owner: Owner = None,
    why: Why = "",
    yes: Yes = False,
    *,
    at: Place,
) -> None:
    """Tries everything in many incidents again: shows the effect, and with --yes does it and waits for the end."""
    if not incidents and not (type_ or system or owner):
        stop(
            "which incidents is not said",
            fix="name them, or give --type, --system or --owner",
            status=MISUSED,
        )
    narrowed = {"type": type_, "system": system, "owner": owner}
    body: dict[str, Any] = {"act": "retry"} | (
        {"incidents": incidents} if incidents else {name: one for name, one in narrowed.items() if one}
    )
    if not yes:
        tree = _post("/v1/desk/preview", body, at)
        _effect(tree, json=at.json)
        return
    _watched("/v1/desk/runs", body | {"why": why}, at)


@at_a_place
def replay(
    to: Annotated[str, typer.Option("--to", metavar="SYSTEM", help="Who shall get it again.")],
    document: Annotated[
        str | None, typer.Option("--document", metavar="KIND", help="Only this kind.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="What fell due from then on: 2026-11-21T00:00+01:00."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="What fell due before then.")
    ] = None,
    number: Annotated[
        list[str] | None,
        typer.Option("--number", metavar="NUMBER", help="Only what has this number; give it once for each."),
    ] = None,
    treatment: Annotated[
        Key | None,
        typer.Option(
            "--with-key",
            help="same: the same bytes under the same key. ask: only what is missing there. new: rendered anew.",
        ),
    ] = None,
    why: Why = "",
    yes: Yes = False,
    *,
    at: Place,
) -> None:
    """Makes deliveries again: shows which and under which key, and with --yes does it and waits for the end."""
    if not number and (from_ is None or until is None):
        stop("which deliveries is not said", fix="give --from and --until, or --number", status=MISUSED)
    given = {"to": to, "document": document, "from": from_, "until": until, "numbers": number or None,
             "key": treatment.value if treatment else None}  # fmt: skip
    body = {name: value for name, value in given.items() if value is not None}
    if not yes:
        tree = _post("/v1/desk/replay/preview", body, at)
        if at.json:
            print_json(tree)
            return
        out = console()
        out.print(tree["says"], markup=False)
        for one in tree["reasons"]:
            out.print(f"  left out: {one['count']} × {one['says']}", markup=False)
        if tree["warning"]:
            out.print(f"[yellow]{tree['warning']}[/yellow]")
        out.print("[dim]nothing was sent; --yes does it[/dim]")
        return
    _watched("/v1/desk/replay", body | {"why": why}, at)


@at_a_place
def runs(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Only this one, such as r812.  \\[default: all]")
    ] = None,
    *,
    at: Place,
) -> None:
    """Shows acts on many and replays with their progress."""
    with at.acting() as hub:
        tree = hub.get(f"/v1/desk/runs/{quote(run, safe='')}" if run else "/v1/desk/runs")
    if tree is None:
        stop(f"there is no {run}", fix="`crossdock desk runs` lists them")
    if at.json:
        print_json(tree)
        return
    if not run and not tree["items"]:
        print("nobody has acted on many yet: crossdock desk bulk, crossdock desk replay")
    for one in [tree] if run else tree["items"]:
        console().print(
            f"{one['state']:<8} {one['done']}/{one['total']}  {one['says']}  ({one['who']})", markup=False
        )


@at_a_place
def hand_over(
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="A person, or role:NAME.")],
    says: Annotated[str, typer.Option("--says", metavar="TEXT", help="What the next one must know.")] = "",
    of: Annotated[str | None, typer.Option("--of", metavar="WHO", help="Whose; absent: yours.")] = None,
    *,
    at: Place,
) -> None:
    """Gives all open incidents of one owner to another, with a word for the next shift."""
    body = {"to": to, "says": says} | ({"of": of} if of else {})
    tree = _post("/v1/desk/hand-over", body, at)
    _told(tree, f"{tree['incidents']} incidents went to {to}", json=at.json)


@at_a_place
def report(
    week: Annotated[
        str | None, typer.Option("--week", metavar="WEEK", help="Such as 2026-W47; absent: this one.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="As a table for a spreadsheet.")] = False,
    *,
    at: Place,
) -> None:
    """Shows what went wrong in a week: by type, item, system and owner, how often, how long, and whether it grows."""
    query = f"?week={quote(week, safe='')}" if week else "?"
    with at.acting(role="observer") as hub:
        answer = hub.ask("GET", f"/v1/reports/weekly{query}")
    if answer.status >= 300:
        from crossdock.cli.remote import refuse

        refuse(answer)
    if csv:
        from crossdock.desk.report import CSV_HEAD, csv_rows

        writer = csv_.writer(sys.stdout)
        writer.writerows([CSV_HEAD, *csv_rows(answer.tree)])
    elif at.json:
        print_json(answer.tree)
    else:
        _report(answer.tree)


def _report(tree: Mapping[str, Any]) -> None:
    out = console()
    out.print(f"[bold]{tree['says']}[/bold]")
    weeks = "  ".join(f"{one['week'][5:]} {one['count']}" for one in tree["trend"])
    out.print(f"[dim]{weeks}[/dim]")
    for name, lines in tree["by"].items():
        if lines:
            head = f"{'count':>6} {'open':>5} {'minutes':>8}  first – last (UTC)"
            out.print(f"\n[bold]{f'by {name}':<30}[/bold] [dim]{head}[/dim]")
        for one in lines:
            span = " – ".join(one[end][5:16].replace("T", " ") for end in ("first", "last"))
            out.print(
                f"  {one['name']:<28.28} {one['count']:>6} {one['open']:>5} {one['minutes']:>8}  {span}",
                markup=False,
            )


# -- asking the hub ------------------------------------------------------------------


def _post(path: str, body: Mapping[str, Any], at: Place) -> Any:
    with at.acting() as hub:
        return hub.post(path, body).tree


def _watched(path: str, body: Mapping[str, Any], at: Place) -> None:
    """Begins a run and waits for its end; what waits for somebody else is left waiting."""
    with at.acting() as hub:
        tree = hub.post(path, body).tree
        for _ in range(_WATCH_MAX):
            if tree["state"] != "running":
                break
            time.sleep(_WATCH_S)
            tree = hub.get(f"/v1/desk/runs/{tree['id']}") or tree
    left = tree.get("left_out")
    rest = (
        f", {left} left out" if left else f", {tree['failed']} could not be ended" if tree["failed"] else ""
    )
    _told(tree, f"{tree['id']}: {tree['state']}, {tree['done']} of {tree['total']}{rest}", json=at.json)
    raise typer.Exit(DONE)


def _effect(tree: Mapping[str, Any], *, json: bool) -> None:
    if json:
        print_json(tree)
        return
    out = console()
    out.print(tree["says"], markup=False)
    for one in tree["reasons"]:
        out.print(f"  {one['count']} × {one['says']}", markup=False)
    for one in tree["left_out"]:
        out.print(f"  left out {one['incident']}: {one['says']}", markup=False)
    out.print(f"[dim]nothing was changed{'; --yes does it' if tree['incidents'] else ''}[/dim]")


def _told(tree: Any, says: str, *, json: bool) -> None:
    if json:
        print_json(tree)
    else:
        console().print(says, markup=False)
