"""A message with what a person put into it after it was routed."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from crossdock.faults import Invalid
from crossdock.journal.contract import Journal
from crossdock.kit.connector import Content
from crossdock.mapping.override import Overrides, on_body, on_document
from crossdock.message.records import Capture, Message
from crossdock.model import register
from crossdock.pipeline.bound import Context


def fields_of(document: str) -> Container[str]:
    """The fields that a kind of document has."""
    kind = register.kinds().get(document)
    return kind.model_fields if kind is not None else ()


def mended(context: Context, message: Message, *, more: Overrides = ()) -> dict[str, Any]:
    """The tree that is rendered: a refused sending goes again with the values that a person mended.

    A value in the sender's words only counts when their body is read anew with it, so that is done.
    `more` are values to try besides those that are kept. Raises the reader's and the model's faults.
    """
    journal = context.journal
    unread = not set(message.tree) - {"number"}  # its reader could not make a document of it then
    if not (journal.has_overrides or more or unread):
        return message.tree
    capture = journal.capture(message.capture)
    overrides = [*_kept(journal, message, capture, context.clock.now_ms()), *more]
    if not (overrides or unread):
        return message.tree
    fields, bound = fields_of(message.document), context.systems.get(message.system)
    reader = bound.readers.get(capture.document) if bound and capture else None
    if bound is None or reader is None or capture is None or capture.body is None:
        return on_document(message.tree, overrides, body=None, fields=fields)
    context.time.at_ms = capture.at_ms
    content = Content(capture.body, capture.content_type)
    came = reader.facts(content).parsed
    anew = reader.read(Content(content.body, content.content_type, parsed=on_body(came, overrides)))
    for draft in anew:
        if draft.document == message.document and message.their_id in (draft.their_id, draft.alias):
            if draft.wrong is not None:
                raise draft.locate(draft.wrong) if draft.locate is not None else draft.wrong
            tree = on_document(draft.tree, overrides, body=came, fields=fields)
            zone = bound.system.timezone
            read = register.read(draft.document, tree, zone=zone, declares=_was_judged)
            return register.tree_of(read)
    if unread and len(anew) > 1:
        raise Invalid(
            f"{message.document} {message.number} makes several documents now, and one of them cannot stand for all",
            fix="let its sender send it again under a new number, then resolve with a reason",
        )
    return on_document(message.tree, overrides, body=None, fields=fields)


def _kept(
    journal: Journal, message: Message, capture: Capture | None, now_ms: int
) -> Iterator[tuple[str, Any]]:
    """What was mended in all that came together, and in this one of several documents."""
    named = capture or message
    yield from journal.overrides(named.system, named.document, named.their_id, now_ms)
    if (named.document, named.their_id) != (message.document, message.their_id):
        yield from journal.overrides(message.system, message.document, message.their_id, now_ms)


def _was_judged(_sku: str, _unit: str) -> bool:
    """Units were looked at when the message was routed."""
    return True
