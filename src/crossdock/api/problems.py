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

#: Where it is, and what to do about it, for a refusal of the caller that does not say so more exactly.
USUAL: dict[int, tuple[str, str]] = {
    400: ("body", "send one JSON object in UTF-8"),
    401: ("Authorization", "send Authorization: Bearer KEY; see crossdock keys create"),
    403: ("Authorization", "use a key that may; see crossdock keys create"),
    404: ("address", "GET /openapi.json lists what there is"),
    405: ("method", "GET /openapi.json lists the methods of each address"),
    408: ("body", "send it again"),
    409: ("body", "read it again; somebody else was faster"),
    413: ("body", "send less at once"),
    415: ("Content-Type", "send application/json"),
    422: ("body", "GET /openapi.json says what may be given"),
    429: ("address", "send it again later"),
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
    """The bytes of one problem document; what the caller did wrong always says where, and what to do."""
    usual_path, usual_fix = USUAL.get(status, (None, None))
    path, fix = path or usual_path, fix or usual_fix
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
