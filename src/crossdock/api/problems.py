"""Problem documents: how every refusal of the hub looks on the wire (RFC 9457)."""

from __future__ import annotations

import msgspec

from crossdock.faults import Fault

MEDIA_TYPE = "application/problem+json"

#: One phrase for each status that the hub answers with, so that the same status reads the same everywhere.
TITLES: dict[int, str] = {
    400: "The body cannot be read",
    401: "A key is needed",
    403: "This key may not do that",
    404: "There is no such thing",
    405: "That method is not offered here",
    408: "The request came too slowly",
    409: "It collides with what is already known",
    413: "The body is too large",
    415: "This media type is not taken",
    422: "Something is missing in the body",
    429: "Too much at once",
    500: "A defect of the hub",
    503: "The hub cannot take this now",
}

_encode = msgspec.json.Encoder().encode


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    path: str | None = None,
    fix: str | None = None,
    incident: str | None = None,
) -> bytes:
    """The bytes of one problem document; members that say nothing are left out."""
    document: dict[str, object] = {"title": title, "status": status, "detail": detail}
    if path:
        document["path"] = path
    if fix:
        document["fix"] = fix
    if incident:
        document["incident"] = incident
    return _encode(document)


def problem_of(status: int, fault: Fault, *, incident: str | None = None) -> bytes:
    """The problem document of a fault; never its value, which may be anything the sender wrote."""
    return problem(
        status,
        TITLES.get(status, "It was not possible"),
        fault.says,
        path=fault.path or None,
        fix=fault.fix or None,
        incident=incident,
    )
