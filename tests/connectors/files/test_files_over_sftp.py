"""The same hub with its folders on a real OpenSSH server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.connectors.files.files_site import CHARTER, stand
from tests.peers.cache import NotToBeHadError
from tests.peers.sshd import Sshd


async def test_folders_on_a_server_work_like_folders_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        server = Sshd()
        server.__enter__()
    except NotToBeHadError as error:
        pytest.skip(f"no OpenSSH server here: {error}")
    try:
        boxes = {name: server.folder(name) for name in ("in", "out", "archive", "failed")}
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "ssh").write_text(server.client_key, "utf-8")
        root = os.path.commonpath([str(path) for path in boxes.values()])
        names = "".join(
            f", {box}: '{Path(path).relative_to(root)}'"
            for box, path in zip(("inbox", "outbox", "archive", "failed"), boxes.values(), strict=True)
        )
        remote = (
            f"folder: '{root}', host: {server.host}, port: {server.port}, user: {server.user}, key: ssh,"
            f" host_keys: ['{server.host_key}'], settled_s: 0{names}"
        )
        charter = CHARTER.replace("site: {", 'network: {allow: ["127.0.0.0/8"]}\nsite: {', 1)
        charter = charter.replace("    folder: exchange/erp\n    settled_s: 0\n", "".join(
            f"    {line.strip()}\n" for line in remote.split(", ")
        ))  # fmt: skip
        secrets = {"ssh": server.client_key}
        async with stand(tmp_path, charter, secrets=secrets) as world:
            inbox = Path(boxes["in"])
            (inbox / ".items.part").write_text("sku,unit\nA-1,EA\nB-2,bad,unit\n", "utf-8")
            (inbox / ".items.part").rename(inbox / "items.csv")
            await world.until(lambda: world.sent() == ["item-A-1.xml"], "the item")
            failed = Path(boxes["failed"])
            await world.until(lambda: (failed / "items.csv.report.txt").exists(), "the report")
            assert (failed / "items.csv").exists()
            assert "1 of 2 item taken" in (failed / "items.csv.report.txt").read_text("utf-8")
    finally:
        server.__exit__(None, None, None)
