"""Every route of /openapi.json asked with what its description allows and does not, as each role and as nobody.

`python -m tests.fuzz.openapi --tool PATH/TO/schemathesis --seconds 20`; ends with 1 where an answer is a 5xx, is not as
described, or is given without a key.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.console.world import World, world

ROLES = ("nobody", "system", "observer", "operator", "approver", "admin")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "ignored_auth", "missing_required_header", "unsupported_method",
)  # fmt: skip


async def main() -> int:
    """Runs the tool once for each role; gives how many roles found something."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=20, help="for each role")
    parser.add_argument("--role", choices=ROLES, action="append")
    given = parser.parse_args()
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        stock = {"sites": {"RENO": {"system": "wms-reno"}}}
        async with world(Path(folder), more={"stock": stock}) as w:
            await w.a_day()
            await w.settled()
            for role in given.role or ROLES:
                print(f"== as {role}", flush=True)
                found += await _run(w, role, given.tool, given.seconds) != 0
    print(f"{found} of {len(given.role or ROLES)} roles found something", flush=True)
    return found


async def _run(w: World, role: str, tool: Path, seconds: int) -> int:
    system = "webshop" if role == "system" else None
    key = None if role == "nobody" else w.key(f"fuzz {role}", role, system)
    as_role = ["--header", f"Authorization: Bearer {key}"] if key else []
    process = await asyncio.create_subprocess_exec(
        str(tool), "run", f"{w.url}/openapi.json", "--checks", ",".join(CHECKS), "--continue-on-failure",
        "--max-time", str(seconds), "--phases", "examples,coverage,fuzzing", "--no-color", "--warnings", "off",
        "--suppress-health-check", "all", "--generation-deterministic", *as_role,
    )  # fmt: skip
    return await process.wait()


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
