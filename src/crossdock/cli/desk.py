"""`crossdock desk`: what needs somebody, and what can be done about it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from crossdock.cli import supervising
from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import DONE, MISUSED, Group, print_json, stop
from crossdock.faults import Unreadable
from crossdock.formats import json as exact

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="Incidents: what needs somebody, and what can be done about it."
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The incident, such as i10.")]


class State(Enum):
    """Which incidents are listed."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


class Outcome(Enum):
    """What became of a document whose fate was not known."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    ABANDONED = "abandoned"


@app.command("list")
@at_a_place
def list_(
    state: Annotated[
        State, typer.Option("--state", help="Those that wait, those that are ended, or all.")
    ] = State.OPEN,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only this type.")] = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="NAME", help="Only what concerns it.")
    ] = None,
    ordering_key: Annotated[
        str | None, typer.Option("--ordering-key", metavar="KEY", help="Only what this key waits for.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="The page after this one.")
    ] = None,
    *,
    at: Place,
) -> None:
    """Lists what needs somebody, oldest first, a hundred at a time."""
    from crossdock.cli import incident_words as words
    from crossdock.message.incident import TYPES

    if type_ is not None and type_ not in TYPES:
        stop(f"there is no incident type {type_}", fix=f"one of {', '.join(sorted(TYPES))}", status=MISUSED)
    at.check_system(system)
    page = at.reading().incidents(state=state.value, type=type_, system=system, key=ordering_key, after=after)
    if at.json:
        print_json(page)
    else:
        words.show_page(page)


@app.command()
@at_a_place
def show(
    incident: Id,
    at: Place,
) -> None:
    """Shows one incident: what happened, where, what was done about it, and what can be done."""
    from crossdock.cli import incident_words as words

    item = at.reading().incident(incident)
    if item is None:
        stop(f"there is no incident {incident}", fix="`crossdock desk list` shows those that are open")
    if at.json:
        print_json(item)
    else:
        words.show_one(item, at.clock(), at.spoken())


@app.command()
@at_a_place
def assign(
    incident: Id,
    owner: Annotated[str, typer.Option("--owner", metavar="WHO", help="A person, or role:NAME.")],
    at: Place,
) -> None:
    """Gives an incident to somebody else."""
    _act(incident, "assign", {"owner": owner}, at)


@app.command()
@at_a_place
def fix(
    incident: Id,
    path: Annotated[
        str | None,
        typer.Option(
            "--path", metavar="PATH", help="The field, in the sender's words or ours: lines[2].sku."
        ),
    ] = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar="TEXT", help="What should stand there: a text.")
    ] = None,
    value_json: Annotated[
        str | None,
        typer.Option(
            "--value-json", metavar="JSON", help="The same where it is no text: 12, 0.25, true, null."
        ),
    ] = None,
    crosswalk: Annotated[
        str | None, typer.Option("--crosswalk", metavar="NAME", help="The table that lacks a row.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", metavar="NAME", help="Whose code it is.")] = None,
    theirs: Annotated[
        str | None, typer.Option("--theirs", metavar="CODE", help="The code as the system has it.")
    ] = None,
    ours: Annotated[
        str | None, typer.Option("--ours", metavar="CODE", help="The code as the hub has it.")
    ] = None,
    *,
    at: Place,
) -> None:
    """Mends one value, or adds the missing row of a crosswalk; everything in the incident then goes on."""
    row = {"crosswalk": crosswalk, "system": system, "theirs": theirs, "ours": ours}
    given = [name for name, text in row.items() if text is not None]
    mended = [one for one in (path, value, value_json) if one is not None]
    if given and not mended:
        missing = [f"--{name}" for name in row if name not in given]
        if missing:
            stop(f"a row needs {' and '.join(missing)} too", status=MISUSED)
        _act(incident, "fix", row, at)
    elif path is not None and not given and (value is None) != (value_json is None):
        _act(
            incident,
            "fix",
            {"path": path, "value": _value(value, value_json)},
            at,
        )
    else:
        says = "a fix is one value or one row"
        how = "give --path with --value or --value-json, or --crosswalk with --system, --theirs and --ours"
        stop(says, fix=how, status=MISUSED)


def _value(text: str | None, tree: str | None) -> Any:
    if tree is None:
        return text
    try:
        return exact.decode(tree.encode())  # 10.00 keeps its digits
    except Unreadable:
        stop(
            f"--value-json cannot be {tree!r}", status=MISUSED,
            fix="a number is written 12 or 0.25, without a comma, a plus or zeros before it; a text goes with --value",
        )  # fmt: skip


@app.command()
@at_a_place
def retry(
    incident: Id,
    at: Place,
) -> None:
    """Tries everything in an incident again as it is: its cause is gone."""
    _act(incident, "retry", {}, at)


@app.command()
@at_a_place
def resolve(
    incident: Id,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stays in the ledger.")],
    outcome: Annotated[
        Outcome | None,
        typer.Option(
            "--outcome", help="applied: the target has it. not_applied: it goes again. abandoned: it ends."
        ),
    ] = None,
    their_id: Annotated[
        str | None,
        typer.Option("--their-id", metavar="ID", help="What the target calls it, where you looked it up."),
    ] = None,
    *,
    at: Place,
) -> None:
    """Ends an incident with a reason; one in doubt also needs its outcome."""
    body = {"outcome": outcome.value if outcome else None, "reason": reason, "their_id": their_id}
    _act(
        incident,
        "resolve",
        {k: v for k, v in body.items() if v is not None},
        at,
    )


def _act(incident: str, act: str, body: dict[str, Any], at: Place) -> None:
    from crossdock.cli import incident_words as words
    from crossdock.cli.outcome import outcome
    from crossdock.cli.remote import waits

    with at.acting() as hub:
        answer = hub.post(f"/v1/incidents/{quote(incident, safe='')}/{act}", body)
        if answer.status == 202:
            waits(answer.tree, json=at.json)
        tried = None if at.json or act not in {"fix", "retry"} else outcome(hub, answer.tree)
    if at.json:
        print_json(answer.tree)
    else:
        words.show_act(act, answer.tree, tried)
    raise typer.Exit(DONE)


supervising.add(app)
