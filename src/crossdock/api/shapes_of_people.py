"""The shapes of answers about accounts, for the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field


class PersonItem(BaseModel):
    """Somebody who may sign in to the console."""

    name: str
    shown: str
    role: str = Field(description="viewer, operator, integrator, approver or admin.")
    systems: list[str] = Field(description="What they see and act on; empty: every system.")
    sites: list[str] = Field(description="Where they may sign in; empty: everywhere.")
    disabled_at: str | None
    authenticator: bool
    one_time_password: bool = Field(description="True until they have chosen their own.")
    since: str
    password: str | None = Field(None, description="The one-time password, only in the answer that made it.")


class People(BaseModel):
    """Everybody who may sign in to the console, by name."""

    people: list[PersonItem]


class KeysKept(BaseModel):
    """What became of keys that a command sent."""

    kept: int = Field(description="How many stand now as they were sent.")
