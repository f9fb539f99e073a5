"""The `watch` section read and checked: hours, expectations, service levels, ways of alerts, beat, traces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from crossdock.charter.blackouts import WEEKDAYS
from crossdock.charter.charter import System
from crossdock.charter.hours import Hours
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.charter.watch import (
    DOCUMENTS_OF,
    Alerting,
    AlertWay,
    Beat,
    Expectation,
    Level,
    Traces,
    Watching,
)
from crossdock.charter.watch_keys import LEVELS

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_OCTETS = re.compile(r"[^\s@]+@[^\s@]+")
_SERVER = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}")


def read_watch(
    reading: Reading, entry: Entry | None, systems: Mapping[str, System], zone: ZoneInfo
) -> Watching:
    """What is watched over; mistakes are noted in `reading`."""
    values = reading.section(entry, "watch", "watch") if entry else None
    if values is None:
        return Watching()
    hours = _hours(reading, values["hours"], zone)
    return Watching(
        _expects(reading, values["expects"], systems, hours),
        _levels(reading, values["levels"], systems),
        _alerts(reading, values["alerts"], hours),
        _beat(reading, values["beat"]),
        _traces(reading, values["traces"]),
        values["rest_within_s"],
        values["stock_every_s"],
    )


# -- hours -----------------------------------------------------------------------


def _hours(reading: Reading, entry: Entry | None, zone: ZoneInfo) -> dict[str, Hours]:
    found: dict[str, Hours] = {}
    for name, section, path in reading.named(entry, "watch.hours"):
        values = reading.section(section, "hours", path)
        if values is None:
            continue
        days = tuple(day.lower() for day in values["days"])
        for day in days:
            if day not in WEEKDAYS:
                reading.refuse(f"{path}.days", f'"{day}" is no weekday', nearest(day, WEEKDAYS, "a weekday"))
        begins, ends = (_time(reading, values[key], f"{path}.{key}") for key in ("from", "to"))
        closed = {_date(reading, day, f"{path}.closed") for day in values["closed"]} - {None}
        known = tuple(day for day in days if day in WEEKDAYS)
        found[name] = Hours(
            values["timezone"] or zone, known, begins, ends, frozenset(day for day in closed if day)
        )
    return found


def _time(reading: Reading, text: str, path: str) -> time:
    if text == "24:00":
        return time()
    if not _CLOCK.fullmatch(text):
        reading.refuse(path, f'"{text}" is no time of day', "write hours and minutes, such as 07:00")
        return time()
    return time.fromisoformat(text)


def _date(reading: Reading, text: str, path: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        reading.refuse(path, f'"{text}" is no date', "write it as 2026-12-25")
        return None


def _named_hours(reading: Reading, name: str | None, path: str, hours: Mapping[str, Hours]) -> Hours | None:
    if name is None or name in hours:
        return hours.get(name or "")
    fix = nearest(name, hours, "the name of hours") or "name them under watch.hours"
    reading.refuse(path, f'there are no hours "{name}"', fix)
    return None


# -- expectations ----------------------------------------------------------------


def _expects(
    reading: Reading, entry: Entry | None, systems: Mapping[str, System], hours: Mapping[str, Hours]
) -> tuple[Expectation, ...]:
    found: dict[str, Expectation] = {}
    for section, path in reading.listed(entry, "watch.expects"):
        values = reading.section(section, "expect", path)
        if values is None or values["system"] is None or values["document"] is None:
            continue
        one = _expectation(reading, values, path, systems, hours)
        if one is not None and one.rule in found:
            reading.refuse(path, "this is expected already", "keep one of the two")
        elif one is not None:
            found[one.rule] = one
    return tuple(found.values())


def _expectation(
    reading: Reading, values: Values, path: str, systems: Mapping[str, System], hours: Mapping[str, Hours]
) -> Expectation | None:
    after: Values | None = None
    if values["after"] is not None:
        after = reading.section(values["after"], "after", f"{path}.after")
        if after is None or after["document"] is None:
            return None
        if (after["at"] is None) == (after["of"] is None):
            says = "a clock starts once a system has it (`at`), or once it comes from one (`of`)"
            reading.refuse(f"{path}.after", says, "write one of the two")
            return None
    if (values["every_s"] is None) == (after is None) or (values["within_s"] is None) != (after is None):
        says = "something is expected every so often (`every_s`), or `after` something `within_s`"
        reading.refuse(path, says, "write `every_s`, or `after` with `within_s`")
        return None
    named = {"system": values["system"]}
    if after is not None:
        named |= {f"after.{key}": after[key] for key in ("at", "of") if after[key] is not None}
    for key, name in named.items():
        if name not in systems:
            fix = nearest(name, systems, "a system")
            reading.refuse(f"{path}.{key}", f'there is no system "{name}"', fix)
    return Expectation(
        values["system"], values["document"], values["every_s"], values["within_s"],
        after["document"] if after else None, after["at"] if after else None, after["of"] if after else None,
        _named_hours(reading, values["hours"], f"{path}.hours", hours),
    )  # fmt: skip


# -- service levels --------------------------------------------------------------


def _levels(reading: Reading, entry: Entry | None, systems: Mapping[str, System]) -> tuple[Level, ...]:
    found: list[Level] = []
    for name, section, path in reading.named(entry, "watch.levels"):
        values = reading.section(section, "level", path)
        if name not in LEVELS:
            reading.refuse(
                path, f'there is no service level "{name}"', nearest(name, LEVELS, "a service level")
            )
            continue
        if values is None or values["within_s"] is None:
            continue
        if values["objective"] >= 100:
            says = "an objective of 100 leaves no room for a single miss"
            reading.refuse(f"{path}.objective", says, "write less, such as 99.9")
        for system in values["systems"]:
            if system not in systems:
                fix = nearest(system, systems, "a system")
                reading.refuse(f"{path}.systems", f'there is no system "{system}"', fix)
        documents = tuple(values["documents"]) or DOCUMENTS_OF[name]
        share = min(values["objective"], 99.999) / 100
        found.append(Level(name, values["within_s"], share, documents, tuple(values["systems"])))
    return tuple(found)


# -- alerts, beat, traces --------------------------------------------------------


def _alerts(reading: Reading, entry: Entry | None, hours: Mapping[str, Hours]) -> Alerting:
    values = reading.section(entry, "alerts", "watch.alerts") if entry else None
    if values is None:
        return Alerting()
    ways: list[AlertWay] = []
    for name, section, path in reading.named(values["ways"], "watch.alerts.ways"):
        given = reading.section(section, "way", path)
        if given is None or given["type"] is None:
            continue
        _check_way(reading, given, path)
        ways.append(AlertWay(name, **{key: _plain(value) for key, value in given.items()}))
    quiet = _named_hours(reading, values["quiet"], "watch.alerts.quiet", hours)
    return Alerting(tuple(ways), values["link"], quiet, values["group_s"])


def _plain(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _check_way(reading: Reading, given: Values, path: str) -> None:
    needs = {"mail": ("server", "sender", "to"), "webhook": ("url", "secret"), "chat": ()}[given["type"]]
    for key in needs:
        if not given[key]:
            reading.refuse(f"{path}.{key}", "this key is missing", f"add `{key}`: {given['type']} needs it")
    if given["type"] == "chat" and given["url"] is None and given["secret"] is None:
        reading.refuse(path, "nobody knows where to post it", "add `secret`: its value is the address")
    if given["server"] and not _SERVER.fullmatch(given["server"]):
        reading.refuse(f"{path}.server", "this is no host:port", "write it as mail.example.com:587")
    for key, addresses in (("sender", [given["sender"]]), ("to", given["to"])):
        for address in addresses:
            if address and not _OCTETS.fullmatch(address):
                reading.refuse(f"{path}.{key}", f'"{address}" is no mail address', "write name@example.com")


def _beat(reading: Reading, entry: Entry | None) -> Beat | None:
    values = reading.section(entry, "beat", "watch.beat") if entry else None
    if values is None:
        return None
    if (values["url"] is None) == (values["secret"] is None):
        says = "a beat has one address: its `url`, or a `secret` that holds it"
        reading.refuse("watch.beat", says, "write one of the two")
        return None
    return Beat(values["every_s"], values["url"], values["secret"], values["method"])


def _traces(reading: Reading, entry: Entry | None) -> Traces | None:
    values = reading.section(entry, "traces", "watch.traces") if entry else None
    if values is None or values["url"] is None:
        return None
    if (values["header"] is None) != (values["secret"] is None):
        says = "a header needs its secret, and a secret its header"
        reading.refuse("watch.traces", says, "write both or none")
    return Traces(values["url"], values["header"], values["secret"])
