"""A backup as one file: what it holds, the files of the site and the store, each under its digest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

import zstandard

from crossdock.faults import Misconfigured

_MANIFEST = "manifest.json"
_VERSION = 1
_CHUNK = 1 << 20
_MANIFEST_BYTES_MAX = 1 << 20
#: Where the members of an archive may lie.
STORE, SITE = "store/", "site/"
#: Called with the bytes done so far and all of them.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. Times are milliseconds since 1970."""

    made_ms: int
    site: str
    code: str  #: version of the hub that made it
    store: str  #: sqlite or postgresql
    schema: int
    position: int  #: of the last ledger entry in it
    head: str  #: digest over the heads of all chains there; empty when the backup was not verified
    files: Mapping[str, tuple[int, str]]  #: name -> bytes, SHA-256


def write(target: Path, manifest: Manifest, members: Mapping[str, Path], progress: Progress) -> Manifest:
    """Packs the members; gives the manifest with their digests.

    The file appears whole under its name or not at all, readable by its owner only. Raises
    Misconfigured when there is a file already.
    """
    if target.exists():
        raise Misconfigured("there is a file already", file=str(target), fix="give the backup another name")
    files = {name: (path.stat().st_size, _digest(path)) for name, path in sorted(members.items())}
    whole = replace(manifest, files=files)
    told = json.dumps({"crossdock_backup": _VERSION, **asdict(whole)}, indent=1).encode()
    partial = target.with_name(f".{target.name}.partial")
    done, all_ = 0, sum(size for size, _ in files.values())
    try:
        with partial.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            with (
                zstandard.ZstdCompressor(level=3, threads=-1).stream_writer(file, closefd=False) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                _add(tar, _MANIFEST, len(told), io.BytesIO(told))
                for name, (size, _) in files.items():
                    with members[name].open("rb") as member:
                        _add(tar, name, size, member)
                    done += size
                    progress(done, all_)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return whole


def manifest_of(archive: Path) -> Manifest:
    """What a backup says that it holds. Raises Misconfigured when it is no backup."""
    with _Archive(archive) as tar:
        return _manifest(archive, tar)


def unpack(archive: Path, folder: Path, progress: Progress) -> Manifest:
    """Unpacks a backup into an empty folder and checks every byte against the manifest.

    Raises Misconfigured when the file is no backup, is cut off, or was changed.
    """
    with _Archive(archive) as tar:
        manifest = _manifest(archive, tar)
        done, all_ = 0, sum(size for size, _ in manifest.files.values())
        for name, (size, digest) in manifest.files.items():
            member = tar.next()
            if member is None or member.name != name or not member.isreg() or member.size != size:
                raise _damaged(archive, f"{name} is missing or is not as the manifest says")
            target = folder / _safe(archive, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None, "a regular member has content"
            if _copied(source, target) != digest:
                raise _damaged(archive, f"{name} is not as it was written")
            done += size
            progress(done, all_)
        return manifest


class _Archive:
    """An open backup; what the libraries raise over damaged bytes becomes one fault."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tarfile.TarFile:
        self._file = self._path.open("rb")
        try:
            stream = zstandard.ZstdDecompressor().stream_reader(self._file)
            return tarfile.open(fileobj=stream, mode="r|")
        except (tarfile.TarError, zstandard.ZstdError):
            self._file.close()
            raise _damaged(self._path, "it is no backup") from None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._file.close()
        if isinstance(error, tarfile.TarError | zstandard.ZstdError | EOFError):
            raise _damaged(self._path, "it ends too early, or was changed") from None


def _manifest(archive: Path, tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    if member is None or member.name != _MANIFEST or member.size > _MANIFEST_BYTES_MAX:
        raise _damaged(archive, "it is no backup")
    source = tar.extractfile(member)
    assert source is not None, "a regular member has content"
    try:
        told: dict[str, Any] = json.loads(source.read())
        version = told.pop("crossdock_backup")
        files = {name: (int(size), str(digest)) for name, (size, digest) in told.pop("files").items()}
        manifest = Manifest(**told, files=files)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _damaged(archive, "it is no backup") from None
    if version != _VERSION:
        raise Misconfigured(
            f"this backup is of kind {version}", file=str(archive), fix="restore it with the hub that made it"
        )
    return manifest


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, content)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copied(source: IO[bytes], target: Path) -> str:
    """Copies, syncs, and gives the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _safe(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if not name.startswith((STORE, SITE)) or ".." in path.parts or path.is_absolute():
        raise _damaged(archive, f"{name!r} is no name of a member")
    return path


def _damaged(archive: Path, says: str) -> Misconfigured:
    return Misconfigured(f"this backup cannot be used: {says}", file=str(archive), fix="take an older one")


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: what was put in place there is there after a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
