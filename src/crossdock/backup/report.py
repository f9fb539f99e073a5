"""What a restore tells: what is in doubt and how it is settled, who is asked again, and who must send again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.backup.archive import Manifest
from crossdock.charter.charter import Charter, OnUnclear, System
from crossdock.message.names import moment

_WAYS = {
    OnUnclear.RESEND: "sent again under the same key, which it knows",
    OnUnclear.FIND: "asked for one by one",
    OnUnclear.PERSON: "put on the desk: a person looks",
}


@dataclass(frozen=True, slots=True)
class Open:
    """What was open at one target when the backup was taken."""

    target: str
    count: int
    system: System | None

    @property
    def ways(self) -> list[str]:
        """How it is settled, as the flows say."""
        flows = self.system.flows_out if self.system else ()
        return sorted({_WAYS[flow.on_unclear] for flow in flows}) or ["not in the charter any more"]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a restore could not bring back by itself."""

    manifest: Manifest
    restored_ms: int
    charter: Charter
    systems: Sequence[str]
    opened: Sequence[Open]
    waiting: int  #: captures and messages that had not been decided
    cursors: Mapping[tuple[str, str], str | None]
    differing: Sequence[str]  #: files of the site that are not those of the backup
    closed: Sequence[str] = ()  #: what people had paused or drained when the backup was taken, in words

    def polled(self, system: str) -> bool:
        """Whether the hub itself asks a system again for all that it hands in."""
        found = self.charter.systems.get(system)
        return found is not None and all((system, f.document) in self._asked for f in found.flows_in)

    @property
    def _asked(self) -> set[tuple[str, str]]:
        return {place for place, cursor in self.cursors.items() if cursor is not None}

    def tree(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "backup_at": moment(self.manifest.made_ms),
            "restored_at": moment(self.restored_ms),
            "position": self.manifest.position,
            "in_doubt": [
                {"target": o.target, "transmissions": o.count, "settled": o.ways} for o in self.opened
            ],
            "waiting": self.waiting,
            "asked_again": [
                {"system": system, "document": document, "from": self.cursors[system, document]}
                for system, document in sorted(self._asked)
            ],
            "must_send_again": [name for name in self.systems if not self.polled(name)],
            "closed": list(self.closed),
            "site_files_that_differ": list(self.differing),
        }

    def lines(self, spoken: str) -> list[str]:
        """The report for people; `spoken` is what a command needs to find the site."""
        since = moment(self.manifest.made_ms)
        lines = [f"restored as it was at {since}, up to entry {self.manifest.position}; the ledger is whole"]
        if self.differing:
            lines.append(
                f"these files of the site are not those of the backup, and stay: {', '.join(self.differing)}"
            )
        lines.append("")
        lines += [f"{o.target}: {o.count} may have been sent since; {'; '.join(o.ways)}" for o in self.opened]
        if self.waiting:
            lines.append(
                f"{self.waiting} documents had not been decided; their targets are asked before anything is sent"
            )
        for system, document in sorted(self._asked):
            lines.append(f"{system}: asked again for every {document} since the backup")
        for way in self.closed:
            lines.append(f"{way}: it was so when the backup was taken, and is so now")
        if self.closed:
            lines.append("once the hub runs, this opens one again:")
            lines.append(f"    crossdock resume SYSTEM{spoken}")
        lines.append("")
        lines.append("now start the hub; how far it is:")
        lines.append(f"    crossdock restored show{spoken}")
        for name in self.systems:
            if not self.polled(name):
                lines.append(f"then ask {name} to send again what it sent since {since}; once it has, say")
                lines.append(f"    crossdock restored end {name}{spoken}")
        return lines
