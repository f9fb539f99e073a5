"""The ASN.1 structures of CMS (RFC 5652), from a library that declares no types."""

from __future__ import annotations

from typing import Any

from asn1crypto import algos as _algos  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import cms as _cms  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import core as _core  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import x509 as _x509  # pyright: ignore[reportMissingTypeStubs]

from crossdock.transport.as2.problem import Problem, Refused

algos: Any = _algos
cms: Any = _cms
core: Any = _core
x509: Any = _x509

#: What the library raises for bytes that are not what they claim to be.
BROKEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


def content_info(der: bytes, problem: Problem) -> tuple[str, Any]:
    """The kind of a CMS structure (`signed_data`) and the structure itself. Raises Refused with the problem given."""
    try:
        found = cms.ContentInfo.load(der)
        kind, content = found["content_type"].native, found["content"]
    except BROKEN:
        raise Refused(problem, "this is no CMS structure") from None
    if not isinstance(kind, str) or isinstance(content, core.Void):
        raise Refused(problem, "this is no CMS structure with a content")
    return kind, content
