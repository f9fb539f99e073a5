"""The keys of a system that steer how much flows and when: blackouts, and the brake on mass changes."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from crossdock.charter.blackouts import (
    HOURS_MAX,
    LAST,
    LAST_WORKDAY,
    WEEKDAYS,
    Blackout,
    Every,
    never_open,
)
from crossdock.charter.flow_settings import Brake, Fit
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest
from crossdock.model import register
from crossdock.model.document import DocumentClass

_DIRECTIONS = ("in", "out")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]((?:[01]\d|2[0-3]):[0-5]\d)")
_MONTH_DAYS = (*map(str, range(1, 32)), LAST, LAST_WORKDAY)


def read_blackouts(reading: Reading, entry: Entry | None, path: str) -> tuple[Blackout, ...]:
    """All blackouts of one system that could be read; mistakes are noted in `reading`."""
    found = [
        blackout
        for section, place in reading.listed(entry, path)
        if (values := reading.section(section, "blackout", place)) is not None
        and (blackout := _read(reading, values, place)) is not None
    ]
    return tuple(found)


def check_blackouts(reading: Reading, blackouts: tuple[Blackout, ...], zone: ZoneInfo, path: str) -> None:
    """Notes a system that would never be open, in a given year that stands for all."""
    begin_ms = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    for direction in _DIRECTIONS:
        rules = [one for one in blackouts if direction in one.directions and one.every is not None]
        if rules and never_open(rules, zone, begin_ms):
            says = f"nothing would ever pass {'to' if direction == 'out' else 'from'} this system"
            reading.refuse(path, says, "leave some hours open, or take the system out of objects")


def _read(reading: Reading, values: Values, path: str) -> Blackout | None:
    before = len(reading.problems)
    directions = frozenset(values["directions"])
    for wrong in sorted(directions - set(_DIRECTIONS)):
        reading.refuse(f"{path}.directions", f'"{wrong}" is no direction', "write in, out or both")
    if not directions:
        reading.refuse(f"{path}.directions", "no direction is closed", "write [out], [in] or [in, out]")
    if values["from"] is None:
        return None
    read = _once if values["every"] is None else _again
    made = read(reading, values, path, directions)
    return made if len(reading.problems) == before else None


def _once(reading: Reading, values: Values, path: str, directions: frozenset[str]) -> Blackout | None:
    """One stretch between two dates."""
    for key in ("days", "hours"):
        if values[key]:
            reading.refuse(f"{path}.{key}", "this belongs to a blackout that comes again", "add `every`")
    begins = _moment(reading, values["from"], f"{path}.from")
    if values["to"] is None:
        reading.refuse(path, "this key is missing: to", "add `to`: when it ends, such as 2026-12-31T22:00")
        return None
    ends = _moment(reading, values["to"], f"{path}.to")
    if begins is None or ends is None:
        return None
    if ends <= begins:
        reading.refuse(f"{path}.to", "it ends before it begins", "write a later time")
    elif (ends - begins).total_seconds() > HOURS_MAX * 3600:
        reading.refuse(f"{path}.to", f"it is longer than {HOURS_MAX // 24} days", "pause the system instead")
    return Blackout(directions, values["reason"] or "", begins=begins, ends=ends)


def _again(reading: Reading, values: Values, path: str, directions: frozenset[str]) -> Blackout | None:
    """A stretch that comes every day, week or month."""
    every = Every(values["every"])
    days = _days(reading, every, values["days"], f"{path}.days")
    at = _time(reading, values["from"], f"{path}.from")
    until = _time(reading, values["to"], f"{path}.to") if values["to"] is not None else None
    hours: float = values["hours"] or 0.0
    if (values["to"] is None) == (values["hours"] is None):
        reading.refuse(path, "a blackout has `to`, or `hours`", "say when it ends, or how long it lasts")
    if values["hours"] is not None and not 0 < hours <= HOURS_MAX:
        reading.refuse(f"{path}.hours", f"{hours:g} hours are no blackout", f"write 1 to {HOURS_MAX}")
    if at is None:
        return None
    reason: str = values["reason"] or ""
    return Blackout(directions, reason, every=every, days=days, at=at, until=until, hours=hours)


def _days(reading: Reading, every: Every, given: tuple[str, ...], path: str) -> tuple[str, ...]:
    known = {Every.DAY: (), Every.WEEK: WEEKDAYS, Every.MONTH: _MONTH_DAYS}[every]
    if every is Every.DAY:
        if given:
            reading.refuse(path, "every day has no days", "leave `days` out, or write `every: week`")
        return ()
    if not given:
        such = "[sunday]" if every is Every.WEEK else "[last]"
        reading.refuse(path.rpartition(".")[0], "this key is missing: days", f"add `days`, such as {such}")
    for day in given:
        if day not in known:
            what = "a weekday" if every is Every.WEEK else "1 to 31, last or last_workday"
            fix = nearest(day, known, what) if every is Every.WEEK else f"write {what}"
            reading.refuse(path, f'"{day}" is no day of a {every.value}', fix)
    return given


def _time(reading: Reading, text: str, path: str) -> time | None:
    if not _TIME.fullmatch(text):
        such = "22:00" if not _MOMENT.fullmatch(text) else f"{text[-5:]}, or leave `every` out"
        reading.refuse(path, f'"{text}" is no time of day', f"write hours and minutes, such as {such}")
        return None
    return time.fromisoformat(text)


def _moment(reading: Reading, text: str, path: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    try:
        if found:
            return datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}")
    except ValueError:
        pass
    fix = "write 2026-12-31T22:00, the time on the system's own clock"
    if _TIME.fullmatch(text):
        fix = "add `every: day`, week or month, or write a date before the time: 2026-12-31T22:00"
    reading.refuse(path, f'"{text}" is no date with a time', fix)
    return None


def read_fits(reading: Reading, entry: Entry | None, path: str) -> dict[str, Fit]:
    """What a target's fields can hold, by path."""
    found: dict[str, Fit] = {}
    for name, section, place in reading.named(entry, path) if entry else ():
        values = reading.section(section, "fit", place)
        if values is not None:
            found[name] = Fit(values["max"], values["charset"], values["transliterate"] == "spell")
    return found


#: Keys of a brake that are a share of something.
_SHARES = ("zero_share", "jump_share")


def read_brake(reading: Reading, entry: Entry | None, path: str, document: str) -> Brake | None:
    """A brake as it is written; None where the flow says nothing of it."""
    values = reading.section(entry, "brake", path) if entry else None
    if values is None:
        return None
    if document in register.kinds() and register.class_of(document) is not DocumentClass.STATE:
        says = f"every {document} counts, so none may wait for another"
        reading.refuse(
            path, says, "a brake is for what tells how something stands: a level, a price, an item"
        )
    for key in _SHARES:
        if values[key] > 1:
            reading.refuse(f"{path}.{key}", f"{values[key]:g} is more than all", "write a share such as 0.5")
    if values["jump_factor"] <= 1:
        reading.refuse(f"{path}.jump_factor", "every change would be a jump", "write more than 1, such as 10")
    return Brake(**{one.name: values[one.name] for one in fields(Brake)})
