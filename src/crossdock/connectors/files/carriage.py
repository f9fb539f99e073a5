"""How files travel: a folder of this machine, or one on an SFTP server, behind the one interface the pipeline has."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from crossdock.faults import Misconfigured, Rejected
from crossdock.formats import json
from crossdock.kit.connector import Field, Tools, Way
from crossdock.kit.http import Response
from crossdock.transport.folder import FolderMailbox
from crossdock.transport.mailbox import Entry, Inbox, Mailbox, Outbox
from crossdock.transport.sftp import SftpMailbox
from crossdock.transport.ssh import Account

#: How a listed file is named again: its size and time, so that another one of the same name is left alone.
SIZE_HEADER, TIME_HEADER = "crossdock-size", "crossdock-modified"
#: Which way an act goes: the box of files that were read, or of those that could not be.
BOX_HEADER = "crossdock-box"
_TWINS_MAX = 1_000
#: A file beside another, for people.
REPORT_ENDING = ".report.txt"

FIELDS = (
    Field("folder", required=True, says="Where its folders are: a path in the site, an absolute one, or on `host`."),
    Field("inbox", default="in", says="Below it: where it puts files for us."),
    Field("outbox", default="out", says="Below it: where we put files for it."),
    Field("archive", default="archive", says="Below it: where files go that were read, each with a report."),
    Field("failed", default="failed", says="Below it: where files go that have something wrong, each with a report."),
    Field("settled_s", type="number", default=2.0, says="How long a file must not have grown; 0 where it is renamed"
          " into place."),
    Field("marker", default="", says="Ending of an empty file that follows each whole one, such as `.done`."),
    Field("partial", default=".{name}.part", says="The name of our file while it is written."),
    Field("file_bytes_max", type="integer", default=50_000_000, says="Longest file that is read."),
    Field("host", says="An SFTP server; absent: folders of this machine."),
    Field("port", type="integer", default=22, says="Its port."),
    Field("user", says="Our name there."),
    Field("host_keys", type="list", default=(), says="Its host keys, as `ssh-keyscan` prints them; none is trusted"
          " unseen."),
    Field("password", says="Name of the secret that is our password there."),
    Field("key", says="Name of the secret that is our private key."),
    Field("passphrase", says="Name of the secret that opens the key."),
)  # fmt: skip

Options = Mapping[str, Any]


def client_for(tools: Tools, way: Way) -> MailboxClient:
    """What carries one system's files. Raises Misconfigured."""
    given: Options = tools.system.options
    options: dict[str, Any] = {field.name: field.default for field in FIELDS} | dict(given)
    boxes = {box: _inbox(options, box) for box in ("archive", "failed")}
    at = f"{options['folder']}/" if options["host"] else ""
    outbox = Outbox(folder=at + options["outbox"], partial=options["partial"], marker=options["marker"] or "")
    reports = {box: Outbox(folder=at + options[box], partial=options["partial"]) for box in boxes}
    made: dict[str, Mailbox]
    if options["host"]:
        account = _account(options, tools.system.name, way)
        made = {
            box: SftpMailbox(account, inbox=inbox, outbox=outbox, allow=way.allow)
            for box, inbox in boxes.items()
        }
        beside = {box: SftpMailbox(account, outbox=one, allow=way.allow) for box, one in reports.items()}
    else:
        root = way.site / options["folder"]
        _make(root, options)
        made = {box: FolderMailbox(root, inbox=inbox, outbox=outbox) for box, inbox in boxes.items()}
        beside = {box: FolderMailbox(root, outbox=one) for box, one in reports.items()}
    return MailboxClient(made, beside)


def _inbox(options: Options, box: str) -> Inbox:
    prefix = f"{options['folder']}/" if options["host"] else ""
    return Inbox(
        folder=prefix + options["inbox"], marker=options["marker"] or "", settled_s=float(options["settled_s"]),
        archive=prefix + options[box], bytes_max=options["file_bytes_max"],
    )  # fmt: skip


def _make(root: Path, options: Options) -> None:
    for name in ("inbox", "outbox", "archive", "failed"):
        try:
            (root / options[name]).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"the folder {root / options[name]} cannot be made: {error.strerror}", path="folder",
                fix="make it, and let the hub write there",
            ) from None  # fmt: skip


def _account(options: Options, system: str, way: Way) -> Account:
    def secret(key: str) -> Any:
        name = options[key]
        if name is None:
            return None
        way.secret(name)  # a missing one is found at the start
        return lambda: way.secret(name)

    for key in ("user", "host_keys"):
        if not options[key]:
            raise Misconfigured(
                f"an SFTP server needs `{key}`", path=f"systems.{system}.{key}", fix=f"add `{key}`"
            )
    return Account(
        options["host"], options["user"], tuple(options["host_keys"]), port=options["port"],
        password=secret("password"), key=secret("key"), passphrase=secret("passphrase"),
    )  # fmt: skip


class MailboxClient:
    """Two folders, asked as if it were HTTP: GET / lists, GET reads, DELETE files away, PUT hands over.

    GET /?match=… lists one flow's files only. DELETE leaves its body beside the file, as the report on it.
    """

    def __init__(self, boxes: Mapping[str, Mailbox], reports: Mapping[str, Mailbox]) -> None:
        self._boxes = boxes
        self._reports = reports
        self._mailbox = boxes["archive"]

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One act. Raises what the mailbox raises."""
        path, _, query = path.partition("?")
        name, given = unquote(path.lstrip("/")), headers or {}
        if method == "PUT":
            await self._mailbox.hand_over(name, body)
            return Response(200, {}, f"handed over as {name}".encode())
        if method == "GET" and not name:
            match = unquote(query.removeprefix("match=")) or "*"
            waiting = [one for one in await self._mailbox.waiting() if fnmatchcase(one.name, match)]
            listed = [[one.name, str(one.size), repr(one.modified_s)] for one in waiting]
            return Response(200, {}, json.encode(listed))
        entry = Entry(name, int(given[SIZE_HEADER]), float(given[TIME_HEADER]))
        if method == "DELETE":
            box = given[BOX_HEADER]
            await self._boxes[box].done(entry)
            if body:
                await _placed(self._reports[box], name + REPORT_ENDING, body)
            return Response(200)
        return Response(200, {}, await self._mailbox.fetch(entry))

    async def close(self) -> None:
        """Ends what is open."""
        for mailbox in (*self._boxes.values(), *self._reports.values()):
            await mailbox.close()


async def _placed(mailbox: Mailbox, name: str, body: bytes) -> str:
    """The name under which a file is in place: its own, else with a number, never over another. Raises Rejected."""
    stem, dot, ending = name.partition(".")
    for number in range(1, _TWINS_MAX):
        numbered = name if number == 1 else f"{stem}-{number}{dot}{ending}"
        try:
            await mailbox.hand_over(numbered, body)
        except Rejected:  # one of that name with another content is there
            continue
        return numbered
    raise Rejected(
        f"the folder has {name} {_TWINS_MAX} times",
        path="name",
        value=name,
        fix="see that somebody takes them away",
    )
