"""The `desk` section: how soon somebody must look at an incident, and to whom it goes when nobody does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest

SEVERITIES = ("high", "medium", "low")
_ROLE = "role:"


@dataclass(frozen=True, slots=True)
class Clock:
    """What the charter says of one type or one severity; None: nothing."""

    respond_s: float | None = None
    severity: str | None = None
    escalate: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeskRules:
    """Clocks and chains; the type's own word comes before that of its severity, that before the general one."""

    escalate: tuple[str, ...] = ()
    severities: Mapping[str, Clock] = field(default_factory=dict[str, Clock])
    types: Mapping[str, Clock] = field(default_factory=dict[str, Clock])
    replay_max: int = 100_000  #: deliveries that one replay may repeat

    def severity(self, type_: str, usual: str) -> str:
        """How bad a type is here."""
        return self._type(type_).severity or usual

    def respond_s(self, type_: str, severity: str, usual_s: float) -> float:
        """How soon somebody must have looked, in seconds."""
        for clock in (self._type(type_), self.severities.get(severity, Clock())):
            if clock.respond_s is not None:
                return clock.respond_s
        return usual_s

    def chain(self, type_: str, severity: str) -> tuple[str, ...]:
        """The roles that get it one after the other while nobody takes it, as owners of incidents are written."""
        for clock in (self._type(type_), self.severities.get(severity, Clock())):
            if clock.escalate is not None:
                return tuple(map(_role, clock.escalate))
        return tuple(map(_role, self.escalate))

    def _type(self, type_: str) -> Clock:
        return self.types.get(type_, Clock())


def _role(name: str) -> str:
    return name if name.startswith(_ROLE) else f"{_ROLE}{name}"


def read_desk(reading: Reading, entry: Entry | None, types: Collection[str]) -> DeskRules:
    """The section; mistakes are noted in `reading`."""
    values = reading.section(entry, "desk", "desk") if entry is not None else None
    if values is None:
        return DeskRules()
    return DeskRules(
        escalate=tuple(values["escalate"]),
        severities=_clocks(reading, values["severities"], "desk.severities", SEVERITIES, "a severity"),
        types=_clocks(reading, values["types"], "desk.types", types, "a type"),
        replay_max=values["replay_max"],
    )


def _clocks(
    reading: Reading, entry: Entry | None, place: str, known: Collection[str], what: str
) -> dict[str, Clock]:
    clocks: dict[str, Clock] = {}
    for name, section, path in reading.named(entry, place):
        if name not in known:
            reading.refuse(path, f'there is no {what[2:]} "{name}"', nearest(name, known, what))
            continue
        values = reading.section(section, "desk_clock", path)
        if values is not None:
            escalate = values["escalate"]
            clocks[name] = Clock(
                values["respond_s"], values["severity"], None if escalate is None else tuple(escalate)
            )
    return clocks
