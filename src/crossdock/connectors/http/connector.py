"""The connector whose flows are written in the charter: JSON over HTTP, mapped by the site's own rules."""

from __future__ import annotations

from typing import cast

from crossdock.connectors.http.flows import System
from crossdock.connectors.http.reader import HttpReader
from crossdock.connectors.http.writer import HttpWriter
from crossdock.faults import Misconfigured
from crossdock.kit.connector import Declaration, Poller, Tools


class HttpConnector:
    """Any system that posts JSON to the hub, takes JSON from it, or both."""

    declaration = Declaration(
        kind="http",
        title="JSON over HTTP",
        says="Any system that posts JSON to the hub or takes JSON by HTTP; mappings say how documents look.",
        auth=("none", "bearer", "basic", "header", "oauth2"),
        configurable=True,
    )

    def reader(self, document: str, tools: Tools) -> HttpReader:
        """The reader of one document. Raises Misconfigured."""
        system = cast(System, tools.system)
        flow = system.flow_in(document)
        if flow is None:
            raise Misconfigured(
                f"{system.name} has no inbound flow of {document}",
                path=f"systems.{system.name}.in", fix=f"add `- document: {document}`",
            )  # fmt: skip
        return HttpReader(document, system, flow, tools)

    def writer(self, document: str, tools: Tools) -> HttpWriter:
        """The writer of one document. Raises Misconfigured."""
        system = cast(System, tools.system)
        flow = system.flow_out(document)
        if flow is None:
            raise Misconfigured(
                f"{system.name} has no outbound flow of {document}",
                path=f"systems.{system.name}.out", fix=f"add `- document: {document}`",
            )  # fmt: skip
        return HttpWriter(document, system, flow, tools)

    def poller(self, document: str, tools: Tools) -> Poller | None:
        """None: these systems push."""
        del document, tools
        return None


CONNECTOR = HttpConnector()
