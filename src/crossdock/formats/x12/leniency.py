"""The leniency of a reading: what is forgiven and told once, and what strict reading refuses."""

from __future__ import annotations

from crossdock.faults import Invalid
from crossdock.formats.edi.finding import Finding, Severity


class Leniency:
    """What was forgiven since somebody last took it; strict reading raises Invalid in its place."""

    def __init__(self, *, lenient: bool) -> None:
        self.lenient = lenient
        self._found: list[Finding] = []
        self._said: set[str] = set()

    def begin(self) -> None:
        """Tell everything anew: another interchange begins."""
        self._said.clear()

    def take(self) -> list[Finding]:
        """What was found since the last time."""
        found, self._found = self._found, []
        return found

    def forgive(self, code: str, says: str, fix: str, *, position: int, interchange: str | None) -> None:
        """Note once in an interchange what strict reading refuses; `position` is that of the segment in the file."""
        if code in self._said:
            return
        if not self.lenient:
            raise Invalid(says, path=f"segment {position} of the file", fix=fix)
        self._said.add(code)
        self.tell(code, says, fix, position=position, interchange=interchange)

    def tell(
        self,
        code: str,
        says: str,
        fix: str,
        *,
        position: int,
        interchange: str | None,
        severity: Severity = "forgiven",
    ) -> None:
        """Note a finding."""
        self._found.append(
            Finding(code, says, fix, severity=severity, interchange=interchange, position=position)
        )
