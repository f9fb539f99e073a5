"""Keys: by which systems and programs are known, made, rotated and revoked."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from crossdock.api.keybook import MAY_GIVE, OVERLAP_MAX_H, fingerprint
from crossdock.api.keys import Role
from crossdock.console.admin import narrow
from crossdock.console.gate import Visit, not_found
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.faults import Fault, Invalid
from crossdock.journal.sql.keyring import keys_of

#: How long an old key goes on beside the new one, unless another time is chosen; hours.
OVERLAPS_H = (0, 1, 24, 24 * 7, 24 * 30)
_OVERLAP_H = 24


@dataclass(frozen=True, slots=True)
class Once:
    """A key that was made just now: shown on this page, and never again."""

    holder: str
    key: str


async def page(visit: Visit) -> Response:
    """The keys, the ones that are valid first."""
    return await _shown(visit)


async def _shown(visit: Visit, problem: Fault | None = None, once: Once | None = None) -> Response:
    if not visit.scope.everything:
        return narrow(visit)
    found, now_ms = await visit.shown.hub.journal.view(keys_of), visit.shown.now_ms
    gives = MAY_GIVE.get(visit.who.person.role, ())
    rows = [
        {"fingerprint": fingerprint(one), "name": one.name, "role": one.role, "system": one.system or "",
         "at_ms": one.at_ms, "revoked_ms": one.revoked_ms,
         "is_valid": one.revoked_ms is None or one.revoked_ms > now_ms,
         "is_ours": one.role in {role.value for role in gives}}
        for one in found
    ]  # fmt: skip
    if visit.asked("as") == "csv":
        head, clock = ("fingerprint", "name", "role", "system", "made (UTC)", "ends (UTC)"), visit.clock
        return as_csv("keys", head, (
            (one["fingerprint"], one["name"], one["role"], one["system"],
             clock.machine(at.at_ms), clock.machine(at.revoked_ms))
            for one, at in zip(rows, found, strict=True)
        ))  # fmt: skip
    rows.sort(key=lambda one: not one["is_valid"])
    roles = [one.value for one in gives if one is not Role.SYSTEM]
    response = visit.page(
        "keys.html", 200 if problem is None else 422, rows=rows, now_ms=now_ms, problem=problem, once=once,
        picked=visit.asked("key"), done=visit.asked("done"), roles=roles,
        systems=sorted(visit.shown.hub.charter.systems), overlaps=OVERLAPS_H, overlap=_OVERLAP_H,
        given={name: visit.form.get(name, "") for name in ("who", "role", "system")},
        says=say("keys.says", count=len([one for one in rows if one["is_valid"]])),
    )  # fmt: skip
    if once is not None:
        response.headers["cache-control"] = "no-store"
    return response


async def act(visit: Visit) -> Response:
    """Makes a key, or rotates or revokes one."""
    if not visit.scope.everything:
        return narrow(visit)
    book, form = visit.shown.running.keybook, visit.form
    wanted, what = visit.request.path_params.get("key", ""), visit.request.path_params.get("act", "make")
    gives = MAY_GIVE.get(visit.who.person.role, ())
    try:
        match what:
            case "make":
                role = form.get("role") or Role.SYSTEM.value
                name = form.get("system" if role == Role.SYSTEM.value else "who", "")
                once = Once(" ".join(name.split()), await book.make(role, name, visit.by, gives))
            case "rotate":
                once = Once(
                    wanted, await book.rotate(wanted, _hours(form.get("overlap_h", "")), visit.by, gives)
                )
            case "revoke":
                await book.revoke(wanted, visit.by, gives)
                return visit.to("/admin/keys?done=revoke")
            case _:
                return not_found(visit, say("nowhere"))
    except Invalid as problem:
        return await _shown(visit, problem)
    return await _shown(visit, once=once)


def _hours(text: str) -> float:
    """Hours as they were chosen. Raises Invalid."""
    if not text.isdecimal() or len(text) > len(str(OVERLAP_MAX_H)):
        raise Invalid("hours are a whole number", path="overlap_h", value=text[:20], fix="24 is a day")
    return float(text)
