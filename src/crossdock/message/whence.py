"""From where the person acts whose request is being carried out."""

from __future__ import annotations

from contextvars import ContextVar

#: The address that an act came from, for the ledger; empty where nobody knows, as on the machine itself.
WHENCE: ContextVar[str] = ContextVar("whence", default="")
