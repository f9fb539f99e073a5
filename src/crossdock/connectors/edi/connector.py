"""The connector of trading partners: what is exchanged, how it is written and carried stands in their profiles."""

from __future__ import annotations

from crossdock.connectors.edi.carriage import client_for
from crossdock.connectors.edi.poller import EdiPoller
from crossdock.connectors.edi.reader import EdiReader, profile_of
from crossdock.connectors.edi.writer import EdiWriter
from crossdock.formats.edi.profile import MEANINGS, Direction, Standard
from crossdock.kit.connector import (
    Declaration,
    DocumentIn,
    DocumentOut,
    Field,
    Poller,
    Reading,
    Tools,
    Unclear,
    Way,
)
from crossdock.kit.http import Client

#: Under which name interchanges come in; what is in them is known once they are read.
INTERCHANGE = "interchange"


def _documents(direction: Direction) -> tuple[str, ...]:
    return tuple(dict.fromkeys(document for (way, _), document in MEANINGS.items() if way is direction))


class EdiConnector:
    """A partner that speaks X12 or EDIFACT, over AS2, SFTP or a folder."""

    declaration = Declaration(
        kind="edi",
        title="EDI trading partner",
        says="A partner that speaks X12 or EDIFACT, over AS2, SFTP or a folder, as its profile in partners/ says.",
        fields=(Field("partner", required=True, says="Name of the profile: partners/NAME.yaml."),),
        documents_in=tuple(DocumentIn(one, Reading.POLL, every_s=15.0) for one in _documents(Direction.IN)),
        documents_out=tuple(DocumentOut(one, Unclear.RESEND) for one in _documents(Direction.OUT)),
        partnered=True,
    )

    def reader(self, document: str, tools: Tools) -> EdiReader:
        """The reader of whatever comes in: sets of all kinds stand in one interchange. Raises Misconfigured."""
        del document
        return EdiReader(profile_of(tools), tools)

    def writer(self, document: str, tools: Tools) -> EdiWriter:
        """The writer of one document. Raises Misconfigured."""
        return EdiWriter(document, profile_of(tools), tools)

    def poller(self, document: str, tools: Tools) -> Poller | None:
        """The poller of the partner's mailbox; None where the partner comes to us."""
        profile = profile_of(tools)
        if document != INTERCHANGE or profile.carriage.type not in ("folder", "sftp"):
            return None
        kind = "application/edi-x12" if profile.standard is Standard.X12 else "application/edifact"
        return EdiPoller(INTERCHANGE, kind)

    def client(self, tools: Tools, way: Way) -> Client | None:
        """What carries its interchanges. Raises Misconfigured."""
        return client_for(profile_of(tools), way)


CONNECTOR = EdiConnector()
