"""The day at the company, by which the ERP dates what it is told: for some hours of each night not the machine's."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

ZONE = "Europe/Amsterdam"


def today() -> dt.date:
    """The company's."""
    return dt.datetime.now(ZoneInfo(ZONE)).date()
