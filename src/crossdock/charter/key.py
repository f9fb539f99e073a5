"""One key of the charter: what may stand behind it, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """What may stand behind a key."""

    TEXT = "text"
    NAME = "name"  #: letters, digits, `_` and `-`
    WHOLE = "whole number"
    NUMBER = "number"
    FLAG = "true or false"
    TEXTS = "list of text"
    DAYS = "list of days"
    SECONDS = "seconds"
    CHOICE = "one of a few words"
    PATH = "JSONata path"
    FIELD = "dotted field path"
    FIELDS = "list of dotted field paths"
    FILE = "file of the site"
    URL = "http or https address"
    URL_PATH = "path of an address"
    HEADER = "name of an HTTP header"
    SECRET_NAME = "name of a secret"
    ZONE = "IANA time zone"
    CURRENCY = "ISO 4217 currency"
    CODEC = "character set"
    NETWORKS = "list of networks (CIDR)"
    STATUSES = "list of HTTP statuses, such as 200 or 2xx"
    EXACT_STATUSES = "list of HTTP statuses, such as 200"
    DOCUMENT = "kind of document"
    SYSTEM = "name of a system"
    TREE = "a document"
    CONNECTOR = "kind of connector"
    READERS = "list of systems"
    TEXT_BY_NAME = "mapping of names to text"
    WHOLE_BY_NAME = "mapping of names to whole numbers"
    NUMBER_BY_NAME = "mapping of names to numbers"
    SECTION = "section"
    SECTIONS = "list of sections"
    SECTION_BY_NAME = "sections by name"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section."""

    name: str
    type: Type
    says: str
    required: bool = False
    default: object = None
    choices: tuple[str, ...] = ()
    section: str = ""  #: the table behind it
    least: float = 0.0  #: of a number
    most: float = float("inf")  #: of a number


def keys(*listed: Key) -> dict[str, Key]:
    """A table of keys by their names."""
    return {key.name: key for key in listed}
