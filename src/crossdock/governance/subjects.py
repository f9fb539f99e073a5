"""The data of one person: found, exported and erased, with the chain of the ledger whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from crossdock.faults import Invalid
from crossdock.governance.erasing import put
from crossdock.journal.changes import unpacked_tree
from crossdock.journal.sql import erasing
from crossdock.journal.sql.erasing import Found, rows_of
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import FourEyes, Kind, OnePair
from crossdock.model.personal import values_of

#: By what a person is looked for.
BY = ("customer", "order", "email", "phone", "name")
_ROOTS_MAX, _VALUE_MAX = 5_000, 300
#: Parties that a document names by an id.
_PARTIES = ("customer", "supplier")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request is about."""

    by: str
    value: str

    @classmethod
    def read(cls, body: Any) -> tuple[Subject, str]:
        """The subject and the reason in a request. Raises Invalid."""
        if not isinstance(body, Mapping):
            raise Invalid("the body is no object", fix='send {"by": "email", "value": "…", "reason": "…"}')
        given = cast("Mapping[str, Any]", body)
        by, value, reason = given.get("by"), given.get("value"), given.get("reason") or ""
        if by not in BY:
            raise Invalid("say by what the person is looked for", path="by", fix=f"one of: {', '.join(BY)}")
        if not isinstance(value, str) or not 3 <= len(value.strip()) <= _VALUE_MAX or "\x00" in value:
            raise Invalid(f"a value has 3 to {_VALUE_MAX} characters", path="value", fix="give all of it")
        if not isinstance(reason, str) or len(reason) > _VALUE_MAX or "\x00" in reason:
            raise Invalid("a reason is a short text", path="reason", fix="such as the number of the request")
        return cls(by, value.strip()), " ".join(reason.split())

    def is_in(self, kind: str, number: str, tree: Mapping[str, Any]) -> bool:
        """Whether a document is about this person."""
        match self.by:
            case "order":
                return number == self.value
            case "customer":
                own = tree.get("id") if kind == "party" else None
                parties = (cast("Mapping[str, Any]", tree.get(one) or {}).get("id") for one in _PARTIES)
                return self.value in {str(one) for one in (own, *parties) if one is not None}
            case _:
                wanted, end = self.value.casefold(), f".{self.by}"
                return any(
                    text.strip().casefold() == wanted and (path.endswith(end) or path == self.by)
                    for path, text in values_of(kind, tree)
                )


@dataclass(slots=True)
class Held:
    """All that is kept of a person."""

    roots: dict[int, bool] = field(default_factory=dict[int, bool])  #: whether all of it has ended
    documents: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    captures: dict[int, bool] = field(
        default_factory=dict[int, bool]
    )  #: never translated: payload -> has ended

    @property
    def left(self) -> int:
        """How much has not ended and cannot be taken out yet."""
        return sum(not ended for ended in (*self.roots.values(), *self.captures.values()))


class Subjects:
    """Finds, exports and erases. A search reads every document once, in pieces, and stops nobody."""

    def __init__(
        self, journal: SiteJournal, now_ms: Callable[[], int], eyes: FourEyes | None = None,
        note: Callable[[Subject], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """`note` keeps outside of the store what was erased, so that a restored backup can be cleaned again."""
        self._journal = journal
        self._now_ms = now_ms
        self._eyes = eyes or OnePair()
        self._note = note

    async def found(self, subject: Subject) -> dict[str, Any]:
        """What is kept of a person, without a word of it: kinds and numbers, and how much of it has not ended.

        Raises Invalid.
        """
        held = await self._held(subject)
        return {
            "by": subject.by, "untranslated": len(held.captures), "left": held.left,
            "documents": [{"document": one["document"], "number": one["number"]} for one in held.documents],
        }  # fmt: skip

    async def export(self, subject: Subject, *, who: str) -> dict[str, Any]:
        """Everything that is kept of a person, in our words, and where the bytes lie. The ledger notes the export."""
        held = await self._held(subject)
        changes = self._journal.changes()
        says = (
            f"{who} exported what is kept of a person, found by {subject.by}: {len(held.documents)} documents"
        )
        put(changes, ((), ()), says, {"who": who, "act": "export", "given": {"by": subject.by}})
        await self._journal.submit(changes)
        bytes_: list[str] = []
        for root in held.roots:
            bytes_ += await self._journal.view(lambda c, r=root: erasing.bytes_of(c, r))
        return {"by": subject.by, "value": subject.value, "documents": held.documents, "bytes": bytes_,
                "untranslated": len(held.captures)}  # fmt: skip

    async def erase(self, subject: Subject, reason: str, *, who: str) -> dict[str, Any]:
        """Takes out what tells of a person; what is still under way stays until it has ended, and is counted.

        Doing it again takes out what has ended since. Raises Asked, Invalid, StoreDown.
        """
        body = {"by": subject.by, "value": subject.value, "reason": reason}
        says = f"erase what is kept of a person, found by {subject.by}"
        await self._eyes.must_agree(Kind.ERASE, "subject/erase", subject.by, body, who=who, says=lambda: says)
        held = await self._held(subject)
        self._note(subject)
        done = {"documents": 0, "bodies": 0, "values": 0}
        for root, has_ended in held.roots.items():
            if not has_ended:
                continue
            found = await self._journal.view(lambda c, r=root: erasing.of_story(c, r))
            await self._take_out(found, subject, reason, who, done)
        found = Found(payloads={payload for payload, has_ended in held.captures.items() if has_ended})
        await self._take_out(found, subject, reason, who, done)
        return {"by": subject.by, "erased": done, "left": held.left}

    async def _take_out(
        self, found: Found, subject: Subject, reason: str, who: str, done: dict[str, int]
    ) -> None:
        why = f"erased on request, found by {subject.by}" + (f": {reason}" if reason else "")
        now_ms = self._now_ms()
        rows = await self._journal.view(lambda c: rows_of(c, found, why, now_ms))
        if not rows[1]:
            return
        count = {kind: sum(row[1][0] == kind for row in rows[1]) for kind in ("message", "payload")}
        done["documents"] += count["message"]
        done["bodies"] += count["payload"]
        done["values"] += len(rows[1]) - sum(count.values())
        changes = self._journal.changes()
        says = (
            f"{who} erased what is kept of a person: {count['message']} documents, {count['payload']} bodies"
        )
        put(
            changes,
            rows,
            says,
            {"who": who, "act": "erase", "given": {"by": subject.by, "reason": reason}, "after": count},
        )
        await self._journal.submit(changes)

    # -- looking -------------------------------------------------------------------

    async def _held(self, subject: Subject) -> Held:
        roots, after = set[int](), 0
        while page := await self._journal.view(lambda c, a=after: erasing.page(c, a)):
            after = page[-1][0]
            for _, root, document, number, tree in page:
                if root not in roots and subject.is_in(document, number, unpacked_tree(bytes(tree))):
                    roots.add(root)
            if len(roots) > _ROOTS_MAX:
                says = f"more than {_ROOTS_MAX} orders belong to it"
                raise Invalid(says, path="value", fix="look for something that one person has")
        held = Held()
        for root in sorted(roots):
            documents, has_ended = await self._journal.view(lambda c, r=root: erasing.story(c, r))
            held.documents += documents
            held.roots[root] = has_ended
        held.captures = await self._journal.view(lambda c: erasing.raw(c, subject.value))
        return held
