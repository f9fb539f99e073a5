"""The connector of systems that exchange files: what it can do, and its parts."""

from __future__ import annotations

from typing import cast

from crossdock.connectors.files.carriage import FIELDS, client_for
from crossdock.connectors.files.flows import System
from crossdock.connectors.files.poller import FilePoller
from crossdock.connectors.files.reader import FileReader
from crossdock.connectors.files.writer import FileWriter
from crossdock.kit.connector import Declaration, Poller, Tools, Way
from crossdock.kit.http import Client


class FilesConnector:
    """A system that leaves files for us in a folder, takes files from one, or both."""

    declaration = Declaration(
        kind="files",
        title="Files in folders",
        says="A system that leaves and takes files (CSV, XLSX, JSON, XML), in folders here or on an SFTP server.",
        fields=FIELDS,
        configurable=True,
        filed=True,
    )

    def reader(self, document: str, tools: Tools) -> FileReader:
        """The reader of one document. Raises Misconfigured."""
        return FileReader(document, cast(System, tools.system), tools)

    def writer(self, document: str, tools: Tools) -> FileWriter:
        """The writer of one document. Raises Misconfigured."""
        return FileWriter(document, cast(System, tools.system), tools)

    def poller(self, document: str, tools: Tools) -> Poller | None:
        """The poller of one document. Raises Misconfigured."""
        system = cast(System, tools.system)
        reader = FileReader(document, system, tools)
        flow = system.flow_in(document)
        assert flow is not None and flow.file is not None, "the reader asked for both"
        return FilePoller(document, flow.file, reader)

    def client(self, tools: Tools, way: Way) -> Client | None:
        """What carries its files. Raises Misconfigured."""
        return client_for(tools, way)


CONNECTOR = FilesConnector()
