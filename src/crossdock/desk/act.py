"""The acts of the desk as typed values, read from what a person sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from crossdock.faults import Invalid
from crossdock.mapping.override import steps_of
from crossdock.message.four_eyes import Kind
from crossdock.pipeline import brake

_TEXT_MAX = 1_000
_VALUE_MAX = 10_000
#: An override ends after this, unless the person says otherwise.
OVERRIDE_DAYS = 30
_DAYS_MAX = 3_650


class Outcome(Enum):
    """What a person found out, or decided, about a sending."""

    APPLIED = "applied"  #: the target has it
    NOT_APPLIED = "not_applied"  #: the target does not have it: it goes again, in a new round
    ABANDONED = "abandoned"  #: it shall not be sent any more


@dataclass(frozen=True, slots=True)
class Assign:
    """Somebody else shall look at it."""

    owner: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Everything in it is tried again as it is."""


@dataclass(frozen=True, slots=True)
class Mend:
    """A value in place of the one that the sender wrote, in every document of the incident; then a retry."""

    path: str
    value: Any
    days: int


@dataclass(frozen=True, slots=True)
class AddRow:
    """A row of a crosswalk, laid over the site's file; then a retry."""

    crosswalk: str
    system: str
    theirs: str
    ours: str
    doubt: str = ""  #: why it may be a slip of the pen; it is taken all the same


@dataclass(frozen=True, slots=True)
class Resolve:
    """The end of it, with a reason; `their_id` is the target's own id where the person looked it up."""

    outcome: Outcome
    reason: str
    their_id: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A word for whoever looks next."""

    says: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """It need not be looked at until then, for a reason; milliseconds since 1970, or from now."""

    until_ms: int | None
    for_ms: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Wake:
    """It is to be looked at again, now."""


Act = Assign | Retry | Mend | AddRow | Resolve | Comment | Snooze | Wake
#: What ends an incident, or gives it to somebody: the acts that an incident names itself.
ENDING = ("assign", "fix", "retry", "resolve")
#: What any open incident takes besides.
ATTENDING = ("comment", "snooze", "wake")
NAMES = (*ENDING, *ATTENDING)
SNOOZE_DAYS_MAX = 30


def read(name: str, body: Any, *, type_: str) -> Act:
    """The act in a request about an incident of a type. Raises Invalid with the path of what is wrong."""
    if not isinstance(body, Mapping):
        raise Invalid("an act is a JSON object", fix="send {} for retry")
    given: Mapping[str, Any] = body  # pyright: ignore[reportUnknownVariableType]
    match name:
        case "assign":
            _only(given, "owner")
            return Assign(_text(given, "owner"))
        case "retry":
            _only(given)
            return Retry()
        case "resolve":
            return _resolve(given, type_)
        case "comment":
            _only(given, "says")
            return Comment(_text(given, "says"))
        case "snooze":
            return _snooze(given)
        case "wake":
            _only(given)
            return Wake()
        case _:
            return _fix(given, type_)


def _fix(given: Mapping[str, Any], type_: str) -> Act:
    if "outcome" in given:
        return _resolve(given, type_)
    if "crosswalk" in given:
        _only(given, "crosswalk", "system", "theirs", "ours")
        return AddRow(*(_text(given, name) for name in ("crosswalk", "system", "theirs", "ours")))
    if "path" in given:
        _only(given, "path", "value", "days")
        path = _text(given, "path")
        steps_of(path)
        if "value" not in given:
            raise Invalid("the value is missing", path="value", fix='write {"path": …, "value": …}')
        if len(json.dumps(given["value"], default=str)) > _VALUE_MAX:
            raise Invalid(
                "the value is too large", path="value", fix="have the sender send the document again"
            )
        return Mend(path, given["value"], _days(given))
    raise Invalid(
        "a fix is a value, a row of a crosswalk, or an outcome",
        fix='write {"path", "value"}, {"crosswalk", "system", "theirs", "ours"} or {"outcome", "reason"}',
    )


def _resolve(given: Mapping[str, Any], type_: str) -> Resolve:
    _only(given, "outcome", "reason", "their_id")
    words = ", ".join(o.value for o in Outcome)
    if "outcome" not in given and type_ != "in_doubt":
        outcome = Outcome.ABANDONED
    else:
        try:
            outcome = Outcome(given.get("outcome"))
        except ValueError:
            says = "nobody can end a doubt without saying what became of it"
            raise Invalid(says, path="outcome", value=given.get("outcome"), fix=f"one of: {words}") from None
    their_id = _text(given, "their_id") if given.get("their_id") is not None else None
    return Resolve(outcome, _text(given, "reason"), their_id)


def _snooze(given: Mapping[str, Any]) -> Snooze:
    _only(given, "until", "for_s", "reason")
    reason, for_s, until = _text(given, "reason"), given.get("for_s"), given.get("until")
    if for_s is not None and until is None:
        most = SNOOZE_DAYS_MAX * 86_400
        if isinstance(for_s, bool) or not isinstance(for_s, int) or not 1 <= for_s <= most:
            raise Invalid(
                f"for_s must be a whole number of seconds from 1 to {most}",
                path="for_s",
                value=for_s,
                fix="write 3600 for an hour",
            )
        return Snooze(None, for_s * 1000, reason)
    try:
        at = datetime.fromisoformat(str(until))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or for_s is not None:
        says = "until when must be said as a time with its zone, or by seconds"
        fix = 'write {"until": "2026-11-23T08:00:00+01:00", "reason": …} or {"for_s": 3600, "reason": …}'
        raise Invalid(says, path="until", value=until, fix=fix)
    return Snooze(int(at.timestamp() * 1000), None, reason)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > _TEXT_MAX or "\x00" in value:
        raise Invalid(f"{name} must be a text of 1 to {_TEXT_MAX} characters", path=name, fix=f"give {name}")
    return value.strip()


def _days(given: Mapping[str, Any]) -> int:
    days = given.get("days", OVERRIDE_DAYS)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _DAYS_MAX:
        raise Invalid(
            f"days must be a whole number from 1 to {_DAYS_MAX}",
            path="days",
            value=days,
            fix="leave it out, or write 30",
        )
    return days


def _only(given: Mapping[str, Any], *names: str) -> None:
    for name in given:
        if name not in names:
            known = ", ".join(names) or "nothing"
            raise Invalid(f"{name} means nothing here", path=str(name), fix=f"what may be given: {known}")


def kind_of(type_: str, act: Act) -> Kind | None:
    """What an act is to whoever says how many people must want it; None: one is always enough."""
    match act:
        case Retry() | Resolve() if type_ == brake.TYPE:
            return Kind.MASS_CHANGE
        case Resolve() if act.outcome is Outcome.ABANDONED and type_ != "in_doubt":
            return Kind.ABANDON
        case Resolve():
            return Kind.IN_DOUBT
        case Mend() | AddRow():
            return Kind.FIX
        case _:
            return None
