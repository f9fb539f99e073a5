"""Incidents in words: a page of them, one with its history, and what an act made of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from crossdock.cli.terminal import console
from crossdock.desk.story import plain
from crossdock.desk.typed import takes_number

Tree = Mapping[str, Any]
_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}
_FIXES_MAX = 5  #: fields of a refused document that are proposed
#: Types whose sendings go again as they were: no value helps.
_WORD_FOR_WORD = frozenset({"overdue", "throttled"})
_LISTED_MAX = 10  #: keys and captures that are named; all of them are counted


def show_page(page: Tree) -> None:
    """One page: a line of facts, what happened and what to do, for each."""
    out = console()
    if not page["items"]:
        out.print("[green]nothing waits for anybody[/green]" if not page["total"] else "no more")
        return
    for item in page["items"]:
        colour = _COLOURS.get(item["severity"], "")
        facts = (
            f"[bold]{item['id']}[/bold]  [{colour}]{item['type']}[/]  {escape(_owner(item))}  {_clock(item)}"
        )
        out.print(f"{facts}  {escape(_what(item))}")
        out.print(f"     {escape(plain(item['says']))}")
        if item["fix"] and item["state"] == "open":
            out.print(f"     [dim]{escape(_to_do(item))}[/dim]")
    more = f"; the next page: --after {page['next']}" if page["next"] else ""
    out.print(f"\n{page['total']} in all{more}")


def show_one(item: Tree, zone: ZoneInfo | None, where: str = "") -> None:
    """All that is known of one incident, and the commands that may end it; times in `zone`.

    `where` is what a command needs to find the site.
    """
    out = console()
    colour = _COLOURS.get(item["severity"], "")
    out.print(f"[bold]{item['id']}[/bold]  [{colour}]{item['type']}[/]  {item['severity']}, {item['state']}")
    out.print(f"{escape(plain(item['says']))}\n")
    for name, value in _facts(item, zone):
        out.print(f"[dim]{name:<12}[/dim]{escape(value)}")
    for act in item.get("history", []):
        at = _moment(act["at"], zone)
        out.print(f"{at.day} {at:%B %H:%M}  {escape(plain(act['says']))}")
    if item["acts"]:
        out.print("\nwhat you can do:")
        for command in _commands(item, where):
            out.print(f"  {escape(command)}", soft_wrap=True)


def show_act(act: str, item: Tree, tried: str | None = None) -> None:
    """What became of an incident by an act; `tried`: of the documents that were tried again."""
    out = console()
    if act == "assign":
        out.print(f"{item['id']} now waits for {escape(_owner(item))}")
        return
    reason = str(item.get("reason") or "").removeprefix("abandoned: ")
    if tried is not None:
        what = "" if reason == "retried" else f"{escape(reason)}; "
        out.print(f"{item['id']}: {what}{escape(tried)}")
        return
    members = f"{item['members']} document{'s' if item['members'] != 1 else ''}"
    out.print(f"{item['id']} is ended ({members}): {escape(reason)}")


def _facts(item: Tree, zone: ZoneInfo | None) -> Iterator[tuple[str, str]]:
    yield "what", _what(item)
    if item["path"]:
        yield "where", item["path"]
    if item["value"] is not None:
        yield "value", str(item["value"])
    if item["fix"] and item["state"] == "open":
        yield "to do", _to_do(item)
    if answer := item.get("answer"):
        yield "answer", f"{answer['status'] or ''} {answer['body']}".strip() or "(nothing)"
    for one in item.get("differs", []):
        first, second = one["first"] or "(nothing)", one["second"] or "(nothing)"
        yield "differs", f"{one['path']}: first {first}, then {second}"
    yield "whose turn", _owner(item)
    yield "opened", _date(item["opened_at"], zone)
    if item["state"] == "open":
        yield "clock", _clock(item)
    if item.get("reason"):
        yield "ended", str(item["reason"])
    for name in ("keys", "captures"):
        if item[name]:
            rest = f" and {len(item[name]) - _LISTED_MAX} more" if len(item[name]) > _LISTED_MAX else ""
            yield name, ", ".join(item[name][:_LISTED_MAX]) + rest


def _to_do(item: Tree) -> str:
    """What its fault asks for, with its own number in the commands."""
    return str(item["fix"]).replace("crossdock desk fix ID ", f"crossdock desk fix {item['id']} ")


def _commands(item: Tree, where: str = "") -> Iterator[str]:
    """The commands for the acts that are open, as far as they can be filled in."""
    me, acts = f"crossdock desk {{}} {item['id']}", item["acts"]
    doubt = item["type"] == "in_doubt"
    if "fix" in acts and not doubt:
        yield from (f"{me.format('fix')} {way}" for way in _fixes(item, where))
    if "retry" in acts:
        yield f"{me.format('retry')}{where}   (when the cause is gone)"
    if "resolve" in acts:
        outcome = "--outcome applied|not_applied|abandoned " if doubt else ""
        yield f"{me.format('resolve')} {outcome}--reason TEXT{where}"
    if "assign" in acts:
        yield f"{me.format('assign')} --owner WHO{where}"


def _fixes(item: Tree, where: str) -> Iterator[str]:
    """The values and rows that may help; none where none can."""
    table, value = re.search(r"crosswalks/([\w-]+)\.csv", item["fix"] or ""), item["value"]
    fields = item.get("fields")
    if table and value is not None:
        ours = f"add the row {item['system']},THEIRS," in item["fix"]
        theirs, our = ("CODE", shlex.quote(value)) if ours else (shlex.quote(value), "CODE")
        known = re.search(r"\(known codes: (.*)\)", item["fix"])
        rest = f"   (known: {known.group(1)})" if known else ""
        yield (
            f"--crosswalk {table.group(1)} --system {shlex.quote(item['system'])}"
            f" --theirs {theirs} --ours {our}{where}{rest}"
        )
        if ours and item["path"]:
            yield f"--path {shlex.quote(item['path'])} --value TEXT{where}   (where {value} is a mistake)"
    elif fields is None:
        path = shlex.quote(item["path"]) if item["path"] else "PATH"
        yield f"--path {path} {_given(text=not takes_number(item))}{where}"
    elif item["type"] not in _WORD_FOR_WORD:
        for field in fields[:_FIXES_MAX]:
            yield f"--path {shlex.quote(field['path'])} {_given(text=field['text'])}{where}"


def _given(*, text: bool) -> str:
    return "--value TEXT" if text else "--value-json NUMBER"


def _what(item: Tree) -> str:
    whose = f" of {item['system']}" if item["system"] else ""
    thing = (
        f"{plain(item['object'])} {item['number']}{whose}".strip()
        if item["object"]
        else whose.removeprefix(" of ")
    )
    others = item["members"] - 1
    return f"{thing} and {others} more" if others > 0 else thing


def _owner(item: Tree) -> str:
    return plain(item["owner"].removeprefix("role:"))


def _clock(item: Tree) -> str:
    if item["state"] != "open":
        return item["state"]
    left = _moment(item["due_at"]) - datetime.now(UTC)
    return f"{_span(left)} left" if left > timedelta(0) else f"{_span(-left)} late"


def _span(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} days"


def _date(text: str, zone: ZoneInfo | None) -> str:
    at = _moment(text, zone)
    return f"{at.day} {at:%B %Y %H:%M:%S}"


def _moment(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).astimezone(zone)
