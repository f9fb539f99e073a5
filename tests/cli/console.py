"""Commands run as a person types them, and what came back; a hub with its warehouse for those that need one."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from typer.main import get_command
from typer.testing import CliRunner

from crossdock.cli.main import app
from tests.harness.ports import free_port
from tests.harness.process import ROOT, Process

#: Built once: to build it takes longer than most commands, and a runner that is given `app` does so each time.
COMMAND = get_command(app)


@dataclass(frozen=True)
class Said:
    """The end of a command."""

    code: int
    out: str
    err: str

    @property
    def tree(self) -> Any:
        """What it said, as JSON."""
        return json.loads(self.out)


def crossdock(*words: object, stdin: str | bytes | None = None, env: dict[str, str] | None = None) -> Said:
    """Runs `crossdock WORDS` in this process."""
    clean = {
        "CROSSDOCK_SITE": None,
        "CROSSDOCK_KEY": None,
        "CROSSDOCK_LISTEN": None,
        "COLUMNS": "120",
        **(env or {}),
    }
    code: str | int | None = 0
    with CliRunner().isolation(input=stdin, env=clean) as (out, err, _):
        try:
            COMMAND.main(args=[str(word) for word in words], prog_name="crossdock")
        except SystemExit as end:
            code = end.code or 0
        finally:
            structlog.reset_defaults()  # `up` logs to a stream that ends with this call
            sys.stdout.flush()
            sys.stderr.flush()
        assert isinstance(code, int), code
        return Said(code, out.getvalue().decode(), err.getvalue().decode())


class Running:
    """A new site with its warehouse and its hub, as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        assert crossdock("init", self.site).code == 0
        self.url = f"http://127.0.0.1:{free_port()}"
        self._warehouse_port = free_port()
        charter = self.site / "charter.yaml"
        charter.write_text(charter.read_text("utf-8").replace("9100", str(self._warehouse_port)), "utf-8")
        built = [str(ROOT / ".venv" / "bin" / "crossdock")]
        command = built if Path(built[0]).exists() else [sys.executable, "-m", "crossdock.cli.main"]
        listen = self.url.removeprefix("http://")
        self.hub = Process([*command, "up", "--site", str(self.site), "--listen", listen], folder / "hub.log")
        warehouse = [sys.executable, "-c", _WAREHOUSE, str(self.site), str(self._warehouse_port)]
        self.warehouse = Process(warehouse, folder / "warehouse.log")

    async def start(self) -> None:
        """Both, ready."""
        await self.warehouse.start()
        await self.hub.start()

    async def stop(self) -> int:
        """Ends both; the hub's exit status."""
        code = await self.hub.stop()
        await self.warehouse.kill()
        return code


#: The warehouse of the first site, which says nothing by itself when it listens.
_WAREHOUSE = """
import sys
sys.path.insert(0, sys.argv[1])
import warehouse
server = warehouse.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), warehouse.Warehouse)
print('{"ready": true}', flush=True)
server.serve_forever()
"""
