"""Systems in words: how each stands, and what a pause, a drain or a resume means from now on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from crossdock.desk.story import clocked

Tree = Mapping[str, Any]
_WAYS = {"in": "sends", "out": "gets"}
_BY_ITSELF = (
    "it opens by itself then; to open it sooner, change `blackouts` in the charter and start the hub anew"
)
_MOVING = ("due", "sending", "retrying", "in_doubt")


@dataclass(frozen=True, slots=True)
class Runs:
    """Whether a hub answered here, and which work on the same store on other machines."""

    here: bool
    elsewhere: str = ""


HERE = Runs(here=True)


def show(tree: Tree, zone: ZoneInfo | None, where: str, hub: Runs) -> Iterator[str]:
    """A few lines for each system, the trouble in colour; times in `zone`."""
    for item in tree["items"]:
        yield f"[bold]{escape(item['system'])}[/bold]  [dim]{escape(item['connector'])}[/dim]"
        for way, name in _WAYS.items():
            if item[way] is not None:
                yield f"  {name:<6} {_way(item, way, zone)}"
        if item["calls"] is not None:
            yield f"  {'calls':<6} {_calls(item['calls'], zone)}"
        if item.get("hands_in_again_since"):
            yield f"  {'again':<6} {_again(item, zone, where)}"
        if item["next_blackout"] is not None:
            yield f"  {'ahead':<6} {_ahead(item['next_blackout'], zone)}"
    yield ""
    if not hub.here:
        yield from _asleep(tree["items"], where, hub)
    said = _closed_ones(tree["items"], where)
    if said or hub.here:
        yield said or "[green]everything passes[/green]"


def _asleep(items: Sequence[Tree], where: str, hub: Runs) -> Iterator[str]:
    """What it means that no hub answers here, and what waits meanwhile."""
    if hub.elsewhere:
        yield f"[yellow]no hub of this site runs on this machine[/yellow]; at work: {escape(hub.elsewhere)}"
        yield "[dim]this is what the store and the charter say; ask such a hub by --url and --key[/dim]"
        return
    yield (
        "[red]no hub runs for this site: nothing is taken and nothing is sent until one does[/red]"
        f" (crossdock up{escape(where)})"
    )
    yield f"[dim]this is what its store and its charter say; {_all_that_waits(items)}[/dim]"


def _all_that_waits(items: Sequence[Tree]) -> str:
    """How much goes on with the next start, and how much does not, over all systems."""
    counts = {
        "to be worked on": sum(one["from"]["captures"] + one["from"]["messages"] for one in items),
        "to be sent": sum(one["to"][state] for one in items for state in _MOVING),
        "held": sum(one["to"]["held"] for one in items),
        "on the desk": sum(one["to"]["desk"] for one in items),
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"waiting: {said}" if said else "nothing waits"


def _closed_ones(items: Sequence[Tree], where: str) -> str:
    people = [i["system"] for i in items if any(_by_people(i[way]) for way in _WAYS)]
    hub = any(_by_people(i[way]) and i[way]["whole_hub"] for i in items for way in _WAYS)
    clock = [i["system"] for i in items if any(_closed(i[way]) and _by_clock(i[way]) for way in _WAYS)]
    down = [i["system"] for i in items if i["calls"] and i["calls"]["breaker"]["state"] != "closed"]
    said: list[str] = []
    if people:
        said.append(
            f"[yellow]closed by people: {escape(', '.join(people))}[/yellow]"
            f" (crossdock resume {'--all' if hub else escape(people[0])}{escape(where)})"
        )
    if clock:
        said.append(f"[yellow]in a blackout: {escape(', '.join(clock))}[/yellow]")
    if down:
        said.append(f"[red]not answering: {escape(', '.join(down))}[/red]")
    return "\n".join(said)


def _closed(way: Tree | None) -> bool:
    return way is not None and way["state"] != "open"


def _by_people(way: Tree | None) -> bool:
    return _closed(way) and way is not None and way["state"] != "blackout"


def _by_clock(way: Tree) -> bool:
    return way["state"] == "blackout"


def _way(item: Tree, way: str, zone: ZoneInfo | None) -> str:
    found: Tree = item[way]
    waits = _from(item, zone) if way == "in" else _for(item)
    if found["state"] == "open":
        return f"[green]open[/green]; {waits}"
    said = escape(clocked(found["says"], zone))
    if "left" in found:
        left = f"{found['left']} left" if found["left"] else "nothing left of what was here: it is drained"
        said += f"; {left}"
    kept = "; accepted all the same and held here" if way == "in" and item["when_closed"] == "hold" else ""
    return f"[yellow]{said}[/yellow]{kept}; {waits}"


def _from(item: Tree, zone: ZoneInfo | None) -> str:
    count = item["from"]["captures"] + item["from"]["messages"] + item["from"]["transmissions"]
    # An older hub does not say what waits at the door.
    floods = item["from"].get("at_door") or 0
    door = (
        f"; [yellow]{floods} requests wait at its door: it floods, or the store is slow[/yellow]"
        if floods
        else ""
    )
    if not count:
        return f"nothing of it under way{door}"
    since = (
        f", the oldest since {clocked(item['from']['oldest_at'], zone)}" if item["from"]["oldest_at"] else ""
    )
    return f"{count} of it under way{since}{door}"


def _for(item: Tree) -> str:
    to = item["to"]
    parts = [f"{to[state]} {state.replace('_', ' ')}" for state in (*_MOVING, "held") if to[state]]
    parts += [f"{to['desk']} on the desk"] if to["desk"] else []
    return ", ".join(parts) or "nothing waits for it"


def _calls(calls: Tree, zone: ZoneInfo | None) -> str:
    breaker = calls["breaker"]
    if breaker["state"] != "closed":
        since = f" since {clocked(breaker['since'], zone)}" if breaker["since"] else ""
        why = f": {escape(breaker['says'])}" if breaker["says"] else ""
        nxt = (
            f"next probe in {breaker['next_probe_s']:.0f} s" if breaker["state"] == "open" else "probing now"
        )
        return f"[red]does not answer{since}{why}[/red]; {nxt}, {breaker['probes']} sent so far"
    said = [f"no trouble; {calls['in_flight']} of {calls['concurrency']} under way"]
    if calls["learned_per_s"] is not None:
        said.append(
            f"[yellow]slowed down to {calls['learned_per_s']:.2g} a second, because it throttles[/yellow]"
        )
    elif calls["rate_per_s"] is not None:
        said.append(f"at most {calls['rate_per_s']:g} a second")
    if calls["throttled"]:
        said.append(f"throttled {calls['throttled']} times, last {clocked(calls['throttled_at'], zone)}")
    if calls["held_s"] >= 1:
        said.append(f"[yellow]it asked for {calls['held_s']:.0f} s of quiet[/yellow]")
    return "; ".join(said)


def _again(item: Tree, zone: ZoneInfo | None, where: str) -> str:
    since = clocked(item["hands_in_again_since"], zone)
    ends = f"crossdock restored end {item['system']}{where}"
    return (
        f"[yellow]it hands in again what it sent since the backup of {since}[/yellow]; what cannot be asked for"
        f" goes to the desk until: {escape(ends)}"
    )


def _ahead(ahead: Tree, zone: ZoneInfo | None) -> str:
    what = _WAYS[ahead["way"]]
    span = f"{clocked(ahead['from'], zone)} to {clocked(ahead['until'], zone)}"
    clock = zone.key if zone else "on the clock of this machine"
    return f"[dim]what it {what} stands still from {span} {clock}[/dim]"


# -- acts ------------------------------------------------------------------------


def after(
    act: str, name: str, ways: Sequence[str], item: Tree | None, zone: ZoneInfo | None, where: str
) -> Iterator[str]:
    """What an act means from now on; `item` is the system as it stands then, None for the whole hub."""
    every = item is None
    if act == "resume":
        for line in _resumed(name, ways, item, where):
            yield clocked(line, zone)
        return
    if "out" in ways:
        if act == "pause":
            yield f"{name} is paused: nothing is sent {'to anybody' if every else 'to it'}; it waits here, in order"
        elif every:
            yield f"{name} is being drained: what is here now is still sent, nothing new is"
        else:
            yield f"{name} is being drained: {_left(item)} still sent to it, nothing new is"
    if "in" in ways:
        refused = "nothing is taken from any system" if every else f"nothing is taken from {name}"
        kept = item is not None and item["when_closed"] == "hold" and act == "pause"
        yield (
            "what it sends is accepted and held here"
            if kept
            else f"{refused}: doors answer 503, nobody is polled"
        )


def still_closed(
    items: Sequence[Tree], ways: Sequence[str], zone: ZoneInfo | None, where: str
) -> Iterator[str]:
    """Which systems stay closed once the hub as a whole is open, and how each is opened."""
    by_people = list[str]()
    for item in items:
        shut = [item[way] for way in ways if _closed(item[way])]
        if not shut:
            continue
        says = "; ".join(dict.fromkeys(way["says"] for way in shut))
        yield clocked(f"{item['system']} stays closed: {says}", zone)
        if any(_by_people(way) for way in shut):
            by_people.append(item["system"])
        if any(_by_clock(way) for way in shut):
            yield f"  {_BY_ITSELF}"
    narrowed = f" --{ways[0]}" if len(ways) == 1 else ""
    for name in by_people:
        yield f"open it with: crossdock resume {name}{narrowed}{where}"


def _left(item: Tree | None) -> str:
    left = (item or {}).get("out", {}).get("left", 0)
    return "1 document is" if left == 1 else f"{left} documents are"


def _resumed(name: str, ways: Sequence[str], item: Tree | None, where: str) -> Iterator[str]:
    still = [item[way]["says"] for way in ways if item is not None and _closed(item[way])]
    if still:
        yield f"{name} stays closed: {'; '.join(dict.fromkeys(still))}"
        if any(item is not None and _closed(item[way]) and _by_clock(item[way]) for way in ways):
            yield _BY_ITSELF
        if any(item is not None and item[way] is not None and item[way].get("whole_hub") for way in ways):
            yield f"open the hub with: crossdock resume --all{where}"
        return
    yield f"{name} is open: what waited goes on, in order"
