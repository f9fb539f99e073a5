"""What a scenario has to say at its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.harness.verdict import Verdict, table


@dataclass(slots=True)
class Outcome:
    """Figures to show, the verdict, and whatever else went against the contract."""

    title: str
    rows: list[tuple[str, object]] = field(default_factory=list)
    verdict: Verdict | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def findings(self) -> dict[str, list[str]]:
        """All that is wrong, by kind; empty for a good run."""
        found = {} if self.verdict is None else self.verdict.findings()
        return {**found, **({"problems": self.problems} if self.problems else {})}

    def shown(self) -> str:
        """The table for people."""
        judged: list[tuple[str, object]] = [] if self.verdict is None else [*self.verdict.rows()]
        problems: list[tuple[str, object]] = [("problem", said) for said in self.problems[:40]]
        return table(self.title, [*self.rows, *judged, *problems, ("good", not self.findings)])
