"""What a partner handed in: one interchange or several, read into a document for each set, and its acknowledgement."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crossdock.connectors.edi import edifact_part, x12_part
from crossdock.connectors.edi.part import Opening, Part, stranger
from crossdock.connectors.edi.words import Words
from crossdock.faults import Fault, Invalid, Misconfigured, Unreadable
from crossdock.formats.edi.profile import MEANINGS, Direction, Exchanged, Profile, Standard
from crossdock.kit.bounds import ID_CHARS_MAX
from crossdock.kit.connector import Content, Draft, Facts, Tools
from crossdock.mapping.rule import Rule

_DIGEST_CHARS = 12
#: Marks what was left in a mailbox, where nobody waits for an answer.
LEFT_HEADER = "crossdock-left"
#: Wrong sets of one interchange that go to the desk one by one.
WRONG_MAX = 500


class EdiReader:
    """Reads whatever a partner sends, whichever of its documents it holds. Pure but for what it looks up."""

    def __init__(self, profile: Profile, tools: Tools) -> None:
        """Raises Misconfigured."""
        self._profile = profile
        self._tools = tools
        self._words = Words(profile, tools, zoned=tools.system.timezone is not None)
        self._rules: Mapping[str, Rule] = {
            one.set: Rule(tools.file(one.map), file=one.map)
            for one in profile.documents
            if one.direction is Direction.IN and one.map is not None
        }
        self._part = x12_part if profile.standard is Standard.X12 else edifact_part

    def facts(self, content: Content) -> Facts:
        """The control number of the first interchange. Raises Unreadable for what is none, or is another's.

        A file that lies in a mailbox cannot be refused: it is known by its bytes then, and `read` says what it is.
        """
        try:
            opening = self._opening(content.body)
        except Fault as fault:
            if content.headers.get(LEFT_HEADER):
                return Facts(id=f"file+{hashlib.sha256(content.body).hexdigest()[:_DIGEST_CHARS]}")
            raise Unreadable(
                fault.says, status=422, path=fault.path, value=fault.value, fix=fault.fix
            ) from None
        more = ""
        if opening.several:  # a file of several interchanges is known by all of its bytes
            more = "+" + hashlib.sha256(content.body).hexdigest()[:_DIGEST_CHARS]
        return Facts(id=f"{opening.control}{more}")

    def _opening(self, body: bytes) -> Opening:
        """The head of the first interchange. Raises Invalid for what is none, or is another's."""
        profile, opening = self._profile, self._part.opening(body)
        wrong = stranger(profile, opening.sender, opening.receiver)
        if wrong is not None:
            raise wrong
        if len(opening.control) > ID_CHARS_MAX:
            raise Invalid(
                "this is no control number", path="control", value=opening.control[:80],
                fix=f"ask the partner for one of at most {ID_CHARS_MAX} characters",
            )  # fmt: skip
        return opening

    def read(self, content: Content) -> Sequence[Draft]:
        """A draft for each set, those that are wrong among them, then what is acknowledged. Raises Invalid."""
        self._opening(content.body)
        when = self._part.now(self._tools, self._words)
        found = self._part.read(content.body, self._profile, self._words, when)
        drafts: list[Draft] = []
        wrong: list[Part] = []
        for part in found.parts:
            if part.wrong is not None:
                wrong.append(part)
                if len(wrong) > WRONG_MAX:
                    continue
            drafts += self._drafts(part)
        if len(wrong) > WRONG_MAX:
            drafts.append(_the_rest(wrong[WRONG_MAX:]))
        for number, tree in found.acknowledgements:
            drafts.append(Draft("acknowledgement", tree, number))
        return drafts

    def same(self, one: Content, other: Content) -> bool:
        """Whether two interchanges are equal but for line ends."""
        return _bare(one.body) == _bare(other.body)

    def _drafts(self, part: Part) -> Iterator[Draft]:
        if part.wrong is not None:
            name = part.number or f"{part.set}-{part.control}"
            yield Draft(part.document, {"number": name}, name, wrong=part.wrong, original=None)
            return
        agreed = self._profile.taken(part.set)
        for document, tree, their_id, original in part.made:
            draft = Draft(document, tree, their_id, original=original)
            yield self._mapped(draft, part, agreed)

    def _mapped(self, draft: Draft, part: Part, agreed: Exchanged | None) -> Draft:
        """Through the partner's own mapping, where there is one."""
        rule = self._rules.get(part.set)
        document = agreed.document if agreed and draft.document == _meant(agreed) else draft.document
        if rule is None:
            return replace(draft, document=document, reads=self._tools.reads())
        tools = self._tools
        try:
            made = rule.run(
                draft.tree,
                ours=tools.ours,
                theirs=tools.theirs,
                convert=tools.convert,
                now_s=tools.now(),
                seed=0,
            )
        except Fault as fault:
            return replace(draft, document=document, tree={"number": draft.their_id}, wrong=fault)
        if not isinstance(made, dict):
            wrong = Invalid(f"{rule.file} makes no document of this {part.set}", fix="let it make an object")
            return replace(draft, document=document, tree={"number": draft.their_id}, wrong=wrong)
        return replace(draft, document=document, tree=made, reads=tools.reads())


def _the_rest(parts: Sequence[Part]) -> Draft:
    """Sets that are wrong behind many others as one: nobody looks at thousands, and the partner is told of each."""
    first, name = parts[0], f"{parts[0].set}-{parts[0].control}+{len(parts) - 1}"
    assert first.wrong is not None, "only what is wrong is counted"
    wrong = Invalid(
        f"{len(parts)} more sets of this interchange are wrong; the first of them: {first.wrong.says}",
        path=first.wrong.path, value=first.wrong.value,
        fix="ask the partner to mend and send it again; our acknowledgement names each of them",
    )  # fmt: skip
    return Draft("interchange", {"number": name}, name, wrong=wrong)


def _meant(agreed: Exchanged) -> str:
    return MEANINGS[agreed.direction, agreed.set]


def _bare(body: bytes) -> bytes:
    return body.translate(None, b"\r\n").strip()


def profile_of(tools: Tools) -> Profile:
    """The profile of the system that a connector is bound to. Raises Misconfigured."""
    profile: Profile | None = tools.system.partner
    if profile is None:
        raise Misconfigured(
            f"{tools.system.name} has no partner", path=f"systems.{tools.system.name}.partner",
            fix="name a file of partners/",
        )  # fmt: skip
    return profile
