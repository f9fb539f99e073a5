"""Tryton's environment and its filled database, built once and kept under `var/tryton/`.

    env-<key>/        virtual environment with the locked versions
    snapshot-<key>/   erp.sqlite, passwords.json

Each key is a digest of what the thing is made from, so that a change makes a new one. Needs
python3 with venv and pip, nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.tryton import seed
from demo.tryton.process import DATABASE, Process, configure
from demo.tryton.rpc import Erp

HERE = Path(__file__).parent
HOME = HERE.parents[1] / "var" / "tryton"
LOCK = HERE / "requirements.lock"
MODULES = (
    "sale", "purchase", "stock_lot", "stock_lot_sled", "product_kit", "carrier", "stock_package",
    "stock_package_shipping", "sale_shipment_cost", "stock_shipment_measurements", "web_shop",
)  # fmt: skip
INSTALL_S = 600


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A filled database to copy from, and who may log in."""

    python: Path  #: the interpreter of Tryton's environment
    database: Path
    admin_password: str
    hub_password: str


def ready(tell: Callable[[str], None] | None = None, home: Path = HOME) -> Snapshot:
    """The snapshot, built if it is not there yet; several processes may ask at once."""
    told = tell or (lambda says: print(f"tryton: {says}", file=sys.stderr, flush=True))
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home / "lock"):
        environment = _environment(home, told)
        folder = _filled(home, environment, told)
    passwords = json.loads((folder / "passwords.json").read_text())
    return Snapshot(environment / "bin" / "python", folder / f"{DATABASE}.sqlite", **passwords)


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy; the bare file may lag behind its write-ahead log."""
    for leftover in (target, target.with_name(target.name + "-wal"), target.with_name(target.name + "-shm")):
        leftover.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as one,
        contextlib.closing(sqlite3.connect(target)) as other,
    ):
        one.backup(other)


def _environment(home: Path, tell: Callable[[str], None]) -> Path:
    folder = home / f"env-{_digest(LOCK.read_bytes(), sys.version.encode())}"
    if (folder / "complete").exists():
        return folder
    started = time.monotonic()
    tell("installing Tryton 8.2 into an environment of its own")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _run([*pip, "--no-deps", "-r", str(LOCK)])
    (folder / "complete").touch()
    tell(f"installed in {time.monotonic() - started:.0f} s")
    return folder


def _filled(home: Path, environment: Path, tell: Callable[[str], None]) -> Path:
    made_from = [LOCK, HERE / "seed.py", HERE / "snapshot.py"]
    folder = home / f"snapshot-{_digest(*(path.read_bytes() for path in made_from))}"
    if (folder / "passwords.json").exists():
        return folder
    started = time.monotonic()
    building = home / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    admin, hub = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
    tell(f"creating the database with {len(MODULES)} modules")
    _create_database(building, environment, admin)
    tell(f"database created after {time.monotonic() - started:.0f} s")
    _fill(building, environment, admin, hub, tell)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy_database(building / f"{DATABASE}.sqlite", folder / f"{DATABASE}.sqlite")
    passwords = folder / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({"admin_password": admin, "hub_password": hub}))
    shutil.rmtree(building)
    tell(f"filled and kept after {time.monotonic() - started:.0f} s")
    return folder


def _create_database(folder: Path, environment: Path, admin_password: str) -> None:
    (folder / f"{DATABASE}.sqlite").touch()  # trytond wants the file to exist
    (folder / "admin").write_text(admin_password)
    config = configure(folder, 0)
    _run(
        [str(environment / "bin" / "python"), str(environment / "bin" / "trytond-admin"), "-c", str(config),
         "-d", DATABASE, "--email", "admin@example.com", "--activate-dependencies", "-u", *MODULES],
        TRYTONPASSFILE=str(folder / "admin"),
    )  # fmt: skip


def _fill(folder: Path, environment: Path, admin: str, hub: str, tell: Callable[[str], None]) -> None:
    process = Process(environment / "bin" / "python", folder)
    try:
        url = process.start()
        seed.seed(Erp(url, DATABASE, "admin", admin), hub, tell)
    finally:
        process.stop()


def _run(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} … ended with {done.returncode}:\n{done.stderr[-2_000:]}")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
