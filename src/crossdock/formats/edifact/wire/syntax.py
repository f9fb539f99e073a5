"""The characters of an interchange: its service characters and the repertoire of its syntax level."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from crossdock.faults import Invalid


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The service characters of one interchange, as UNA gives them; release and repetition may be a blank: none."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    repetition: str = " "
    terminator: str = "'"

    @property
    def una(self) -> str:
        """The service string advice that says so."""
        return (
            f"UNA{self.component}{self.element}{self.decimal}{self.release}{self.repetition}{self.terminator}"
        )

    @property
    def special(self) -> str:
        """The characters that a value may hold only when they are released."""
        return (self.component + self.element + self.release + self.repetition + self.terminator).replace(
            " ", ""
        )


#: Without a UNA, up to syntax version 3.
DEFAULT = Delimiters()
#: Without a UNA, in syntax version 4.
DEFAULT_4 = Delimiters(repetition="*")
#: Level B knows a second set that no text holds: information separators 1, 3 and 4.
SEPARATORS_B = Delimiters(component="\x1f", element="\x1d", terminator="\x1c", release=" ")

_LETTERS_A = r"A-Z0-9 .,\-()/=!\"%&*;<>"
_LETTERS_B = _LETTERS_A + r"a-z"

#: Syntax level -> codec. A and B are seven bits wide; X is ISO 2022, of which the codec knows the usual parts.
CODECS: dict[str, str] = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "latin-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOL": "iso8859-15",
    "UNOW": "utf-8",
    "UNOX": "iso2022_jp_2",
    "UNOY": "utf-8",
    # not of ISO 9735, but met: the levels of air transport and plain ANSI text
    "IATA": "ascii",
    "IATB": "ascii",
    "ANSI": "cp1252",
    "KECA": "euc_kr",
}


#: Control characters but line breaks, and what stands for a byte that the codec of the level does not know.
_NEVER = "".join(map(chr, (*range(10), 11, 12, *range(14, 32), *range(127, 160)))) + "\ud800-\udfff"


@lru_cache(maxsize=64)
def beyond(level: str, delimiters: Delimiters) -> re.Pattern[str]:
    """Finds the first character of a text that the level does not have; service characters count as had."""
    special = delimiters.special + delimiters.decimal
    if level in ("UNOA", "UNOB"):
        letters = _LETTERS_A if level == "UNOA" else _LETTERS_B
        return re.compile(f"[^{letters}{re.escape(special)}:+?'\r\n]")
    return re.compile(f"[{''.join(char for char in _NEVER if char not in special)}]")


def from_una(octets: bytes) -> Delimiters:
    """The service characters of the nine bytes of a UNA.

    Raises Invalid: two of them are the same, or one is a letter or a digit.
    """
    text = octets.decode("latin-1")
    found = Delimiters(*text[3:9])
    told = [char for char in found.special if char != " "]
    if len(set(told)) < len(told) or any(char.isalnum() for char in told) or found.terminator == " ":
        raise Invalid(
            "the service characters of UNA cannot be told apart",
            path="UNA",
            value=text,
            fix="send six different characters that are no letters or digits, as in UNA:+.? '",
        )
    return found
