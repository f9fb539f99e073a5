"""A message with what a person put into it after it was routed."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from crossdock.journal.contract import Journal
from crossdock.mapping.override import on_document
from crossdock.message.records import Message
from crossdock.model import register


def fields_of(document: str) -> Container[str]:
    """The fields that a kind of document has."""
    kind = register.kinds().get(document)
    return kind.model_fields if kind is not None else ()


def mended(journal: Journal, message: Message, now_ms: int) -> dict[str, Any]:
    """The tree that is rendered: a refused sending goes again with the values that a person mended."""
    if not journal.has_overrides:
        return message.tree
    overrides = list(journal.overrides(message.system, message.document, message.their_id, now_ms))
    return on_document(message.tree, overrides, body=None, fields=fields_of(message.document))
