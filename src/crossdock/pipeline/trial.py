"""A trial of a person's value: what it would change of what goes on, before anything is tried again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from crossdock.faults import Fault, Invalid
from crossdock.kit.connector import Ask, Content, Job
from crossdock.mapping.override import Overrides, apply, leaves, on_body, on_document, resolves, steps_of
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Message, Transmission
from crossdock.pipeline.bound import Context
from crossdock.pipeline.mended import fields_of, mended

#: Members that are tried; a value that does nothing for these is refused for all.
TRIED_MAX = 20
_NAMED_MAX = 8  #: fields that a refusal names
#: What came of a trial: a tree, a request, or the fault that stood in the way.
Result = Any


class Trial:
    """Tries values on documents without sending or storing anything."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._journal = context.journal
        self.systems = frozenset(context.systems)  #: the systems of the charter

    def check(self, members: Iterable[tuple[MemberKind, int]], path: str, value: Any) -> None:
        """Raises Invalid when a value at a path does nothing for any of the members, or does harm."""
        refusal: Invalid | None = None
        for kind, id_ in members:
            refusal = self._refusal(kind, id_, path, value)
            if refusal is None:
                return
        if refusal is not None:
            raise refusal

    def _refusal(self, kind: MemberKind, id_: int, path: str, value: Any) -> Invalid | None:
        new = ((path, value),)
        match kind:
            case MemberKind.CAPTURE:
                capture = self._journal.capture(id_)
                return None if capture is None else self._of_capture(capture, new)
            case MemberKind.MESSAGE:
                message = self._journal.message(id_)
                return None if message is None else self._of_message(message, new)
            case _:
                t = self._journal.transmission(id_)
                message = self._journal.message(t.message) if t else None
                return None if t is None or message is None else self._of_transmission(t, message, new)

    # -- each kind of member ---------------------------------------------------

    def _of_capture(self, capture: Capture, new: Overrides) -> Invalid | None:
        before, after = self._drafted(capture, ()), self._drafted(capture, new)
        body = self._body(capture)
        if body is None or before != after or _differs(body, new):
            return None
        return _no_effect(new, [body], capture.document, {})

    def _of_message(self, message: Message, new: Overrides) -> Invalid | None:
        before, after = _tried(lambda: message.tree), _tried(lambda: mended(self._context, message, more=new))
        body = self._body(self._journal.capture(message.capture))
        if before != after or (isinstance(after, _Failed) and _differs(body, new)):
            return None
        return _no_effect(new, [body, message.tree], message.document, {})

    def _of_transmission(self, t: Transmission, message: Message, new: Overrides) -> Invalid | None:
        before, after = self._rendered(t, message, ()), self._rendered(t, message, new)
        body = self._body(self._journal.capture(message.capture))
        known = _known(new[0][0], [body, message.tree], message.document)
        if before != after and (known or not isinstance(after, _Failed)):
            if isinstance(after, _Failed) and not isinstance(before, _Failed):
                return after.as_refusal()
            return None
        return _no_effect(new, [body, message.tree], message.document, _theirs(before))

    # -- what becomes of it ------------------------------------------------------

    def _drafted(self, capture: Capture, new: Overrides) -> Result:
        def read() -> Result:
            reader = self._context.systems[capture.system].readers[capture.document]
            self._context.time.at_ms = capture.at_ms
            content = Content(capture.body or b"", capture.content_type)
            came = reader.facts(content).parsed
            overrides = [*self._kept(capture), *new]
            content = Content(content.body, content.content_type, parsed=on_body(came, overrides))
            return [
                on_document(d.tree, overrides, body=came, fields=fields_of(d.document))
                for d in reader.read(content)
            ]

        return _tried(read)

    def _kept(self, capture: Capture) -> Overrides:
        now_ms = self._context.clock.now_ms()
        return self._journal.overrides(capture.system, capture.document, capture.their_id, now_ms)

    def _rendered(self, t: Transmission, message: Message, new: Overrides) -> Result:
        """The first request as it is or would be; where that only asks, the tree that it is made of."""

        def render() -> Result:
            again = t.round > 1 or new
            tree = mended(self._context, message, more=new) if again else message.tree
            self._context.time.at_ms = t.first_ms or self._context.clock.now_ms()
            root = self._journal.root_of(t.root, t.target) if t.root != t.hub else None
            job = Job(
                t.document, tree, t.number, t.idempotency_key, self._journal.their_id(t.hub, t.target),
                {root[0]: root[1]} if root else {},
            )  # fmt: skip
            step = self._context.systems[t.target].writers[t.document].step(job, ())
            return step if isinstance(step, Ask) and not step.safe else tree

        return _tried(render)

    def _body(self, capture: Capture | None) -> Any:
        """The sender's body as a tree; None when it cannot be read as one."""
        bound = self._context.systems.get(capture.system) if capture else None
        reader = bound.readers.get(capture.document) if bound and capture else None
        if capture is None or reader is None or capture.body is None:
            return None
        try:
            return reader.facts(Content(capture.body, capture.content_type)).parsed
        except Fault:
            return None


class _Failed:
    """A fault that can be compared."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Failed) and self._key() == other._key()

    __hash__ = None  # type: ignore[assignment]  # compared only

    def _key(self) -> tuple[str, ...]:
        fault = self.fault
        return type(fault).__name__, fault.says, fault.path, repr(fault.value)

    def as_refusal(self) -> Invalid:
        """The fault as the answer to the act that would cause it."""
        fault = self.fault
        return Invalid(fault.says, path=fault.path, value=fault.value, fix=fault.fix)


def _tried(make: Any) -> Result:
    try:
        return make()
    except Fault as fault:
        return _Failed(fault)
    except KeyError as gone:  # a flow that the charter has no more
        return _Failed(Invalid(f"the charter has no {gone} any more"))


def _differs(body: Any, new: Overrides) -> bool:
    path, value = new[0]
    return resolves(body, path) and apply(body, path, value) != body


def _known(path: str, trees: Sequence[Any], document: str) -> bool:
    """Whether something stands there, or is a field of the document that was left out."""
    first, *rest = steps_of(path)
    return any(resolves(tree, path) for tree in trees) or (not rest and str(first) in fields_of(document))


def _theirs(result: Result) -> dict[str, Any]:
    """The values of the target's own document by path, as far as they are known."""
    if isinstance(result, _Failed):
        return {result.fault.path: result.fault.value} if result.fault.path else {}
    if not isinstance(result, Ask):
        return {}
    try:
        return dict(leaves(json.loads(result.body)))
    except ValueError:
        return {}


def _no_effect(new: Overrides, trees: Sequence[Any], document: str, theirs: dict[str, Any]) -> Invalid:
    """Why a value does nothing, with the path that was perhaps meant."""
    path, value = new[0]
    if _known(path, trees, document):
        return Invalid(
            "this changes nothing of what is sent", path=path, value=value,
            fix="give another value, or the field that is sent: " + _some(_paths(trees[-1:])),
        )  # fmt: skip
    if path in theirs:
        ours = list(copies(trees[-1], theirs[path]))
        names = _some(ours) if ours else "one of " + _some(_paths(trees[-1:]))
        says = f"{path} is a word of the target's document, which is made anew from ours"
        return Invalid(says, path=path, fix=f"give our field: {names}")
    known = list(dict.fromkeys(_paths(trees)))
    near = get_close_matches(path, known, 1, 0.5)
    fix = f"did you mean {near[0]}?" if near else f"it has {_some(known)}"
    return Invalid(f"there is no {path} in this document", path=path, fix=fix)


def copies(tree: Any, value: object) -> Iterator[str]:
    """The paths of a document where exactly this value stands."""
    wanted = str(value)
    return (path for path, one in leaves(tree) if one is not None and str(one) == wanted)


def _paths(trees: Sequence[Any]) -> list[str]:
    return [path for tree in trees for path, _ in leaves(tree)]


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(names[:_NAMED_MAX]) + rest
