"""Points in time and whole days: ISO 8601, always with a zone, a day never becoming midnight."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_INSTANT = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$"
)


def _instant(value: object, info: ValidationInfo) -> datetime:
    """A moment with its zone; one without is read in the zone of the validation context.

    An hour that autumn's clock shows twice means the first; one that spring's leaves out is read
    by the offset before the change.
    """
    if isinstance(value, str) and _INSTANT.match(value) and not value.endswith("\n"):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise PydanticCustomError("instant", "no such moment") from error
    if not isinstance(value, datetime):
        raise PydanticCustomError("instant", "not an ISO 8601 date and time")
    if value.tzinfo is not None:
        return value
    zone: object = info.context
    if not isinstance(zone, ZoneInfo):
        raise PydanticCustomError("naive", "no zone")
    return value.replace(tzinfo=zone)


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.match(value) and not value.endswith("\n"):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise PydanticCustomError("day", "no such day") from error
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError("day", "not an ISO 8601 date")


def _when(value: object, info: ValidationInfo) -> datetime | date:
    """A moment, or a whole day that stays a day."""
    is_day = len(value) == 10 if isinstance(value, str) else not isinstance(value, datetime)
    return _day(value) if is_day and isinstance(value, str | date) else _instant(value, info)


@dataclass(frozen=True, slots=True)
class _Moment:
    """How one form of time is read, and what the schema says of it."""

    form: str  #: instant | day | when

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.form == "day":
            return core_schema.no_info_plain_validator_function(_day)
        return core_schema.with_info_plain_validator_function(_instant if self.form == "instant" else _when)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        instant = {"$comment": "date and time", "type": "string", "pattern": _INSTANT.pattern}
        day = {"$comment": "date", "type": "string", "pattern": _DAY.pattern}
        when = {"$comment": "date and time, or date", "anyOf": [instant, day]}
        return {"instant": instant, "day": day, "when": when}[self.form]


def when(text: str) -> datetime | date:
    """A moment with its offset, or a whole day. Raises ValueError."""
    if len(text) == 10:
        return date.fromisoformat(text)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found


Instant = Annotated[datetime, _Moment("instant")]
Day = Annotated[date, _Moment("day")]
When = Annotated[datetime | date, _Moment("when")]
