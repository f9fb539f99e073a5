"""How interchanges travel: mailboxes and AS2 behind the one interface that the pipeline speaks through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from crossdock.connectors.edi.mdns import AWAITED
from crossdock.connectors.edi.poller import SIZE_HEADER, TIME_HEADER
from crossdock.connectors.edi.writer import NAME_HEADER, SET_HEADER
from crossdock.faults import Fault, InDoubt, Misconfigured, TryLater
from crossdock.formats import json
from crossdock.formats.edi.profile import Profile
from crossdock.kit.connector import Way
from crossdock.kit.http import Client, Response
from crossdock.transport.as2 import profile as as2
from crossdock.transport.as2.certificates import Certificate, OwnKey, certificates_of, own_key
from crossdock.transport.as2.outgoing import message_id, outgoing
from crossdock.transport.as2.report import Standing, judge
from crossdock.transport.as2.sending import overdue, send
from crossdock.transport.folder import FolderMailbox
from crossdock.transport.mailbox import Entry, Inbox, Mailbox, Outbox
from crossdock.transport.sftp import SftpMailbox
from crossdock.transport.ssh import Account

Settings = Mapping[str, Any]


def client_for(profile: Profile, way: Way) -> Client | None:
    """What carries a partner's interchanges; None where none is agreed on. Raises Misconfigured."""
    settings = profile.carriage.settings
    match profile.carriage.type:
        case "folder":
            return MailboxClient(_folder(settings, way.site))
        case "sftp":
            return MailboxClient(_sftp(settings, way))
        case "as2":
            return As2Client(as2_partner(profile, way), way)
        case _:
            return None


def _boxes(settings: Settings) -> tuple[Inbox, Outbox]:
    marker = settings["marker"] or ""
    inbox = Inbox(
        folder=settings["inbox"], match=settings["match"], marker=marker, settled_s=settings["settled_s"],
        archive=settings["archive"] or "",
    )  # fmt: skip
    return inbox, Outbox(folder=settings["outbox"], partial=settings["partial"], marker=marker)


def _folder(settings: Settings, site: Path) -> FolderMailbox:
    inbox, outbox = _boxes(settings)
    root = site / settings["root"]
    for folder in (inbox.folder, outbox.folder, inbox.archive):
        if folder:
            try:
                (root / folder).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Misconfigured(
                    f"the folder {root / folder} cannot be made: {error.strerror}", path="transport.root",
                    fix="make it, and let the hub write there",
                ) from None  # fmt: skip
    return FolderMailbox(root, inbox=inbox, outbox=outbox)


def _sftp(settings: Settings, way: Way) -> SftpMailbox:
    inbox, outbox = _boxes(settings)

    def secret(key: str) -> Any:
        name = settings[key]
        if name is None:
            return None
        way.secret(name)  # a missing one is found at the start
        return lambda: way.secret(name)

    account = Account(
        settings["host"], settings["user"], tuple(settings["host_keys"]), port=settings["port"],
        password=secret("password"), key=secret("key"), passphrase=secret("passphrase"),
    )  # fmt: skip
    return SftpMailbox(account, inbox=inbox, outbox=outbox, allow=way.allow)


class MailboxClient:
    """A mailbox, asked as if it were HTTP: GET / lists, GET reads, DELETE takes away, PUT hands over."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One act. Raises what the mailbox raises."""
        name = unquote(path.lstrip("/"))
        if method == "PUT":
            await self._mailbox.hand_over(name, body)
            return Response(200, {}, f"handed over as {name}".encode())
        if method == "GET" and not name:
            waiting = await self._mailbox.waiting()
            listed = [[one.name, str(one.size), repr(one.modified_s)] for one in waiting]
            return Response(200, {}, json.encode(listed))
        given = headers or {}
        entry = Entry(name, int(given[SIZE_HEADER]), float(given[TIME_HEADER]))
        if method == "DELETE":
            await self._mailbox.done(entry)
            return Response(200)
        return Response(200, {}, await self._mailbox.fetch(entry))

    async def close(self) -> None:
        """Ends what is open."""
        await self._mailbox.close()


def as2_partner(profile: Profile, way: Way) -> as2.Partner:
    """The partnership as the transport knows it. Raises Misconfigured."""
    settings = profile.carriage.settings
    try:
        keys = tuple(_own_key(name, way) for name in settings["our_keys"])
        pinned = tuple(one for name in settings["certificates"] for one in _certificates(name, profile, way))
        return as2.Partner(
            us=settings["as2_us"], them=settings["as2_them"], keys=keys, certificates=pinned, url=settings["url"],
            sign="" if settings["sign"] == "none" else settings["sign"],
            encrypt="" if settings["encrypt"] == "none" else settings["encrypt"],
            compress=as2.Compress(settings["compress"]), mdn=as2.MdnMode(settings["mdn"]),
            mdn_signed=settings["mdn_signed"], mdn_url=settings["mdn_url"] or "",
            require_signed=settings["require_signed"], require_encrypted=settings["require_encrypted"],
            legacy=frozenset(settings["legacy"]), mdn_hosts=frozenset(settings["mdn_hosts"]),
        )  # fmt: skip
    except Misconfigured as fault:
        raise Misconfigured(
            fault.says, file=profile.file, path=f"transport.{fault.path}", fix=fault.fix
        ) from None


def _own_key(name: str, way: Way) -> OwnKey:
    """A key and its certificate, both PEM, one behind the other in one secret."""
    both = way.secret(name).encode()
    return own_key(both, both[max(both.find(b"-----BEGIN CERTIFICATE"), 0) :], path=f"our_keys ({name})")


def _certificates(name: str, profile: Profile, way: Way) -> tuple[Certificate, ...]:
    path = way.site / "partners" / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"partners/{name} cannot be read: {error.strerror}", path="certificates",
            fix=f"put the certificate of {profile.name} there",
        ) from None  # fmt: skip
    return certificates_of(data, path=f"certificates ({name})")


class As2Client:
    """One partner's AS2 address: a request is done when its MDN says so."""

    def __init__(self, partner: as2.Partner, way: Way) -> None:
        self._partner = partner
        self._way = way
        self._http = way.http(partner.url)

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One message. Raises TryLater, InDoubt, Rejected by its MDN."""
        del method, path
        given, now = headers or {}, self._way.now()
        message = outgoing(
            body, self._partner, message_id=message_id(given.get("crossdock-key", ""), self._partner.us), now=now,
            entropy=self._way.entropy, content_type=given.get("content-type", "application/octet-stream"),
            filename=given.get(NAME_HEADER, ""), subject=f"EDI {given.get(SET_HEADER, '')}".strip(),
        )  # fmt: skip
        try:
            verdict = await send(self._http, message, self._partner, now=now)
        except TryLater:
            raise
        except InDoubt as doubt:
            raise InDoubt(doubt.says, value=message.expected.message_id) from None
        if verdict.standing is Standing.WAITING:
            mdn = await AWAITED.of(message.expected, self._partner.mdn_within_s)
            verdict = overdue(message.expected) if mdn is None else judge(mdn, message.expected)
        if verdict.standing is Standing.DONE:
            return Response(200, {}, verdict.says.encode())
        fault: Fault | None = verdict.fault
        assert fault is not None, "what is neither done nor waiting has a fault"
        raise fault

    async def close(self) -> None:
        """Ends all connections."""
        await self._http.close()
