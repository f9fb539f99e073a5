"""Valid messages of our own invention, one for each kind and directory; their bodies stand in `samples/`."""

from __future__ import annotations

from pathlib import Path

from crossdock.formats.edifact.interchange import Interchange, Message
from crossdock.formats.edifact.wire.segment import Segment, parse

HEAD = "UNB+UNOC:3+5412345000013:14+4012345500004:14+250309:1410+{reference}'"

#: What differs between the directories in a body that both share.
WORDS = {
    "D96A": {"{gtin}": "EN", "{text}": "HAND CREAM 75 ML"},
    "D01B": {"{gtin}": "SRV", "{text}": "HAND CREAM WITH OLIVE OIL, TUBE OF 75 ML, DERMATOLOGICALLY TESTED"},
    "D3": {},
    "41": {},
}
FIRST = ("ORDERS", "ORDRSP", "DESADV", "RECADV", "INVOIC", "INVRPT", "CONTRL")
ALL = sorted(
    (kind, version)
    for kind in (*FIRST, "ORDCHG", "SLSRPT", "IFTMIN", "HANMOV", "INSDES", "APERAK")
    for version in (("D3", "41") if kind == "CONTRL" else ("D96A", "D01B"))
)


def sample(kind: str, version: str, reference: str = "1") -> Message:
    """The message as a value."""
    folder = Path(__file__).with_suffix("")
    own = folder / f"{kind}-{version}.txt"
    text = (own if own.exists() else folder / f"{kind}.txt").read_text(encoding="utf-8")
    for word, ours in WORDS[version].items():
        text = text.replace(word, ours)
    header = Segment.of("UNH", reference, (kind, version[0], version[1:], "UN"))
    return Message(header, tuple(parse(line.removesuffix("'")) for line in text.splitlines()))


def interchange(*messages: Message, reference: str = "4711") -> Interchange:
    """Messages in an envelope."""
    return Interchange(parse(HEAD.format(reference=reference).removesuffix("'")), messages)
