"""A local folder and a real OpenSSH server, each with folders that a test can look into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from crossdock.transport.folder import FolderMailbox
from crossdock.transport.mailbox import Inbox, Mailbox, Outbox
from crossdock.transport.sftp import SftpMailbox
from crossdock.transport.ssh import Account
from tests.peers.cache import NotToBeHadError
from tests.peers.sshd import Sshd

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class World:
    """The partner's folders as the test sees them, and a way to open a mailbox on them."""

    inbox: Path
    outbox: Path
    archive: Path
    open: Callable[..., Mailbox]
    now_s: float = 0.0


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    """A real server."""
    try:
        with Sshd() as running:
            yield running
    except NotToBeHadError as error:
        pytest.skip(f"no OpenSSH server here: {error}")


def account(sshd: Sshd, **settings: object) -> Account:
    """What the charter would say of the server."""
    given = {
        "host": sshd.host, "port": sshd.port, "user": sshd.user, "host_keys": (sshd.host_key,),
        "key": lambda: sshd.client_key,
    }  # fmt: skip
    return Account(**{**given, **settings})  # type: ignore[arg-type]


@pytest.fixture(params=["folder", "sftp"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Each kind of mailbox in turn."""
    opened: list[Mailbox] = []
    server: Sshd | None = request.getfixturevalue("sshd") if request.param == "sftp" else None

    def place(name: str) -> Path:
        if server is not None:
            return server.folder(name)
        (tmp_path / name).mkdir()
        return tmp_path / name

    def make(inbox: Inbox | None = None, outbox: Outbox | None = None) -> Mailbox:
        ours = replace(inbox or Inbox(), folder=str(found.inbox))
        if ours.archive:
            ours = replace(ours, archive=str(found.archive))
        theirs = replace(outbox or Outbox(), folder=str(found.outbox))

        def clock() -> float:
            return found.now_s

        box: Mailbox
        if server is not None:
            box = SftpMailbox(account(server), inbox=ours, outbox=theirs, allow=LOOPBACK, clock=clock)
        else:
            box = FolderMailbox(tmp_path, inbox=ours, outbox=theirs, clock=clock)
        opened.append(box)
        return box

    found = World(place("in"), place("out"), place("archive"), make)
    yield found
    for one in opened:
        await one.close()
