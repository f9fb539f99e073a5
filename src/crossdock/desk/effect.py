"""What would become of one member of an incident if it were tried again now: nothing is stored, nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from crossdock.faults import Fault
from crossdock.kit.connector import Ask, Content, Draft, Job
from crossdock.kit.excerpt import redacted
from crossdock.mapping.override import Overrides, leaves, on_body, on_document
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Message, Transmission
from crossdock.model import register
from crossdock.pipeline import check
from crossdock.pipeline.bound import Context
from crossdock.pipeline.goods import goods
from crossdock.pipeline.kit_parts import KitParts
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.mended import fields_of, mended
from crossdock.pipeline.particulars import particulars

CHANGES_MAX = 20  #: differences of one document that are shown
_VALUE_CHARS_MAX = 80
_BODY_CHARS_MAX = 4_000


@dataclass(frozen=True, slots=True)
class Sending:
    """What one target would get; `changes` against what it got, or was to get, before."""

    target: str
    request: str
    body: str
    key: str  #: "same" | "new": whether the target knows the key
    changes: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class Effect:
    """What would become of one member; `says` is why not, where it does not pass."""

    member: str
    document: str = ""
    number: str = ""
    passes: bool = True
    says: str = ""
    type: str = ""
    changes: Sequence[Mapping[str, Any]] = ()  #: of our document, against what we have of it
    sendings: list[Sending] = field(default_factory=list[Sending])


class Effects:
    """Foretells effects from the charter, the mappings and what is known now."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._journal = context.journal
        self._known = Knowledge(context.journal)

    def of(self, kind: MemberKind, id_: int, new: Overrides, *, same_round: bool, deep: bool) -> list[Effect]:
        """One effect for each document of a member; `deep` also tells what each target would get."""
        match kind:
            case MemberKind.CAPTURE:
                capture = self._journal.capture(id_)
                return [] if capture is None else self._of_capture(capture, new, deep=deep)
            case MemberKind.MESSAGE:
                message = self._journal.message(id_)
                return [] if message is None else [self._of_message(message, new, deep=deep)]
            case _:
                t = self._journal.transmission(id_)
                message = self._journal.message(t.message) if t is not None else None
                if t is None or message is None:
                    return []
                is_follower = kind is MemberKind.FOLLOWER
                return [self._of_sending(t, message, new, same=same_round or is_follower, deep=deep)]

    # -- each kind of member ---------------------------------------------------------

    def _of_capture(self, capture: Capture, new: Overrides, *, deep: bool) -> list[Effect]:
        whole = Effect(f"c{capture.id}", capture.document, capture.their_id)
        try:
            drafts = self._drafts(capture, new)
        except Fault as fault:
            return [_stopped(whole, fault)]
        except KeyError:
            whole.passes, whole.says = False, "the charter has no such flow any more"
            return [whole]
        return [self._of_draft(capture, draft, deep=deep) for draft in drafts]

    def _drafts(self, capture: Capture, new: Overrides) -> list[Draft]:
        reader = self._context.systems[capture.system].readers[capture.document]
        self._context.time.at_ms = capture.at_ms
        now_ms = self._context.clock.now_ms()
        kept = self._journal.overrides(capture.system, capture.document, capture.their_id, now_ms)
        overrides = [*kept, *new]
        content = Content(capture.body or b"", capture.content_type)
        if not overrides:
            return list(reader.read(content))
        came = reader.facts(content).parsed
        content = Content(content.body, content.content_type, parsed=on_body(came, overrides))
        return [
            replace(d, tree=on_document(d.tree, overrides, body=came, fields=fields_of(d.document)))
            for d in reader.read(content)
        ]

    def _of_draft(self, capture: Capture, draft: Draft, *, deep: bool) -> Effect:
        effect = Effect(f"c{capture.id}", draft.document, str(draft.tree.get("number") or draft.their_id))
        try:
            if draft.wrong is not None:
                raise draft.wrong
            known = self._known.by_id(capture.system, draft.document, draft.their_id)
            hub = known.hub if known else 0
            message = Message(
                0, capture.id, capture.system, draft.document, draft.their_id, effect.number, hub, hub, "",
                capture.version, draft.tree,
            )  # fmt: skip
            self._judge(message, draft.tree, effect, deep=deep)
        except Fault as found:
            return _stopped(effect, draft.locate(found) if draft.locate is not None else found)
        return effect

    def _of_message(self, message: Message, new: Overrides, *, deep: bool) -> Effect:
        effect = Effect(f"m{message.id}", message.document, message.number)
        try:
            tree = mended(self._context, message, more=new)
            effect.changes = differences(message.tree, tree)
            self._judge(message, tree, effect, deep=deep)
        except Fault as fault:
            return _stopped(effect, fault)
        return effect

    def _judge(self, message: Message, tree: dict[str, Any], effect: Effect, *, deep: bool) -> None:
        """Everything that a document must pass on its way, as far as it can be known. Raises Fault."""
        charter = self._context.charter
        zone = self._context.systems[message.system].system.timezone
        document = register.read(message.document, tree, zone=zone, declares=_judged_with_its_item)
        message = replace(message, tree=register.tree_of(document), number=register.number_of(document))
        effect.number = message.number
        check.items(document, charter, self._known)
        particulars(document, charter.checks)
        news = check.ownership(message, charter, self._known)
        if news:
            goods(message, document, charter, self._known)
        rule = charter.objects.get(message.document)
        for reader in rule.readers if rule is not None and news else ():
            bound = self._context.systems[reader.system]
            if reader.system != message.system and message.document in bound.writers:
                effect.sendings.append(self._sending(message, reader.system, deep=deep))

    def _of_sending(
        self, t: Transmission, message: Message, new: Overrides, *, same: bool, deep: bool
    ) -> Effect:
        effect = Effect(f"t{t.id}", t.document, t.number)
        former = self._journal.body(t.payload) if t.payload is not None else None
        if same and former is not None:
            request = _request(t)
            effect.sendings.append(Sending(t.target, request, _shown_body(former) if deep else "", "same"))
            return effect
        try:
            tree = mended(self._context, message, more=new)
            effect.changes = differences(message.tree, tree)
            sending = self._sending(replace(message, tree=tree), t.target, deep=deep, t=t, former=former)
            effect.sendings.append(replace(sending, key="same" if same else "new"))
        except Fault as fault:
            return _stopped(effect, fault)
        return effect

    def _sending(
        self, message: Message, target: str, *, deep: bool, t: Transmission | None = None, former: bytes | None = None
    ) -> Sending:  # fmt: skip
        """What one target would get. Raises the faults of its writer."""
        journal = self._journal
        self._context.time.at_ms = (t.first_ms if t else 0) or self._context.clock.now_ms()
        theirs = journal.their_id(message.hub, target) if message.hub else None
        root = journal.root_of(message.root, target) if message.root != message.hub else None
        tree = KitParts(journal).apart(self._context.systems[target].system, message.document, message.tree)
        job = Job(
            message.document, tree, message.number, t.idempotency_key if t else "t0.1", theirs,
            {root[0]: root[1]} if root else {},
        )  # fmt: skip
        step = self._context.systems[target].writers[message.document].step(job, ())
        if not isinstance(step, Ask):
            return Sending(target, "it is there already", "", "new")
        says = step.says or f"{step.method} {step.path}"
        changes = differences(_tree(former), _tree(step.body)) if former is not None else ()
        body = _shown_body(step.body) if deep and not step.safe else ""
        return Sending(target, says, body, "new", changes)


def _judged_with_its_item(_sku: str, _unit: str) -> bool:
    """Units are looked at with the item."""
    return True


def _stopped(effect: Effect, fault: Fault) -> Effect:
    effect.passes, effect.says, effect.type = False, fault.says, fault.type
    effect.sendings.clear()
    return effect


def differences(before: Any, after: Any) -> list[dict[str, Any]]:
    """Where two trees differ, by path: the value before and the value after; at most twenty."""
    one, other = (dict(leaves(tree)) if tree is not None else {} for tree in (before, after))
    paths = [p for p in {**one, **other} if p not in one or p not in other or one[p] != other[p]]
    return [
        {"path": path, "before": _shown(one, path), "after": _shown(other, path)}
        for path in paths[:CHANGES_MAX]
    ]


def _shown(values: Mapping[str, Any], path: str) -> str | None:
    if path not in values:
        return None
    value = values[path]
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)
    return redacted(text, _VALUE_CHARS_MAX)


def _tree(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"", parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _shown_body(body: bytes) -> str:
    return body[:_BODY_CHARS_MAX].decode("utf-8", "replace")


def _request(t: Transmission) -> str:
    try:
        method, path, *_ = json.loads(t.request or "[]")
    except ValueError:
        return "word for word"
    return f"{method} {path}"
