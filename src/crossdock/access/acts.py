"""What may be done to an account, read from what somebody sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from crossdock.access.people import People, Person
from crossdock.access.roles import Actor, role_of
from crossdock.faults import Invalid
from crossdock.message.four_eyes import Kind
from crossdock.message.names import moment

NAMES = ("add", "role", "disable", "enable", "reset")
#: What each act takes.
_TAKES: Mapping[str, tuple[str, ...]] = {
    "add": ("role", "shown", "systems", "sites"),
    "role": ("role", "systems", "sites"),
    "disable": (),
    "enable": (),
    "reset": (),
}
#: Nobody is asked before somebody is locked out.
_ALONE = frozenset({"disable"})


async def do(people: People, name: str, act: str, body: Any, by: Actor) -> dict[str, Any]:
    """Carries out one act; gives the account as it is then, and a one-time password where one was made.

    Raises Asked, Invalid, StoreDown.
    """
    given = _given(act, body)
    if act not in _ALONE and await people.all():  # who makes the first account has nobody to ask
        says = f"{act} the account {name[:100]}"
        await people.eyes.must_agree(Kind.PEOPLE, f"people/{act}", name, body, who=by.name, says=lambda: says)
    password: str | None = None
    match act:
        case "add":
            role = role_of(_text(given, "role") or "")
            password = await people.add(
                name, role, by, shown=_text(given, "shown") or "", systems=_names(given, "systems") or (),
                sites=_names(given, "sites") or (),
            )  # fmt: skip
        case "role":
            systems, sites = _names(given, "systems"), _names(given, "sites")
            await people.set_role(name, by, role=_text(given, "role"), systems=systems, sites=sites)
        case "disable":
            await people.disable(name, by)
        case "enable":
            await people.enable(name, by)
        case _:
            password = await people.reset(name, by)
    tree = shown(await people.named(name))
    return tree if password is None else {**tree, "password": password}


def shown(person: Person) -> dict[str, Any]:
    """An account as answers show it: nothing that opens anything."""
    row = person.row
    return {
        "name": row.name,
        "shown": row.shown,
        "role": row.role,
        "systems": json.loads(row.systems),
        "sites": json.loads(row.sites),
        "disabled_at": moment(row.disabled_ms) if row.disabled_ms is not None else None,
        "authenticator": row.totp is not None,
        "one_time_password": bool(row.renew),
        "since": moment(row.made_ms),
    }


def _given(act: str, body: Any) -> Mapping[str, Any]:
    if act not in NAMES:
        raise Invalid(f"there is no act {act[:40]}", path="act", fix=f"one of: {', '.join(NAMES)}")
    if not isinstance(body, Mapping):
        raise Invalid("an act is a JSON object", fix='send {"role": "operator"}')
    given = cast("Mapping[str, Any]", body)
    for name in given:
        if name not in _TAKES[act]:
            known = ", ".join(_TAKES[act]) or "nothing"
            raise Invalid(
                f"{name[:40]} means nothing here", path=name[:40], fix=f"what may be given: {known}"
            )
    return given


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 200 or "\x00" in value:
        raise Invalid(f"{name} is a text of at most 200 characters", path=name, fix=f"give {name}")
    return value


def _names(given: Mapping[str, Any], name: str) -> list[str] | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise Invalid(f"{name} is a list of names", path=name, fix='write ["shop"]; [] means all')
    names = [str(one).strip() for one in cast("list[Any]", value)]
    if not all(0 < len(one) <= 63 and "\x00" not in one for one in names):
        raise Invalid(f"{name} is a list of names", path=name, fix='write ["shop"]; [] means all')
    return names
