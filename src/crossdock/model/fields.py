"""The types of single values: codes, texts, exact numbers, codes from a list, bounded lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from crossdock.faults import Invalid
from crossdock.model.codes.countries import COUNTRIES
from crossdock.model.codes.currencies import CURRENCIES
from crossdock.model.codes.identifiers import GLN, GTIN, SSCC, checked

LINES_MAX = 20_000  #: lines, packages or serials that a document may have
DIGITS_MAX = 18  #: digits a number may have, as in the widest columns of the trade's databases
_INTEGER_MAX = 10**DIGITS_MAX - 1
_LONG_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
# Blanks at an end or control characters would make two spellings of one thing.
_CODE = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"


@dataclass(frozen=True, slots=True)
class Exact:
    """An exact number: an int, or a Decimal that keeps its digits; text only where it has over 15 digits."""

    above: int | None = None  #: must be greater than this
    at_least: int | None = None  #: must be this or greater
    words: str = "number"

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        low: dict[str, Any] = {"gt": self.above, "ge": self.at_least}
        floor: dict[str, Any] = {"ge": -_INTEGER_MAX} if self.above is self.at_least is None else low
        decimal = core_schema.decimal_schema(strict=True, max_digits=DIGITS_MAX, **low)
        # Long numbers come out of a mapping as text, since it would round them.
        text = core_schema.chain_schema(
            [
                core_schema.str_schema(strict=True, pattern=_LONG_NUMBER, min_length=16, max_length=20),
                core_schema.no_info_plain_validator_function(Decimal),
                decimal,
            ]
        )
        return core_schema.union_schema(
            [core_schema.int_schema(strict=True, le=_INTEGER_MAX, **floor), decimal, text],
            mode="left_to_right",
            custom_error_type="number",
            custom_error_message="not an exact number within bounds",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        low = {"exclusiveMinimum": self.above, "minimum": self.at_least}
        number = {"type": "number"} | {name: value for name, value in low.items() if value is not None}
        long = {"type": "string", "pattern": _LONG_NUMBER, "minLength": 16, "maxLength": 20}
        return {"$comment": self.words, "anyOf": [number, long]}


@dataclass(frozen=True, slots=True)
class _Code:
    """What systems know a thing by: text, or a whole number taken by its digits or kept as it came."""

    characters_max: int
    keeps_number: bool = False
    words: str = "code"

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True, max_length=self.characters_max, pattern=_CODE)
        number: CoreSchema = core_schema.int_schema(strict=True, ge=0, le=_INTEGER_MAX)
        if not self.keeps_number:
            number = core_schema.no_info_after_validator_function(str, number)
        return core_schema.union_schema(
            [number, text] if self.keeps_number else [text, number],
            mode="left_to_right",
            custom_error_type="code",
            custom_error_message="not a code",
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        text = {"pattern": _CODE, "maxLength": self.characters_max}
        return {"$comment": self.words, "type": ["string", "integer"], "minimum": 0} | text


@dataclass(frozen=True, slots=True)
class _OneOf:
    """A code from a list that others keep."""

    codes: tuple[str, ...]
    words: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.codes))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: object) -> dict[str, Any]:
        return {"$comment": self.words, "type": "string", "enum": list(self.codes)}


def _one_of(codes: Iterable[str], words: str) -> _OneOf:
    return _OneOf(tuple(sorted(codes)), words)


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
        return {"$comment": f"GS1 {name} with its check digit", "type": "string", "pattern": f"^({wanted})$"}


@dataclass(frozen=True, slots=True)
class _Many:
    """A bounded list, kept as a tuple; null stands for an empty one where that is allowed."""

    at_least: int

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        parts = handler(source)
        bounds: dict[str, Any] = {"strict": False, "min_length": self.at_least, "max_length": LINES_MAX}
        parts.update(bounds)  # pyright: ignore[reportCallIssue, reportArgumentType]
        if self.at_least:
            return parts
        return core_schema.no_info_before_validator_function(_none_is_empty, parts)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        shape = handler(schema)
        return shape if self.at_least else {"anyOf": [shape, {"type": "null"}]}


def _none_is_empty(value: object) -> object:
    return () if value is None else value


T = TypeVar("T")
Lines = Annotated[tuple[T, ...], _Many(1)]
Several = Annotated[tuple[T, ...], _Many(0)]

Code = Annotated[str, _Code(100)]
LineId = Annotated[int | str, _Code(50, keeps_number=True, words="line")]
UnitCode = Annotated[
    str, StringConstraints(max_length=20, pattern=_CODE), Field(json_schema_extra={"$comment": "unit"})
]
Text = Annotated[str, StringConstraints(max_length=500, pattern=_TEXT)]


@dataclass(frozen=True, slots=True)
class Tag:
    """A word about a field that is no rule: what is to be thought of when it is shown or kept."""

    word: str


#: Tells of a person: masked where it is not needed, exported and erased with the rest of what is theirs.
PERSONAL = Tag("personal")
PersonalText = Annotated[Text, PERSONAL]
Notes = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
#: Words for people name people: whoever writes them cannot be kept from it.
PersonalNotes = Annotated[Notes, PERSONAL]

Number = Annotated[int | Decimal, Exact()]
Positive = Annotated[int | Decimal, Exact(above=0, words="number above 0")]
NotNegative = Annotated[int | Decimal, Exact(at_least=0, words="number, 0 or more")]

Currency = Annotated[str, _one_of(CURRENCIES, "ISO 4217 currency")]
Country = Annotated[str, _one_of(COUNTRIES, "ISO 3166-1 alpha-2 country")]
Gtin = Annotated[str, _Gs1(GTIN)]
Gln = Annotated[str, _Gs1(GLN)]
Sscc = Annotated[str, _Gs1(SSCC)]
