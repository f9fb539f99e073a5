"""The types of single values: codes, texts, exact numbers, moments, codes from a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, StringConstraints, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from crossdock.faults import Invalid
from crossdock.model.codes.countries import COUNTRIES
from crossdock.model.codes.currencies import CURRENCIES
from crossdock.model.codes.identifiers import GLN, GTIN, SSCC, checked

DIGITS_MAX = 18  #: digits a quantity or price may have, as in the widest column of the trade's databases
_INTEGER_MAX = 10**DIGITS_MAX - 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """An exact number: an int, or a Decimal that keeps its digits; text only where JSON could not carry it."""

    above: int | None = None  #: must be greater than this
    at_least: int | None = None  #: must be this or greater

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        low: dict[str, Any] = {"gt": self.above, "ge": self.at_least}
        decimal = core_schema.decimal_schema(strict=True, max_digits=DIGITS_MAX, **low)
        # Numbers of more than 15 digits come out of a mapping as text.
        text = core_schema.chain_schema(
            [
                core_schema.str_schema(
                    strict=True, pattern=r"^-?[0-9]+(\.[0-9]+)?$", min_length=16, max_length=20
                ),
                core_schema.no_info_plain_validator_function(Decimal),
                decimal,
            ]
        )
        return core_schema.union_schema(
            [core_schema.int_schema(strict=True, le=_INTEGER_MAX, **self._floor()), decimal, text],
            mode="left_to_right",
            custom_error_type="number",
            custom_error_message="not an exact number within bounds",
            metadata={"pydantic_js_updates": {}},
        )

    def _floor(self) -> dict[str, Any]:
        if self.above is None and self.at_least is None:
            return {"ge": -_INTEGER_MAX}
        return {"gt": self.above, "ge": self.at_least}

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        low = {"exclusiveMinimum": self.above, "minimum": self.at_least}
        return {"type": "number"} | {name: value for name, value in low.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OneOf:
    """A code from a fixed list."""

    codes: tuple[str, ...]
    list_name: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.codes))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.codes), "description": self.list_name}


def _one_of(codes: Iterable[str], list_name: str) -> OneOf:
    return OneOf(tuple(sorted(codes)), list_name)


@dataclass(frozen=True, slots=True)
class _Code:
    """A name that systems know a thing by: text, or a whole number taken by its digits."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        digits = core_schema.no_info_after_validator_function(str, core_schema.int_schema(strict=True, ge=0))
        # Blanks at an end or control characters would make two spellings of one thing.
        text = core_schema.str_schema(
            strict=True, max_length=100, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
        )
        return core_schema.union_schema(
            [text, digits], mode="left_to_right", custom_error_type="code", custom_error_message="not a code"
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        return {"type": ["string", "integer"], "minLength": 1, "maxLength": 100, "minimum": 0}


@dataclass(frozen=True, slots=True)
class _LineId:
    """A line's own name: kept as it came, `1` or `"001"`."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(
            strict=True, max_length=50, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
        )
        return core_schema.union_schema(
            [core_schema.int_schema(strict=True, ge=0, le=_INTEGER_MAX), text],
            mode="left_to_right",
            custom_error_type="code",
            custom_error_message="not a line",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        return {"type": ["string", "integer"], "minLength": 1, "maxLength": 50, "minimum": 0}


@dataclass(frozen=True, slots=True)
class _Gs1:
    """A GS1 identifier with its check digit."""

    scheme: tuple[str, frozenset[int]]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(code: str) -> str:
            try:
                return checked(code, self.scheme)
            except Invalid as fault:
                raise PydanticCustomError("said", "{says}", {"says": fault.says, "fix": fault.fix}) from fault

        return core_schema.no_info_after_validator_function(check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        name, lengths = self.scheme
        wanted = "|".join(f"[0-9]{{{length}}}" for length in sorted(lengths))
        return {
            "type": "string",
            "pattern": f"^({wanted})$",
            "description": f"GS1 {name} with its check digit",
        }


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
INSTANT_PATTERN = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$"
DATE_PATTERN = r"^\d{4}-\d{2}-\d{2}$"


def _instant(value: object, info: ValidationInfo) -> datetime:
    """A moment with its zone; a text without one is read in the zone of the validation context."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise PydanticCustomError("instant", "no such moment") from error
    elif isinstance(value, datetime):
        moment = value
    else:
        raise PydanticCustomError("instant", "not an ISO 8601 date and time")
    if moment.tzinfo is not None:
        return moment
    zone: object = info.context
    if not isinstance(zone, ZoneInfo):
        raise PydanticCustomError("naive", "no zone")
    return moment.replace(tzinfo=zone)


def _when(value: object, info: ValidationInfo) -> datetime | date:
    """A moment, or a whole day that stays a day."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        return _day(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _instant(value, info)


def _day(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise PydanticCustomError("day", "no such day") from error
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError("day", "not an ISO 8601 date")


@dataclass(frozen=True, slots=True)
class _Moment:
    """A point in time or a day, written as ISO 8601."""

    form: str  #: instant | day | when

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.form == "day":
            return core_schema.no_info_plain_validator_function(_day)
        return core_schema.with_info_plain_validator_function(_instant if self.form == "instant" else _when)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        instant = {"type": "string", "pattern": INSTANT_PATTERN}
        day = {"type": "string", "pattern": DATE_PATTERN}
        return {"instant": instant, "day": day, "when": {"type": "string", "anyOf": [instant, day]}}[
            self.form
        ]


Code = Annotated[str, _Code()]
LineId = Annotated[int | str, _LineId()]
UnitCode = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=20)]
Text = Annotated[
    str, StringConstraints(strict=True, max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
Notes = Annotated[str, StringConstraints(strict=True, max_length=20_000, pattern=r"^[^\x00]*$")]

Number = Annotated[int | Decimal, Bounds()]
Positive = Annotated[int | Decimal, Bounds(above=0)]
NotNegative = Annotated[int | Decimal, Bounds(at_least=0)]

Currency = Annotated[str, _one_of(CURRENCIES, "ISO 4217 currency")]
Country = Annotated[str, _one_of(COUNTRIES, "ISO 3166-1 alpha-2 country")]
Gtin = Annotated[str, _Gs1(GTIN)]
Gln = Annotated[str, _Gs1(GLN)]
Sscc = Annotated[str, _Gs1(SSCC)]

Instant = Annotated[datetime, _Moment("instant")]
Day = Annotated[date, _Moment("day")]
When = Annotated[datetime | date, _Moment("when")]
