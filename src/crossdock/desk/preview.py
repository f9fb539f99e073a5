"""The effect of an act on many incidents before it is done: what would pass, what would go where, what would not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any

from crossdock.desk.act import Act, AddRow, Mend, Resolve, Retry, read
from crossdock.desk.effect import Effect, Effects
from crossdock.desk.moves import SAME_ROUND
from crossdock.faults import Invalid
from crossdock.journal.sql import desk_list, incidents
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.site import SiteJournal
from crossdock.mapping.overlay import Row
from crossdock.message.incident import Incident, IncidentState, MemberKind
from crossdock.message.names import INCIDENT, id_of, name_of

#: Incidents of one act, members that are tried for its preview, and those that are shown with all there is.
INCIDENTS_MAX = 1_000
TRIED_MAX = 2_000
SHOWN_MAX = 50
#: Members tried before others have their turn.
_SLICE = 10
_NEVER = frozenset({"in_doubt", "duplicate_conflict"})
Trying = Callable[[Row | None], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which incidents an act is for: named one by one, or by what they have in common."""

    ids: tuple[int, ...] = ()
    type: str | None = None
    system: str | None = None
    owner: str | None = None
    systems: tuple[str, ...] | None = None  #: what the person may see; None: everything

    def of(self, connection: Connection) -> list[int]:
        """The open incidents meant, those whose clock ends first at the top."""
        if self.ids:
            return [one for one in self.ids if desk_list.is_seen(connection, one, self.systems)]
        wanted = desk_list.Wanted(type=self.type, system=self.system, owner=self.owner, systems=self.systems)
        listed, _ = desk_list.page(connection, wanted, INCIDENTS_MAX)
        return [id_of(INCIDENT, one.id) or 0 for one in listed]


def selection(body: Mapping[str, Any], systems: tuple[str, ...] | None = None) -> Selection:
    """The incidents that a request means. Raises Invalid."""
    names = body.get("incidents")
    if names is not None:
        if not isinstance(names, list) or not 1 <= len(names) <= INCIDENTS_MAX:  # pyright: ignore[reportUnknownArgumentType]
            raise Invalid(
                f"incidents is a list of 1 to {INCIDENTS_MAX} ids",
                path="incidents",
                fix='write ["i10", "i11"]',
            )
        ids = tuple(id_of(INCIDENT, str(name)) or 0 for name in names)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        if not all(ids):
            raise Invalid("one of the ids is none of an incident", path="incidents", fix="write i10, i11")
        return Selection(ids=tuple(dict.fromkeys(ids)), systems=systems)
    type_, system, owner = (
        str(body[name]) if body.get(name) else None for name in ("type", "system", "owner")
    )
    if not (type_ or system or owner):
        raise Invalid(
            "which incidents is not said", path="incidents",
            fix='write {"incidents": ["i10"]}, or type, system and owner of those that are meant',
        )  # fmt: skip
    return Selection((), type_, system, owner, systems)


def act_of(name: str, body: Any) -> Act:
    """The act on many, read as that on one. Raises Invalid."""
    if name not in ("retry", "fix", "resolve"):
        raise Invalid(
            f"{name} is no act on many incidents", path="act", value=name, fix="one of: retry, fix, resolve"
        )
    return read(name, body, type_="")


@dataclass(slots=True)
class Summary:
    """What would become of everything that some incidents hold."""

    incidents: list[str] = field(default_factory=list[str])
    members: int = 0
    ending: int = 0  #: members of what is not left out
    tried: int = 0
    passes: int = 0
    fails: int = 0
    targets: Counter[str] = field(default_factory=Counter[str])
    again: Counter[str] = field(default_factory=Counter[str])  #: of those, under a key that the target knows
    reasons: Counter[str] = field(default_factory=Counter[str])
    left_out: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    items: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, effect: Effect, incident: str) -> None:
        """Counts one document in."""
        self.passes += effect.passes
        self.fails += not effect.passes
        if not effect.passes:
            self.reasons[effect.says] += 1
        for sending in effect.sendings:
            self.targets[sending.target] += 1
            self.again[sending.target] += sending.key == "same"
        if len(self.items) < SHOWN_MAX or (not effect.passes and len(self.items) < 2 * SHOWN_MAX):
            self.items.append({"incident": incident, **asdict(effect)})

    def tree(self, act: str) -> dict[str, Any]:
        """As every answer shows it."""
        return {
            "act": act, "incidents": self.incidents, "members": self.members, "tried": self.tried,
            "would_pass": self.passes, "would_fail": self.fails, "targets": dict(self.targets),
            "known_keys": {name: count for name, count in self.again.items() if count},
            "reasons": [{"says": says, "count": count} for says, count in self.reasons.most_common(20)],
            "left_out": self.left_out, "items": self.items, "says": self._says(),
        }  # fmt: skip

    def _says(self) -> str:
        """The effect in one sentence."""
        if self.left_out and not self.incidents:
            return f"Nothing would change: {self.left_out[0]['says']}."
        if not self.members:
            return "Nothing in it waits any more: it only ends."
        if not self.tried:
            return f"{_documents(self.ending)} would end here."
        where = " and ".join(f"{count} to {target}" for target, count in self.targets.most_common())
        would = f"{_documents(self.passes)} would pass" + (f": {where}" if where else "")
        worst = self.reasons.most_common(1)[0][0] if self.fails else ""
        stay = f"{_documents(self.fails)} would come back: {worst}" if self.fails else ""
        more = f"{self.ending - self.tried} more were not tried" if self.ending > self.tried else ""
        return "; ".join(part for part in (would if self.passes else "", stay, more) if part) + "."


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"


class Preview:
    """Foretells acts on incidents."""

    def __init__(self, journal: SiteJournal, effects: Effects, trying: Trying) -> None:
        self._journal = journal
        self._effects = effects
        self._trying = trying

    async def of(self, wanted: Selection, name: str, body: Any) -> dict[str, Any]:
        """What an act would do to the incidents of a selection. Raises Invalid."""
        act, summary = act_of(name, body), Summary()
        found = await self._journal.view(lambda c: self._members(c, wanted))
        for incident, members, count in found:
            shown = name_of(INCIDENT, incident.id) or ""
            summary.members += count
            why_not = refusal(incident, act)
            if why_not:
                summary.left_out.append({"incident": shown, "says": why_not})
                continue
            summary.incidents.append(shown)
            summary.ending += count
            if not isinstance(act, Resolve):
                await self._try(incident, members[: TRIED_MAX - summary.tried], act, summary)
        return summary.tree(name)

    @staticmethod
    def _members(
        connection: Connection, wanted: Selection
    ) -> list[tuple[Incident, Sequence[tuple[MemberKind, int]], int]]:
        found: list[tuple[Incident, Sequence[tuple[MemberKind, int]], int]] = []
        room = TRIED_MAX
        for id_ in wanted.of(connection):
            incident = incidents.record(connection, id_)
            if incident is None:
                continue
            members = incidents.held(connection, id_, max(room, 1))
            count = len(members)
            if count >= room:
                row = connection.execute("SELECT count(*) FROM held WHERE incident = ?", (id_,)).fetchone()
                count = int(row[0])
            room = max(room - len(members), 0)
            found.append((incident, members, count))
        return found

    async def _try(
        self, incident: Incident, members: Sequence[tuple[MemberKind, int]], act: Act, summary: Summary
    ) -> None:
        new = ((act.path, act.value),) if isinstance(act, Mend) else ()
        row = (act.crosswalk, act.system, act.theirs, act.ours) if isinstance(act, AddRow) else None
        same = incident.type in SAME_ROUND
        shown = name_of(INCIDENT, incident.id) or ""
        for at in range(0, len(members), _SLICE):
            with self._trying(row):
                for kind, id_ in members[at : at + _SLICE]:
                    deep = len(summary.items) < SHOWN_MAX
                    for effect in self._effects.of(kind, id_, new, same_round=same, deep=deep):
                        summary.add(effect, shown)
                    summary.tried += 1
            await asyncio.sleep(0)


def refusal(incident: Incident, act: Act) -> str:
    """Why an act makes no sense for an incident; "" when it does."""
    if incident.state is IncidentState.RESOLVED:
        return "it is ended already"
    if isinstance(act, Retry | Mend | AddRow) and incident.type in _NEVER:
        return f"{incident.type} is not ended by another try: somebody has to look"
    if isinstance(act, Resolve) and incident.type == "in_doubt":
        return (
            "each doubt is looked at by itself: look in the target, then resolve it alone, with its outcome"
        )
    if incident.type == "mass_change":
        return "what a brake holds is let pass one by one"
    return ""
