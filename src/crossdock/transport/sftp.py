"""A mailbox on an SFTP server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.transport.address import Resolve, system_addresses
from crossdock.transport.mailbox import Entry, Inbox, Outbox, Watch, check_name
from crossdock.transport.own_thread import OwnThread
from crossdock.transport.sftp_session import Lost, Session
from crossdock.transport.ssh import Account, opened, permitted_address

Made = TypeVar("Made")

_CONNECTIONS_MAX = 4  # for one download that breaks off
_IDLE_MAX_S = 30.0  # after that a connection may be dead without anybody having told us


class SftpMailbox:
    """Keeps `transport.mailbox.Mailbox` on an SFTP server, over one connection at a time.

    The host key must be one of the pinned ones; none is ever taken on trust. A file is written under its
    partial name and renamed when the server has all of it. A download that breaks off goes on where it
    stopped, over a new connection. `timeout_s` bounds each answer of the server, `act_s` a whole act.
    """

    def __init__(
        self,
        account: Account,
        *,
        inbox: Inbox | None = None,
        outbox: Outbox | None = None,
        allow: tuple[IPv4Network | IPv6Network, ...] = (),
        resolve: Resolve = system_addresses,
        timeout_s: float = 20.0,
        act_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._inbox = inbox or Inbox()
        self._outbox = outbox or Outbox()
        self._watch = Watch(self._inbox)
        self._allow = allow
        self._resolve = resolve
        self._timeout_s = timeout_s
        self._act_s = act_s
        self._clock = clock
        self._session: Session | None = None
        self._used_s = 0.0
        self._thread = OwnThread("sftp", stop=self._drop)

    async def waiting(self) -> Sequence[Entry]:
        """The whole files that wait, the oldest first. Raises TryLater."""
        listed = await self._act(
            lambda session: session.names(self._inbox.folder, self._inbox.names_max), self._inbox.folder
        )
        return self._watch.whole(listed, self._clock())

    async def fetch(self, entry: Entry) -> bytes:
        """The bytes of one file. Raises TryLater, Rejected."""
        if entry.size > self._inbox.bytes_max:
            raise Rejected(
                f"{entry.name} has {entry.size:,} bytes; at most {self._inbox.bytes_max:,} are read",
                path=entry.name, fix="ask the partner for smaller files, or raise the limit",
            )  # fmt: skip
        content = bytearray()
        for left in range(_CONNECTIONS_MAX - 1, -1, -1):
            before = len(content)
            try:
                await self._act(
                    lambda session: self._fetched(session, entry, content), entry.name, path=entry.name
                )
                return bytes(content)
            except TryLater:
                if not left or len(content) == before:
                    raise  # nothing came over this connection: another one would not help
        raise AssertionError("the last connection raises or gives all")

    async def done(self, entry: Entry) -> None:
        """Takes a file out of the inbox. Raises TryLater."""
        await self._act(lambda session: self._taken_away(session, entry), entry.name, path=entry.name)

    async def hand_over(self, name: str, content: bytes) -> None:
        """Puts a file before the partner. Raises TryLater, InDoubt, Rejected, Invalid."""
        check_name(name)
        await self._act(lambda session: self._handed_over(session, name, content), name, may_show=True)

    async def holds(self, name: str, content: bytes) -> bool:
        """Whether the partner's folder has this file. Raises TryLater."""
        check_name(name)
        return await self._act(lambda session: self._there(session, name, content), name)

    async def close(self) -> None:
        """Ends the connection."""
        self._thread.close()

    async def _act(
        self, act: Callable[[Session], Made], what: str, *, path: str = "folder", may_show: bool = False
    ) -> Made:
        """One act over a connection that stands. Raises TryLater; InDoubt where the partner may see a part of it.

        What the server refuses is told of `path`: one file of the inbox, so that the others can be had, or all of it.
        """
        address = await permitted_address(self._account, self._allow, self._resolve)

        def acted() -> Made:
            try:
                return act(self._connected(address))
            except Lost as lost:
                raise TryLater(f"the connection to {self._account.host} broke: {lost}", path="host") from None
            except OSError as error:
                raise TryLater(
                    f"{self._account.host} says of {what}: {error.strerror or error}", path=path,
                    fix="see that the folder is there and that we may use it",
                ) from None  # fmt: skip
            finally:
                self._used_s = self._clock()

        try:
            return await self._thread.run(acted, within_s=self._act_s)
        except TimeoutError:
            says = f"{self._account.host} did not end within {self._act_s:g} s: {what}"
            raise (InDoubt if may_show else TryLater)(says, path="host") from None

    def _connected(self, address: str) -> Session:
        """The session in use, or a new one. Raises TryLater."""
        session = self._session
        if session is not None and session.alive and self._clock() - self._used_s < _IDLE_MAX_S:
            return session
        self._drop()
        self._session = session = opened(self._account, address, self._timeout_s)
        return session

    def _drop(self) -> None:
        """Ends the connection; whoever waits for an answer over it hears that it broke."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _fetched(self, session: Session, entry: Entry, content: bytearray) -> None:
        folder = self._inbox.folder
        if session.seen(folder, entry.name) != entry:
            raise TryLater(f"{entry.name} is not the file that was listed", path=entry.name)
        session.read_on(folder, entry, content)
        if len(content) != entry.size or session.seen(folder, entry.name) != entry:
            content.clear()
            raise TryLater(f"{entry.name} changed while it was read", path=entry.name)

    def _taken_away(self, session: Session, entry: Entry) -> None:
        folder, archive = self._inbox.folder, self._inbox.archive
        if session.seen(folder, entry.name) == entry:
            if archive:
                session.rename(folder, entry.name, archive, _free(session, archive, entry.name))
            else:
                session.remove(folder, entry.name)
        if self._inbox.marker and not session.exists(folder, entry.name):
            session.remove(folder, entry.name + self._inbox.marker)

    def _handed_over(self, session: Session, name: str, content: bytes) -> None:
        folder, partial = self._outbox.folder, self._outbox.partial_name(name)
        if session.exists(folder, name):
            if not self._there(session, name, content):
                raise Rejected(
                    f"the partner's folder has another file {name}", path="name", value=name,
                    fix="see whether the partner still needs it; then hand the document over under a new name",
                )  # fmt: skip
        else:
            session.write(folder, partial, content)
            self._renamed(session, folder, partial, name)
        if self._outbox.marker:
            self._marked(session, folder, name)

    def _renamed(self, session: Session, folder: str, partial: str, name: str) -> None:
        """The one step that the partner sees. Raises InDoubt when its answer is missing."""
        try:
            session.rename(folder, partial, folder, name)
        except Lost as lost:
            raise InDoubt(
                f"{self._account.host} was asked to put {name} in place and did not answer: {lost}",
                path="name",
            ) from None

    def _marked(self, session: Session, folder: str, name: str) -> None:
        """Puts the marker beside the file. Raises InDoubt: the file itself is in place."""
        try:
            session.write(folder, name + self._outbox.marker, b"")
        except (Lost, OSError) as error:
            raise InDoubt(f"{name} is in place without its marker: {error}", path="name") from None

    def _there(self, session: Session, name: str, content: bytes) -> bool:
        """Whether the partner's folder has this file with this content."""
        found = session.seen(self._outbox.folder, name)
        if found is None:
            session.check_folder(self._outbox.folder)  # else "not there" would say more than we know
        if found is None or found.size != len(content):
            return False
        there = bytearray()
        session.read_on(self._outbox.folder, found, there)
        return bytes(there) == content


def _free(session: Session, folder: str, name: str) -> str:
    """The name, or with a number behind it when the archive has one like it. Raises OSError."""
    for number in range(1000):
        candidate = f"{name}.{number}" if number else name
        if not session.exists(folder, candidate):
            return candidate
    raise OSError(f"the archive has {name} a thousand times")
