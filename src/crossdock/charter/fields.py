"""What the charter must know of each kind of connector; `assembly` tells it from the declarations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from crossdock.charter.charter import OnUnclear


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a connector, written in its system's section."""

    name: str
    type: str = "string"  #: string | integer | number | boolean | url | list
    required: bool = False
    default: object = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """A document that the connector reads without being told how."""

    document: str
    every_s: float | None = None  #: pollers: pause between two reads


@dataclass(frozen=True, slots=True)
class DocumentWritten:
    """A document that the connector writes without being told how."""

    document: str
    on_unclear: OnUnclear = OnUnclear.PERSON


@dataclass(frozen=True, slots=True)
class ConnectorFields:
    """One kind of connector as the charter sees it."""

    kind: str
    options: tuple[Option, ...] = ()
    documents_in: tuple[DocumentRead, ...] = ()
    documents_out: tuple[DocumentWritten, ...] = ()
    auth: tuple[str, ...] = ("none",)
    configurable: bool = False  #: flows are written in the charter, with paths and mappings
    filed: bool = False  #: each flow says how its files look
    partnered: bool = False  #: flows follow from a partner profile, which the option `partner` names


class Declared(Mapping[str, ConnectorFields]):
    """The connectors that are there; one that no system names need not be loaded, which takes longer than the rest."""

    def __init__(self, kinds: Collection[str], fields_of: Callable[[str], ConnectorFields]) -> None:
        self._kinds = kinds
        self._fields_of = fields_of

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._kinds))

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, kind: str) -> ConnectorFields:
        if kind not in self._kinds:
            raise KeyError(kind)
        return self._fields_of(kind)
