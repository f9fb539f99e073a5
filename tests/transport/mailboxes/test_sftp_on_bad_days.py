"""What an SFTP mailbox says when the server is another one, breaks off, falls silent or lies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator

import paramiko
import pytest

from crossdock.faults import InDoubt, Misconfigured, TryLater
from crossdock.transport.mailbox import Entry, Inbox, Outbox
from crossdock.transport.sftp import SftpMailbox
from crossdock.transport.ssh import Account
from tests.harness.ports import free_port
from tests.transport.mailboxes.conftest import LOOPBACK, account
from tests.transport.mailboxes.scripted_sftp import ScriptedSftp, well

CONTENT = os.urandom(1_500_000)
FINAL, PARTIAL = "/out/out.edi", "/out/.out.edi.part"


@pytest.fixture
def server() -> Iterator[ScriptedSftp]:
    with ScriptedSftp() as running:
        yield running


@contextlib.asynccontextmanager
async def mailbox(server: ScriptedSftp, *, timeout_s: float = 5.0, **settings: object):
    options = {key: settings.pop(key) for key in ("allow", "act_s", "clock", "resolve") if key in settings}
    given = {"host": "127.0.0.1", "port": server.port, "user": "us", "host_keys": (server.host_key,),
             "password": lambda: "secret"}  # fmt: skip
    box = SftpMailbox(
        Account(**{**given, **settings}),  # type: ignore[arg-type]
        inbox=Inbox(folder="/in"), outbox=Outbox(folder="/out"), timeout_s=timeout_s,
        **{"allow": LOOPBACK, **options},  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        yield box
    finally:
        await box.close()


def once(act: str, then) -> object:
    """A script that does something at the first such act, and everything else well."""
    seen = list[str]()

    def script(server: ScriptedSftp, done: str, path: str) -> int | None:
        if done == act and not seen:
            seen.append(act)
            return then(server)
        return None

    return script


# -- who it is ----------------------------------------------------------------------------------


async def test_nothing_is_told_to_a_host_whose_key_is_not_pinned(server):
    other = paramiko.ECDSAKey.generate()
    async with mailbox(server, host_keys=(f"{other.get_name()} {other.get_base64()}",)) as box:
        with pytest.raises(TryLater, match="not pinned") as later:
            await box.hand_over("out.edi", CONTENT)
    assert server.sign_ins == 0
    assert later.value.path == "host_keys"
    async with mailbox(server) as box:  # the control: the right key is pinned
        await box.hand_over("out.edi", CONTENT)
    assert server.files == {FINAL: CONTENT}


async def test_an_old_and_a_new_host_key_overlap_and_a_fingerprint_will_do(server):
    other = paramiko.ECDSAKey.generate()
    line = f"{other.get_name()} {other.get_base64()}"
    fingerprint = server.host_keys[0].fingerprint
    for pinned in ((line, server.host_key), (fingerprint,)):
        async with mailbox(server, host_keys=pinned) as box:
            assert await box.waiting() == []


@pytest.mark.parametrize(
    "pinned", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!", "SHA256:short", "MD5:aa:bb"]
)
def test_what_is_no_host_key_is_refused_when_the_site_is_read(pinned):
    with pytest.raises(Misconfigured) as wrong:
        Account("host", "us", (pinned,), password=lambda: "x")
    assert wrong.value.path == "host_keys"


def test_an_account_without_pins_or_secrets_is_refused():
    with pytest.raises(Misconfigured, match="no host key is pinned"):
        Account("host", "us", (), password=lambda: "x")
    with pytest.raises(Misconfigured, match="neither"):
        Account("host", "us", ("SHA256:" + "x" * 43,))


async def test_a_server_with_keys_of_two_kinds_proves_the_one_that_is_pinned(sshd):
    rsa = " ".join((sshd.home / "host_rsa.pub").read_text().split()[:2])
    for line in (rsa, sshd.host_key):
        box = SftpMailbox(
            account(sshd, host_keys=(line,)), inbox=Inbox(folder=str(sshd.folder("in"))), allow=LOOPBACK
        )
        assert await box.waiting() == []
        await box.close()


async def test_a_sign_in_that_is_refused_is_waited_for(server):
    for settings in ({"password": lambda: "wrong"}, {"key": lambda: "no key", "password": None}):
        async with mailbox(server, **settings) as box:
            with pytest.raises(TryLater) as later:
                await box.waiting()
            assert later.value.path == "auth"
            assert "wrong" not in str(later.value)


async def test_a_server_may_want_key_and_password(server, sshd):
    server.also_key = True
    async with mailbox(server) as box:
        with pytest.raises(TryLater):
            await box.waiting()
    async with mailbox(server, key=lambda: sshd.client_key) as box:
        assert await box.waiting() == []


async def test_only_addresses_that_the_charter_allows_are_called(server):
    async with mailbox(server, allow=()) as box:
        with pytest.raises(TryLater, match="does not allow"):
            await box.waiting()
    assert server.connections == 0


async def test_a_name_without_address_is_waited_for(server):
    async def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async with mailbox(server, host="sftp.test", resolve=nobody) as box:
        with pytest.raises(TryLater, match=r"sftp\.test has no address"):
            await box.waiting()


async def test_a_port_where_nobody_listens_is_waited_for(server):
    async with mailbox(server, port=free_port()) as box:
        with pytest.raises(TryLater, match="cannot be reached"):
            await box.waiting()


# -- downloads ----------------------------------------------------------------------------------


def cut_every(reads: int):
    """A script that hangs up after so many reads on each connection."""

    def script(server: ScriptedSftp, act: str, path: str) -> int | None:
        if act == "read" and sum(1 for done, _ in server.acts if done == "read") % reads == 0:
            server.hang_up()
        return None

    return script


async def test_a_download_that_breaks_off_goes_on_where_it_stopped(server):
    server.files["/in/a.edi"] = CONTENT
    server.script = cut_every(30)
    async with mailbox(server) as box:
        (entry,) = await box.waiting()
        assert await box.fetch(entry) == CONTENT
    assert server.connections == 1 + server.cuts > 1
    assert server.read_at.count(0) < server.connections  # it did not begin anew each time


async def test_a_download_that_does_not_get_on_ends(server):
    server.files["/in/a.edi"] = CONTENT
    server.script = cut_every(1)
    async with mailbox(server) as box:
        with pytest.raises(TryLater, match="broke"):
            await box.fetch(Entry("a.edi", len(CONTENT), 1_000.0))
    assert server.connections <= 4


async def test_a_file_that_changes_between_two_halves_is_not_put_together(server):
    server.files["/in/a.edi"] = CONTENT

    def change(server: ScriptedSftp) -> None:
        server.hang_up()
        server.files["/in/a.edi"] = bytes(len(CONTENT))
        server.modified_s += 1

    server.script = lambda running, act, path: (
        change(running) if act == "read" and len(running.acts) == 30 else None
    )
    async with mailbox(server) as box:
        (entry,) = await box.waiting()
        # A cut takes along what lies unread: where that was all, nobody asks again before the next look.
        with pytest.raises(TryLater, match=r"not the file that was listed|broke"):
            await box.fetch(entry)
        with pytest.raises(TryLater, match="not the file that was listed"):
            await box.fetch(entry)


async def test_a_file_that_is_shorter_than_listed_is_not_taken(server):
    server.files["/in/a.edi"] = CONTENT

    def shorten(server: ScriptedSftp) -> None:
        server.files["/in/a.edi"] = CONTENT[:1000]

    server.script = once("read", shorten)
    async with mailbox(server) as box:
        (entry,) = await box.waiting()
        with pytest.raises(TryLater, match="changed"):
            await box.fetch(entry)


async def test_names_by_which_a_server_would_lead_us_away_are_passed_over(server):
    server.files["/in/a.edi"] = b"x"
    server.extra_names = ("../../etc/passwd", "/etc/passwd", "..", "a/b", "c\\d", "e\nf")
    async with mailbox(server) as box:
        assert [one.name for one in await box.waiting()] == ["a.edi"]


# -- hand-over ----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["list", "stat", "open", "write"])
async def test_what_breaks_before_the_last_step_shows_nothing_to_the_partner(server, act):
    server.script = once(act, lambda running: running.hang_up())
    async with mailbox(server) as box:
        with pytest.raises(TryLater):
            await (box.waiting() if act == "list" else box.hand_over("out.edi", CONTENT))
        assert FINAL not in server.files
        await box.hand_over("out.edi", CONTENT)  # and it goes on by itself
    assert server.files == {FINAL: CONTENT}


@pytest.mark.parametrize(("act", "arrived"), [("posix_rename", False), ("posix_renamed", True)])
async def test_what_breaks_at_the_last_step_is_in_doubt_and_can_be_asked(server, act, arrived):
    server.script = once(
        act, lambda running: running.hang_up() or (None if arrived else paramiko.SFTP_FAILURE)
    )
    async with mailbox(server) as box:
        with pytest.raises(InDoubt, match="did not answer"):
            await box.hand_over("out.edi", CONTENT)
        assert await box.holds("out.edi", CONTENT) is arrived
        await box.hand_over("out.edi", CONTENT)
    assert server.files == {FINAL: CONTENT}
    assert sum(1 for one, _ in server.acts if one == "posix_rename") == (1 if arrived else 2)


async def test_silence_at_the_last_step_is_in_doubt_after_the_time_limit(server):
    server.script = once("posix_rename", lambda running: running.silence())
    async with mailbox(server, timeout_s=0.3) as box:
        with pytest.raises(InDoubt):
            await box.hand_over("out.edi", b"x")


async def test_silence_before_is_only_later_and_a_whole_act_has_its_limit_too(server):
    server.script = once("write", lambda running: running.silence())
    async with mailbox(server, timeout_s=0.3) as box:
        with pytest.raises(TryLater):
            await box.hand_over("out.edi", b"x")
    server.script = once("write", lambda running: running.silence())
    async with mailbox(server, timeout_s=60, act_s=0.3) as box:
        with pytest.raises(TryLater):
            await box.hand_over("out.edi", b"x")
    assert FINAL not in server.files


async def test_a_server_without_atomic_rename_is_asked_for_the_plain_one(server):
    server.script = lambda running, act, path: paramiko.SFTP_OP_UNSUPPORTED if act == "posix_rename" else None
    async with mailbox(server) as box:
        await box.hand_over("out.edi", CONTENT)
    assert server.files == {FINAL: CONTENT}
    assert ("rename", FINAL) in server.acts


@pytest.mark.parametrize("act", ["open", "write", "posix_rename"])
@pytest.mark.parametrize("status", [paramiko.SFTP_FAILURE, paramiko.SFTP_PERMISSION_DENIED])
async def test_a_servers_no_is_no_doubt(server, act, status):
    server.script = lambda running, done, path: status if done == act else None
    async with mailbox(server) as box:
        with pytest.raises(TryLater, match="says of out.edi"):
            await box.hand_over("out.edi", CONTENT)
        assert FINAL not in server.files
        server.script = well
        await box.hand_over("out.edi", CONTENT)
    assert server.connections == 1


async def test_a_file_that_the_server_does_not_give_is_named(server):
    server.files["/in/a.edi"] = CONTENT
    server.script = lambda running, done, path: paramiko.SFTP_PERMISSION_DENIED if done == "open" else None
    async with mailbox(server) as box:
        (listed,) = await box.waiting()
        with pytest.raises(TryLater, match="says of a.edi") as later:
            await box.fetch(listed)
        assert later.value.path == "a.edi"


async def test_a_server_that_keeps_less_than_it_was_given_gets_no_rename(server):
    def lose(running: ScriptedSftp, act: str, path: str) -> None:
        if act == "stat" and path == PARTIAL:
            running.files[PARTIAL] = running.files[PARTIAL][:-1]

    server.script = lose
    async with mailbox(server) as box:
        with pytest.raises(TryLater, match="1499999 of 1500000"):
            await box.hand_over("out.edi", CONTENT)
    assert FINAL not in server.files


async def test_an_act_that_is_cancelled_leaves_nothing_half_and_the_next_one_works(server):
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(running: ScriptedSftp) -> None:
        loop.call_soon_threadsafe(reached.set)
        running.silence()

    server.script = once("write", wait)
    async with mailbox(server) as box:
        under_way = asyncio.create_task(box.hand_over("out.edi", CONTENT))
        await reached.wait()
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        assert FINAL not in server.files
        await box.hand_over("out.edi", CONTENT)
    assert server.files[FINAL] == CONTENT


async def test_a_connection_is_used_again_but_not_when_it_was_long_idle(server):
    now = [0.0]
    async with mailbox(server, clock=lambda: now[0]) as box:
        await box.waiting()
        now[0] = 29.0
        await box.waiting()
        assert server.connections == 1
        now[0] = 60.0
        await box.waiting()
        assert server.connections == 2


async def test_a_server_that_restarts_is_found_again(sshd):
    folder = sshd.folder("out")
    box = SftpMailbox(account(sshd), outbox=Outbox(folder=str(folder)), allow=LOOPBACK)
    await box.hand_over("one.edi", b"1")
    sshd.restart()
    try:
        await box.hand_over("two.edi", b"2")
    except TryLater:  # told only when it was tried; nothing was shown
        assert not (folder / "two.edi").exists()
        await box.hand_over("two.edi", b"2")
    await box.close()
    assert sorted(path.name for path in folder.iterdir()) == ["one.edi", "two.edi"]


async def test_a_server_that_takes_no_key_gets_the_password(server, sshd):
    async with mailbox(server, key=lambda: sshd.client_key) as box:
        assert await box.waiting() == []
    assert server.sign_ins == 2


async def test_a_mailbox_that_is_closed_takes_no_act(server):
    async with mailbox(server) as box:
        await box.waiting()
    with pytest.raises(TryLater, match="closed"):
        await box.waiting()
