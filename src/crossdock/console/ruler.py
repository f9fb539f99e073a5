"""The next twelve months as a ruler, drawn by the server: how far each certificate reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

_WIDTH, _HEIGHT, _MONTHS = 360, 18, 12
_MONTH_DAYS = 365 / _MONTHS
_NAME_WIDTH = 26


@dataclass(frozen=True, slots=True)
class Year:
    """A year from now on the clock of the site."""

    now: datetime

    def head(self) -> Markup:
        """The names of the months above the bars."""
        parts: list[Markup] = []
        for month in range(_MONTHS):
            at = (self.now.month - 1 + month) % 12
            if month + 1 < _MONTHS and self._first(month + 1) - self._first(month) < _NAME_WIDTH:
                continue
            name = datetime(2000, at + 1, 1).strftime("%b")  # noqa: DTZ001 - only its name is wanted
            parts.append(
                Markup('<text class="t13" x="{}" y="14">{}</text>').format(self._first(month) + 2, name)
            )
        return self._drawn(parts)

    def bar(self, day: Any) -> Markup:
        """From now, or from when it begins, to its end; what has ended is a mark at the left."""
        begin = self._at(max(day.not_before, self.now))
        end = self._at(day.not_after)
        look = "ended" if day.days_left < 0 else "soon" if day.standing.value == "soon" else ""
        width = max(min(end, _WIDTH) - begin, 4)
        ticks = [
            Markup('<line class="tick" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(
                self._first(month), _HEIGHT
            )
            for month in range(_MONTHS)
        ]
        span = Markup('<rect class="span {}" x="{}" y="6" width="{}" height="6" rx="2"/>').format(
            look, round(min(begin, _WIDTH - 4), 1), round(width, 1)
        )
        return self._drawn([*ticks, span])

    def _first(self, month: int) -> float:
        """Where a month begins; the one that runs begins at the left."""
        days = month * _MONTH_DAYS - (self.now.day - 1 if month else 0)
        return round(max(days, 0) / 365 * _WIDTH, 1)

    def _at(self, moment: datetime) -> float:
        return max((moment - self.now).total_seconds() / 86_400 / 365 * _WIDTH, 0)

    @staticmethod
    def _drawn(parts: list[Markup]) -> Markup:
        return Markup('<svg viewBox="0 0 {} {}" aria-hidden="true">{}</svg>').format(
            _WIDTH, _HEIGHT, Markup("").join(parts)
        )
