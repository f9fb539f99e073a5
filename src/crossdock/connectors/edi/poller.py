"""Files that a partner left for us: taken in pages, taken away once they are committed."""

from __future__ import annotations

from crossdock.connectors.edi.reader import LEFT_HEADER
from crossdock.faults import TryLater
from crossdock.formats import json
from crossdock.kit.connector import Content, Page, Polled
from crossdock.kit.http import Client

#: Files of one page: their captures and the cursor are one commit.
PAGE_MAX = 20
#: How a listed file is named again: its size and time, so that another one of the same name is left alone.
SIZE_HEADER, TIME_HEADER = "crossdock-size", "crossdock-modified"
#: Name, size and time of a file, as text.
Listed = list[str]


class EdiPoller:
    """Asks the mailbox of one partner. The cursor names the files whose bytes its commit made safe."""

    def __init__(self, document: str, content_type: str) -> None:
        self._document = document
        self._content_type = content_type

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """Takes away what is committed, then reads what waits. Raises TryLater, Rejected."""
        taken: list[Listed] = json.decode(cursor.encode()) if cursor else []
        for one in taken:
            await client.send("DELETE", f"/{one[0]}", headers=_headers(one))
        listed = await client.send("GET", "/")
        if listed.status != 200:
            raise TryLater(f"the mailbox answered {listed.status}")
        waiting: list[Listed] = [one for one in json.decode(listed.body) if one not in taken]
        page = waiting[:PAGE_MAX]
        found: list[Polled] = []
        for one in page:
            answer = await client.send("GET", f"/{one[0]}", headers=_headers(one))
            found.append(Polled(self._document, Content(answer.body, self._content_type, {LEFT_HEADER: "1"})))
        return Page(found, json.encode(page).decode(), more=len(waiting) > PAGE_MAX)


def _headers(one: Listed) -> dict[str, str]:
    return {SIZE_HEADER: one[1], TIME_HEADER: one[2]}
