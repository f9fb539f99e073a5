"""Dates and times of EDI as people write them."""

from __future__ import annotations

import datetime
import re


def day(text: str) -> str | None:
    """CCYYMMDD or YYMMDD as 2025-03-09; None for anything else, a day that no calendar has among it."""
    match = re.fullmatch(r"(\d\d|\d{4})(\d\d)(\d\d)", text)
    if match is None:
        return None
    year, month, date = match.groups()
    try:
        return datetime.date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(date)).isoformat()
    except ValueError:
        return None


def clock(text: str) -> str | None:
    """HHMM or HHMMSS as 14:05 or 14:05:30; None for anything else."""
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d)?\d{0,2}", text)
    return ":".join(part for part in match.groups() if part) if match else None


def moment(date: str, time: str) -> str:
    """Date and time together; what cannot be read stays as it is."""
    return " ".join(part for part in (day(date) or date, clock(time) or time) if part)
