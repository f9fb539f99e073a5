"""`crossdock up`: runs the hub until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import os
import signal
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import structlog
import uvloop

from crossdock.api.app import App
from crossdock.assembly import Hub
from crossdock.cli import whereabouts, workers
from crossdock.cli.hosts import WHY_A_NAME, others_called, told
from crossdock.console.site import Console
from crossdock.control.logs import log_to_stderr
from crossdock.faults import Misconfigured
from crossdock.journal.contract import StoreDown
from crossdock.journal.sqlite.schema import connect
from crossdock.settings import Settings, secrets_from

_log = structlog.get_logger("crossdock.up")


def run(settings: Settings) -> int:
    """Runs the hub, in one process or in several; the exit status.

    Raises Misconfigured before anything is listened to.
    """
    if settings.workers == 1:
        return run_one(settings)
    log_to_stderr(settings.log)
    _must_be_free(settings)
    try:
        return uvloop.run(workers.serve(settings, lambda url: _tell(settings, url)))
    finally:
        whereabouts.forget(settings)


def run_one(settings: Settings, *, lifeline: int | None = None) -> int:
    """Runs one hub process; the exit status. `lifeline`: it ends when this descriptor does, with its parent."""
    log_to_stderr(settings.log)
    for warning in settings.warnings:
        print(f"crossdock: UNSAFE: {warning}", file=sys.stderr)
    try:
        return uvloop.run(_serve(settings, lifeline))
    except StoreDown as down:
        if (cause := _damage(down)) is not None:
            raise damaged(settings.sqlite_path, cause) from None
        _log.error("the hub did not start, since its store does not answer; start it again", says=str(down))
        return 1
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise damaged(settings.sqlite_path, error) from None


def _must_be_whole(settings: Settings) -> None:
    """Before anything is opened for writing: SQLite can read the store. Raises Misconfigured."""
    if settings.is_shared:
        return  # the server has looked at its own files
    path = settings.sqlite_path
    if not path.exists():
        return
    try:
        with closing(connect(path, read_only=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> Misconfigured:
    """What is said of a store that SQLite cannot read."""
    fix = "`crossdock audit verify` says where; move the file away, then `crossdock restore` a backup"
    # Wrong until somebody mends it, as a wrong setting is: the service is not started again.
    return Misconfigured(f"the store {path} is damaged: {error}", path="CROSSDOCK_DATABASE", fix=fix)


def _damage(down: StoreDown) -> Exception | None:
    """What SQLite says of a file that it cannot read; None where the file may be whole."""
    cause = down.__cause__
    if isinstance(cause, sqlite3.DatabaseError) and not isinstance(cause, sqlite3.OperationalError):
        return cause
    return None


def _must_be_free(settings: Settings) -> None:
    """Before anything is sent: the address can be listened on. Raises Misconfigured."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        why, fix = _why_not(error, settings.host)
        says = f"the hub cannot listen on {settings.host}:{settings.port}: {why}"
        raise Misconfigured(says, path="listen", fix=fix) from None


def _why_not(error: OSError, host: str) -> tuple[str, str]:
    """Why an address cannot be listened on, and what to do."""
    if isinstance(error, socket.gaierror):
        return f"no machine is called {host}", "give an address of this machine by --listen"
    match error.errno:
        case errno.EADDRNOTAVAIL:
            why = f"{host} is no address of this machine"
            return why, "give 127.0.0.1 for this machine alone, 0.0.0.0 for all, by --listen"
        case errno.EACCES:
            return "ports below 1024 are for administrators", "give a higher port by --listen"
        case errno.EADDRINUSE:
            return "something listens there already", "end it, or give another address by --listen"
        case _:
            return error.strerror or str(error), "give another address by --listen"


def _tell(settings: Settings, url: str) -> None:
    """Says once that the hub is ready, to whoever started it and to the commands beside it."""
    if not settings.shares_port:
        whereabouts.note(settings, url)
    try:
        print(json.dumps({"ready": True, "url": url, "pid": os.getpid()}), flush=True)
    except OSError:
        # Whoever started us reads no more: no reason to end with callers at the door. The rest goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _serve(settings: Settings, lifeline: int | None) -> int:
    _must_be_whole(settings)
    secrets = secrets_from(os.environ, settings.secrets_dir)
    hub = Hub(settings, secrets)
    if not settings.shares_port:
        _must_be_free(settings)
    app = App(hub, None if settings.console == "off" else Console(settings.console, secrets), secrets)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _orphaned, loop, lifeline, stop)
    url = await app.start()
    # What is loaded now stays for good; collecting it again and again only costs time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    if settings.is_shared:
        await _look_for_namesakes(hub, settings)
    _tell(settings, url)
    ended = loop.create_task(app.ended.wait())
    stopped = loop.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    whereabouts.forget(settings)
    if app.lost is not None:
        fix = "start it again once the store is in its place; a restore wants a hub that is stopped"
        print(f"crossdock: {app.lost}; {fix}", file=sys.stderr)
    await app.stop()
    return 0 if stop.is_set() else 1


async def _look_for_namesakes(hub: Hub, settings: Settings) -> None:
    """Warns where another process has our name: the work goes on, but people cannot tell us apart."""
    with suppress(StoreDown):  # the hub itself says that, and goes on trying
        others = await hub.journal.view(lambda c: others_called(c, settings.host_id))
        if others:
            fix = f"{WHY_A_NAME}; give each its own by --host-id"
            _log.warning(
                "others are called as this host", host=settings.host_id, others=told(others), fix=fix
            )


def _orphaned(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    """The parent is gone, however it ended."""
    loop.remove_reader(lifeline)
    stop.set()
