"""Files that a partner left for us: taken in pages, taken away once they are committed."""

from __future__ import annotations

from urllib.parse import quote

from crossdock.connectors.edi.reader import LEFT_HEADER
from crossdock.faults import Fault, Rejected, TryLater
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
        self._broke = ""  #: the file amid which the connection broke: it comes last, and holds up no other

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """Takes away what is committed, then reads what waits. Raises TryLater, Rejected.

        A file that cannot be had, or not be taken away, is passed over and told of, so that those behind it come.
        """
        taken: list[Listed] = json.decode(cursor.encode()) if cursor else []
        amiss: list[Fault] = []
        page = [one for one in taken if not await self._done(one, client, amiss)]
        listed = await client.send("GET", "/")
        if listed.status != 200:
            raise TryLater(f"the mailbox answered {listed.status}")
        waiting: list[Listed] = [one for one in json.decode(listed.body) if one not in taken]
        found: list[Polled] = []
        for one in sorted(waiting, key=lambda one: one[0] == self._broke):
            if len(found) == PAGE_MAX:
                return Page(found, json.encode(page).decode(), more=True, amiss=amiss)
            try:
                answer = await client.send("GET", _path(one), headers=_headers(one))
            except (TryLater, Rejected) as fault:
                amiss.append(
                    fault if fault.path == one[0] else TryLater(fault.says, path=one[0], fix=fault.fix)
                )
                if fault.path == one[0]:
                    continue
                self._broke = one[0]
                break  # the server is lost: what came before is kept, the rest is asked for next time
            page.append(one)
            found.append(Polled(self._document, Content(answer.body, self._content_type, {LEFT_HEADER: "1"})))
        return Page(found, json.encode(page).decode(), more=False, amiss=amiss)

    async def _done(self, one: Listed, client: Client, amiss: list[Fault]) -> bool:
        """Whether a file that is committed was taken away. Raises TryLater where no file can be."""
        try:
            await client.send("DELETE", _path(one), headers=_headers(one))
        except TryLater as fault:
            if fault.path != one[0]:
                raise
            amiss.append(fault)
            return False
        return True


def _path(one: Listed) -> str:
    """A name may hold %, which the client would take for an escape."""
    return f"/{quote(one[0], safe='')}"


def _headers(one: Listed) -> dict[str, str]:
    return {SIZE_HEADER: one[1], TIME_HEADER: one[2]}
