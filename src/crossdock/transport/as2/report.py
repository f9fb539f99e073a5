"""MDNs from a partner (message disposition notifications, RFC 8098): read, and judged against what was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.transport.as2 import layers, mime
from crossdock.transport.as2.layers import Mic, Opening
from crossdock.transport.as2.mime import Entity
from crossdock.transport.as2.outgoing import Expected, unquoted
from crossdock.transport.as2.problem import Refused
from crossdock.transport.as2.profile import Limits, Partner

_TEXT_MAX = 2_000
_DISPOSITION = re.compile(r"\s*([a-z-]+)\s*(?:/\s*([a-z-]+))?\s*(?::\s*(.*))?\Z", re.IGNORECASE | re.DOTALL)
_TOOK = frozenset({"processed", "displayed", "dispatched"})
_TOOK_NOT = frozenset({"failed", "denied", "deleted"})

#: What a person does about each error that a partner's MDN may name.
_FIXES = {
    "decryption-failed": "ask the partner which certificate they use now, and pin it",
    "authentication-failed": "send the partner our current certificate, and compare the AS2 names",
    "integrity-check-failed": "ask the partner what changes the content on its way: a proxy or a gateway",
    "decompression-failed": "turn compression off in the profile, or ask the partner",
    "insufficient-message-security": "compare `sign` and `encrypt` of the profile with what the partner asks for",
    "unexpected-processing-error": "ask the partner what their log says of this Message-ID",
    "unsupported format": "compare the content type with what the partner takes",
    "unsupported mic-algorithms": "choose another algorithm under `sign` of the profile",
}


class Outcome(StrEnum):
    """What an MDN says became of the message."""

    PROCESSED = "processed"
    WARNING = "warning"  #: processed, with a remark: `duplicate-document`
    ERROR = "error"
    FAILURE = "failure"
    UNREADABLE = "unreadable"  #: a report that tells no disposition


@dataclass(frozen=True, slots=True)
class Mdn:
    """An MDN as it was read; nothing in it is believed before `judge` has compared it.

    `trouble` says why its signature is not good. The bytes it came in are the caller's to keep.
    """

    original_message_id: str
    outcome: Outcome
    modifier: str
    text: str  #: what it tells a person
    mic: Mic | None
    us: str = ""
    them: str = ""
    message_id: str = ""
    signed_by: str = ""  #: fingerprint of the pinned certificate, "" for unsigned
    trouble: str = ""

    @property
    def about(self) -> str:
        """The name of the message that this answers."""
        return about(self.us, self.them, self.original_message_id)


def about(us: str, them: str, message_id: str) -> str:
    """The name of a message of ours, however its Message-ID is written: our name, theirs, the id."""
    return f"{us}|{them}|{_bare(message_id)}"


def opened(entity: Entity, partner: Partner, now: datetime, limits: Limits) -> tuple[Opening, str]:
    """What came, opened; and what is wrong with the signature of a report, which is shown all the same.

    Raises Refused for anything else that cannot be opened.
    """
    try:
        return layers.opened(entity, partner, now, limits), ""
    except Refused as refused:
        inside = _unchecked(entity, limits)
        if inside is None:
            raise
        return Opening(inside), refused.says


def is_report(opening: Opening) -> bool:
    """Whether an MDN came, not a document."""
    return opening.entity.kind == "multipart/report"


def _unchecked(entity: Entity, limits: Limits) -> Entity | None:
    """The report beside a signature that is not good: the desk needs to see what it claims."""
    if entity.kind != "multipart/signed":
        return None
    try:
        parts = mime.parts(entity, limits.parts_max)
    except Refused:
        return None
    return parts[0] if parts and parts[0].kind == "multipart/report" else None


def read_report(
    opening: Opening, partner: Partner, limits: Limits, *, message_id: str = "", trouble: str = ""
) -> Mdn:
    """The MDN in an opened multipart/report. Raises Refused when it is none at all."""
    fields: dict[str, str] = {}
    text = ""
    for part in mime.parts(opening.entity, limits.parts_max):
        if part.kind == "message/disposition-notification" and not fields:
            fields = _fields(part.content())
        elif part.kind in ("text/plain", "") and not text:
            text = _shown(part.content())
    outcome, modifier = _disposition(fields)
    return Mdn(
        original_message_id=fields.get("original-message-id", "")[:998],
        outcome=outcome,
        modifier=modifier[:200],
        text=text,
        mic=_mic(fields.get("received-content-mic", "")),
        us=partner.us,
        them=partner.them,
        message_id=message_id,
        signed_by=opening.signed.fingerprint if opening.signed else "",
        trouble=trouble,
    )


def _fields(content: bytes) -> dict[str, str]:
    """The fields of a notification; names lower case, the first of each counts, blank lines do not part them."""
    lines = [line for line in content.splitlines() if line.strip()]
    found: dict[str, str] = {}
    for name, value in mime.read(b"\r\n".join(lines) + b"\r\n\r\n").headers:
        found.setdefault(name.lower(), value[:_TEXT_MAX])
    return found


def _shown(content: bytes) -> str:
    text = content[: 4 * _TEXT_MAX].decode("utf-8", "replace").strip()
    return "".join(one if one.isprintable() else " " for one in text)[:_TEXT_MAX]


def _disposition(fields: dict[str, str]) -> tuple[Outcome, str]:
    """`automatic-action/MDN-sent-automatically; processed/error: decryption-failed`, in its many spellings."""
    match = _DISPOSITION.match(fields.get("disposition", "").partition(";")[2])
    if match is None:
        return Outcome.UNREADABLE, fields.get("disposition", "")
    kind, grade, modifier = match[1].lower(), (match[2] or "").lower(), (match[3] or "").strip()
    for name in ("failure", "error", "warning"):
        if name in fields:  # RFC 8098 has fields for what RFC 4130 writes behind the colon
            grade, modifier = grade or name, modifier or fields[name]
    if kind in _TOOK_NOT:
        return Outcome.FAILURE, modifier or kind
    graded = {"": Outcome.WARNING if modifier else Outcome.PROCESSED, "warning": Outcome.WARNING,
              "error": Outcome.ERROR, "failure": Outcome.FAILURE}  # fmt: skip
    if kind not in _TOOK or grade not in graded:
        return Outcome.UNREADABLE, fields["disposition"]
    return graded[grade], modifier or (kind if grade in ("error", "failure") else "")


def _mic(written: str) -> Mic | None:
    """`base64, sha-256`; some write the algorithm in capitals or spaces into the value."""
    value, comma, algorithm = written.rpartition(",")
    if not comma:
        return None
    return Mic("".join(value.split()), layers.digest_name(algorithm))


# -- judged -------------------------------------------------------------------------------------


class Standing(StrEnum):
    """What the hub does next about a message that it sent."""

    DONE = "done"
    WAITING = "waiting"  #: taken; the MDN comes later
    LATER = "later"
    REJECTED = "rejected"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message that we sent.

    `kind` names the reason for the desk (`mic_mismatch`); `raw` is the whole answer as it came, kept
    for the trace whenever the standing is not plainly done.
    """

    standing: Standing
    says: str
    kind: str = ""
    fix: str = ""
    mdn: Mdn | None = None
    raw: bytes = b""
    wait_s: float | None = None

    @property
    def fault(self) -> Fault | None:
        """The fault that tells the pipeline the same; None when it is done or waits for its MDN."""
        match self.standing:
            case Standing.DONE | Standing.WAITING:
                return None
            case Standing.LATER:
                return TryLater(self.says, wait_s=self.wait_s, fix=self.fix)
            case Standing.REJECTED:
                return Rejected(self.says, path="mdn", value=self.kind, fix=self.fix)
            case Standing.UNCLEAR:
                return InDoubt(self.says, path="mdn", value=self.kind, fix=self.fix)


def judge(mdn: Mdn, expected: Expected, *, raw: bytes = b"", in_the_answer: bool = False) -> Verdict:
    """What an MDN says of the message that it must be for; a doubt stays a doubt, never a yes.

    `raw` is what it came in. `in_the_answer` tells that it came back over our own request, where nobody
    else can speak: there an unsigned refusal counts.
    """
    unclear = _doubt(mdn, expected, in_the_answer=in_the_answer)
    if unclear is not None:
        kind, says, fix = unclear
        return Verdict(Standing.UNCLEAR, says, kind, fix, mdn, raw)
    if mdn.outcome in (Outcome.ERROR, Outcome.FAILURE):
        why = f"{mdn.modifier}: {mdn.text}" if mdn.text else mdn.modifier
        fix = _FIXES.get(mdn.modifier.lower(), "ask the partner what they need, and send it again")
        return Verdict(
            Standing.REJECTED,
            f"{expected.them} refused the message: {why}"[:500],
            "mdn_error",
            fix,
            mdn,
            raw,
        )
    wrong = _wrong_mic(mdn, expected)
    if wrong is not None:
        kind, says = wrong
        fix = "compare the document with what the partner has; do not send it again before"
        return Verdict(Standing.UNCLEAR, says, kind, fix, mdn, raw)
    remark = f", with the remark {mdn.modifier!r}" if mdn.modifier else ""
    return Verdict(Standing.DONE, f"{expected.them} has the message{remark}", mdn=mdn, raw=raw)


def _doubt(mdn: Mdn, expected: Expected, *, in_the_answer: bool) -> tuple[str, str, str] | None:
    """Why an MDN proves nothing: kind, sentence, fix."""
    if (mdn.us, mdn.them) != (expected.us, expected.them):
        return "mdn_foreign", f"the MDN is from {mdn.them}, not from {expected.them}", ""
    if _bare(mdn.original_message_id) != _bare(expected.message_id):
        of = mdn.original_message_id[:100] or "no message"
        return "mdn_foreign", f"the MDN is for {of}, not for {expected.message_id}", "ask the partner"
    if mdn.trouble:
        return (
            "mdn_signature",
            f"the MDN's signature is not good: {mdn.trouble}",
            "pin the partner's current certificate, then settle the message",
        )
    refused = mdn.outcome in (Outcome.ERROR, Outcome.FAILURE)
    if expected.signed and not mdn.signed_by and not (refused and in_the_answer):
        return (
            "mdn_unsigned",
            f"{expected.them} sent an unsigned MDN, and a signed one was asked for",
            "ask the partner to sign MDNs, or set `mdn_signed: false` in the profile",
        )
    if mdn.outcome is Outcome.UNREADABLE:
        return "mdn_unreadable", f"the MDN tells no disposition that we know: {mdn.modifier!r}", ""
    return None


def _wrong_mic(mdn: Mdn, expected: Expected) -> tuple[str, str] | None:
    """Why the partner's digest does not prove that they have our bytes: kind, sentence."""
    if mdn.mic is None:
        if expected.message_signed and expected.signed:
            return "mic_missing", f"the MDN of {expected.them} has no MIC"
        return None
    ours = expected.mics.get(mdn.mic.algorithm)
    if ours is None:
        return (
            "mic_mismatch",
            f"the MDN's MIC is by {mdn.mic.algorithm[:20]}, which the profile does not take",
        )
    if ours != mdn.mic.value:
        return "mic_mismatch", f"what {expected.them} received is not what was sent: the MICs differ"
    return None


def _bare(message_id: str) -> str:
    return unquoted(message_id).strip().strip("<>").strip()
