"""`crossdock trace`: the story of one object, from the bytes that came to the bytes that left."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.place import Place, at_a_place
from crossdock.cli.terminal import FOUND, MISUSED, console, print_json, stop

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from crossdock.cli.reading import Reading


@dataclass(frozen=True, slots=True)
class Shown:
    """How a story is shown: whose clock, what a printed command needs to find the site, and how much of it."""

    zone: ZoneInfo | None
    where: str
    bytes: bool
    all: bool


_TONES = {"good": "green", "bad": "red", "quiet": "dim", "": ""}


@at_a_place
def trace(
    document: Annotated[
        str,
        typer.Argument(help="Kind of document: sales_order, or part of it: order. May be left out."),
    ],
    number: Annotated[
        str | None, typer.Argument(help="Its number, as the hub or any system calls it.")
    ] = None,
    system: Annotated[
        str | None,
        typer.Option("--system", metavar="NAME", help="Whose number it is, where several have it."),
    ] = None,
    show_bytes: Annotated[
        bool, typer.Option("--bytes", help="Show what came and left, word by word; means --all.")
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Show the hub's own steps too, what it looked up, and every try.")
    ] = False,
    *,
    at: Place,
) -> None:
    """Tells the story of an order, or of any other document.

    What came, what the hub made of it, who has it, and who is awaited. `crossdock trace SO-1001` looks among
    documents of every kind.
    """
    source = at.reading(also_left=True)
    found = _found(source, document, number, system)
    if len(found) == 1 and "choices" not in found[0]:
        if at.json:
            print_json(_with_bytes(source, found[0]) if show_bytes else found[0])
        else:
            shown = Shown(at.clock(), at.spoken(), show_bytes, all_ or show_bytes)
            _tell(source, found[0], shown)
        return
    several = [one for story in found for one in story.get("choices", [_choice(story)])]
    if at.json:
        print_json({"choices": several})
    elif several:
        _offer(several, at.spoken())
    if several:
        raise typer.Exit(FOUND)
    what = document if number is None else f"{document} {number}"
    stop(f"nobody ever spoke of {what}", fix="look at the number, and at --site")


def _found(source: Reading, document: str, number: str | None, system: str | None) -> list[dict[str, Any]]:
    """The stories that the words may mean, of any kind of document that the first word is part of."""
    from crossdock.model import register

    kinds = register.kinds()
    word = document.lower().replace("-", "_").replace(" ", "_")
    meant = (
        [word] if word in kinds else [kind for kind in kinds if word in kind.split("_") or word == kind + "s"]
    )
    if number is None and meant:
        stop(
            f"the number of the {document} is not said",
            fix=f"write: crossdock trace {document} NUMBER",
            status=MISUSED,
        )
    if number is None:
        number, meant = document, list(kinds)
    if not meant:
        from difflib import get_close_matches

        near = get_close_matches(word, [*kinds, *(part for kind in kinds for part in kind.split("_"))], 1)
        fix = f"did you mean {near[0]}?" if near else "`crossdock schema` lists them"
        stop(f"there is no kind of document {document!r}", fix=fix, status=2)
    stories = (source.story(kind, number, system) for kind in meant)
    return [story for story in stories if story is not None]


def _choice(story: dict[str, Any]) -> dict[str, Any]:
    owner = story["ids"][0]["system"] if story["ids"] else ""
    return {"system": owner, "object": story["object"], "number": story["number"], "hub_id": story["hub_id"]}


def _offer(several: list[dict[str, Any]], where: str) -> None:
    from crossdock.desk.story import choices

    print("that number means several things; ask for one of them:")
    for one, says in zip(several, choices(several), strict=True):
        print(f"  {says}: crossdock trace {one['object']} {one['number']} --system {one['system']}{where}")


def _with_bytes(source: Reading, story: dict[str, Any]) -> dict[str, Any]:
    """The story with what came and left in each entry: `text`, or `base64` where it is no UTF-8; null: erased."""
    return {**story, "entries": [_entry_with_bytes(source, entry) for entry in story["entries"]]}


def _entry_with_bytes(source: Reading, entry: dict[str, Any]) -> dict[str, Any]:
    link = entry["bytes"]
    if not link or not link.get("href"):
        return entry
    body = source.body(link["href"])
    try:
        said = {"text": None if body is None else body.decode("utf-8")}
    except UnicodeDecodeError:
        said = {"base64": b64encode(body or b"").decode("ascii")}
    return {**entry, "bytes": {**link, **said}}


def _tell(source: Reading, story: dict[str, Any], shown: Shown) -> None:
    from rich.markup import escape
    from rich.text import Text

    from crossdock.desk import story as words

    out, zone = console(), shown.zone
    first, second = words.head(story, full=shown.all)
    out.print(f"[bold]{escape(first)}[/bold]")
    out.print(f"{escape(second)}\n")
    lines = list(words.lines(story, zone, full=shown.all))
    width = max((len(line.who) for line in lines), default=0)
    day = None
    for line in lines:
        if line.at.date() != day:
            day = line.at.date()
            out.print(
                f"[dim]{day:%A} {day.day} {day:%B %Y}, {zone.key if zone else 'the clock of this machine'}[/dim]"
            )
        clock = f"{line.at:%H:%M:%S}.{line.at.microsecond // 1000:03}"
        begin = f"{clock}  {line.who:<{width}}  "
        text = Text(line.says, style=_TONES[line.tone])
        if out.is_terminal and out.width > len(begin) + 20:
            wrapped = text.wrap(out, out.width - len(begin))
            text = Text("\n" + " " * len(begin)).join(wrapped)
        out.print(Text.assemble((clock, "dim"), f"  {line.who:<{width}}  ", text))
        if shown.bytes and line.href:
            body = source.body(line.href)
            pretty = words.pretty(body) if body is not None else "(these bytes were erased)"
            out.print(Text(indent(pretty, "    ") + "\n"))
    out.print()
    for waits in words.awaited(story, zone):
        out.print(f"{'[yellow]' if story['waits_for'] else '[green]'}{escape(waits)}[/]")
        if incident := words.incident_in(waits):
            command = f"crossdock desk show {incident}{shown.where}"
            out.print(f"[dim]    {escape(command)} says what can be done[/dim]", soft_wrap=True)
