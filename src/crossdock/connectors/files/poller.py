"""Files that wait in a folder: read in pages, and filed away with a report once they are committed."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from crossdock.connectors.files.carriage import BOX_HEADER, SIZE_HEADER, TIME_HEADER
from crossdock.connectors.files.flows import Form
from crossdock.connectors.files.reader import FileReader, kind_of
from crossdock.connectors.files.report import Report, judged
from crossdock.faults import Fault, Rejected, TryLater
from crossdock.formats import json
from crossdock.kit.connector import Content, Page, Polled
from crossdock.kit.http import Client

#: Files of one page: their captures and the cursor are one commit.
PAGE_MAX = 10
KINDS = {
    "csv": "text/csv", "tsv": "text/tab-separated-values", "fixed": "text/plain", "json": "application/json",
    "ndjson": "application/x-ndjson", "xml": "application/xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
#: Name, size and time of a file, the folder it goes to, and the report on it: all as text.
Taken = list[str]


class FilePoller:
    """Looks into the folder for the files of one flow. The cursor names those whose bytes its commit made safe."""

    def __init__(self, document: str, form: Form, reader: FileReader) -> None:
        self._document = document
        self._form = form
        self._reader = reader

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """Files away what is committed, then reads what waits. Raises TryLater, Rejected.

        A file that cannot be had, or not be filed away, is passed over and told of, so that those behind it come.
        """
        taken: list[Taken] = json.decode(cursor.encode()) if cursor else []
        amiss: list[Fault] = []
        page = [one for one in taken if not await self._done(one, client, amiss)]
        waiting = await self._waiting(client)
        known = [one[:3] for one in taken]
        waiting = [one for one in waiting if one not in known]
        found: list[Polled] = []
        read = 0
        for one in waiting:
            if read == PAGE_MAX:
                break
            try:
                polled, report = await self._read(one, client)
            except TryLater as fault:
                _of_one_file(fault, one[0], amiss)
                continue
            read += 1
            found += polled
            page.append([*one, report.box, report.text])
        return Page(found, json.encode(page).decode(), more=bool(read), amiss=amiss)

    @staticmethod
    async def _done(one: Taken, client: Client, amiss: list[Fault]) -> bool:
        """Whether a file that is committed was filed away. Raises TryLater where no file can be."""
        name, size, time, box, report = one
        given = {SIZE_HEADER: size, TIME_HEADER: time, BOX_HEADER: box}
        try:
            _expect(await client.send("DELETE", f"/{quote(name)}", body=report.encode(), headers=given))
        except TryLater as fault:
            _of_one_file(fault, name, amiss)
            return False
        return True

    async def _waiting(self, client: Client) -> list[list[str]]:
        answer = await client.send("GET", f"/?match={quote(self._form.match, safe='')}")
        _expect(answer)
        try:
            listed = json.decode(answer.body)
        except Exception as error:  # ends in another look: a folder never answers so
            raise TryLater(f"the list of files cannot be read: {error}") from None
        if not isinstance(listed, list):
            raise TryLater("the list of files cannot be read")
        return cast("list[list[str]]", listed)

    async def _read(self, one: list[str], client: Client) -> tuple[list[Polled], Report]:
        """One file and the report on it; one that is too large is reported only: nothing of it was taken."""
        name, size, time = one
        try:
            answer = await client.send(
                "GET", f"/{quote(name)}", headers={SIZE_HEADER: size, TIME_HEADER: time}
            )
            _expect(answer)
        except Rejected as fault:
            return [], Report(
                "failed", f"{name}\n\nNothing of this file was taken: {fault.says}\n{fault.fix}\n"
            )
        kind = kind_of(name, KINDS[self._form.format])
        content = Content(answer.body, kind)
        parsed = self._reader.parsed(content)
        content = Content(answer.body, kind, parsed=parsed)
        return [Polled(self._document, content)], judged(name, self._document, self._reader, content)


def _of_one_file(fault: TryLater, name: str, amiss: list[Fault]) -> None:
    """Notes what ails one file. Raises TryLater for what ails the whole folder."""
    if fault.path != name:
        raise fault
    amiss.append(fault)


def _expect(answer: object) -> None:
    status = getattr(answer, "status", 0)
    if status != 200:
        raise TryLater(f"the folder answered {status}")
